#!/bin/bash
# Plugin files that crash, exit, hang or reach for the supervisor while they are opened cost a warning, unless the experiment uses
# them: then the error says what is wrong with the file. What a file does when it is opened reaches no trial that does without it.
# ctest: timeout 120
# ctest: no-thread-sanitizer (it catches the faults itself)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
mkdir files

plugin() { # NAME STATEMENTS: the optimizer NAME, in a file that does so when it is opened
    {
        printf '#include <signal.h>\n#include <stdint.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n'
        printf '#define FAULT "%s"\n#include "%s/tests/plugins/fault.h"\n' "$1" "$RUNNER_SOURCE_DIR"
        printf '__attribute__((constructor)) static void begin(void) { %s }\n' "$2"
    } | sed 's/^#define FAULT/static void fault(uint64_t n, float *w) { (void)n, (void)w; }\n&/' >"$1.c"
    "${CC:-cc}" -D_GNU_SOURCE -I "$RUNNER_SOURCE_DIR" -shared -fPIC -o "files/$1.so" "$1.c" || fail "cannot build $1"
}

plugin fine ''
plugin boom 'fputs("my last words\n", stderr); __builtin_trap();'
plugin leaves 'exit(0);'
plugin murders 'kill(getppid(), SIGKILL);'
# goes well once: when plugins are listed
plugin second 'if (access("opened", F_OK) == 0) __builtin_trap(); else fclose(fopen("opened", "w"));'
small grid 1
sed -i 's/train.batch_size: .*/optimizer: [sgd, adam]/' grid.yaml
expect 0 "$RUNNER" grid.yaml --results without -q
expect 1 "$RUNNER" grid.yaml optimizer="[sgd, adam, fine, second]" --plugin-dir files
says err "warning: $PWD/files/boom.so: ends the process that opens it (SIGILL; its last line was: my last words); it is left out" \
    "files/leaves.so: ends the process that opens it (exit 0)" "files/murders.so: ends the process that opens it (SIGSYS)"
trials() { # FOLDER
    grep -hE ',(sgd|adam),' "$1"/*/trials.csv "$1"/*/epochs.csv | cut -d, -f2-
}
trials without >alone.rows
trials results >beside.rows
[ "$(wc -l <alone.rows)" = 12 ] || fail "not 4 trials of 2 epochs"
cmp alone.rows beside.rows || fail "trials that use no broken plugin have other bytes"
[ "$(grep -c ',fine,.*,done,' results/*/trials.csv)" = 2 ] || fail "a good plugin beside broken ones does not work"
[ "$(grep -c ',second,.*,failed,SIGILL,' results/*/trials.csv)" = 2 ] || fail "the trials of a file that crashes later have not failed"

expect 2 "$RUNNER" grid.yaml optimizer="[boom]" --plugin-dir files
says err "unknown optimizer 'boom'; $PWD/files/boom.so: ends the process that opens it (SIGILL; its last line was: my last words); it is left out: mend or remove it"

# One that hangs has seconds, and all of them together not many more.
mkdir slow
plugin hangs 'for (;;) pause();'
mv files/hangs.so slow
cp slow/hangs.so slow/also.so
expect 0 "$RUNNER" plugins --plugin-dir slow
says err "slow/also.so: opening it came to no end within" "slow/hangs.so: opening it came to no end within"
says out adam
