#!/bin/bash
# A signal is answered wherever a run stands (opening plugins, reading data, planning, waiting for a lock, training, drawing the report): the
# first ends it in good order, with 128 + its number and word of how to go on; the second at once.
# ctest: timeout 600
# ctest: no-thread-sanitizer (the threads of its trials are those of other tests)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
small grid 60
tables="config.yaml points.csv trials.csv epochs.csv summary.csv timing.csv manifest.json"

# begin COMMAND...: in the background, with the signals as a terminal's foreground has them; sets `pid`
begin() {
    : >out 2>err # what the last one said is gone
    env --default-signal=INT,TERM,HUP "$@" >out 2>err &
    pid=$!
}
# until_true CONDITION...: while the run is there
until_true() {
    until "$@"; do
        kill -0 "$pid" 2>/dev/null || { cat err >&2; fail "ended before: $*"; }
        sleep 0.05
    done
}
# ends STATUS TEXT...: the exit status, and what it said
ends() {
    wanted=$1
    shift
    wait "$pid"
    found=$?
    [ $found = "$wanted" ] || { cat err >&2; fail "exit status $found instead of $wanted"; }
    says err "$@"
}
# answered: the first signal has arrived; from then on none is caught
answered() {
    [ $((0x$(awk '/^SigCgt/ { print $2 }' "/proc/$pid/status") & 0x4003)) = 0 ]
}

# Before there is a results folder.
cat >hang.c <<END
#include <fcntl.h>
#include <unistd.h>
__attribute__((constructor)) static void hang(void) { close(creat("$PWD/in_constructor", 0600)); for (;;) pause(); }
END
mkdir hang
"${CC:-cc}" -shared -fPIC -o hang/hang.so hang.c || fail "cannot build"
begin "$RUNNER" grid.yaml --plugin-dir hang
until_true [ -e in_constructor ]
kill -INT "$pid"
ends 130 "interrupted by SIGINT before anything was trained; run again to begin"
export RUNNER_PLUGIN_PATH=$plugins/hang_before
begin "$RUNNER" grid.yaml dataset=hang_open --json
until_true [ -e in_open ]
kill -TERM "$pid"
ends 143 "interrupted by SIGTERM before anything was trained"
tail -n 1 out | grep -q '"event":"end".*"exit_status":143,"message":"interrupted by SIGTERM' || fail "no event"
begin "$RUNNER" grid.yaml optimizer=hang_plan
until_true [ -e in_plan ]
kill -HUP "$pid"
ends 129 "interrupted by SIGHUP before anything was trained"
unset RUNNER_PLUGIN_PATH
[ ! -e results ] || fail "a folder before anything was trained"

# While another runner has the folder.
mkdir -p results/grid
mkfifo unlock
flock results/grid/.lock sh -c ': >locked; read -r _ <unlock' &
pid=$!
until_true [ -e locked ]
holder=$pid
begin "$RUNNER" grid.yaml --wait
until_true grep -q "waiting for the runner" err
kill -INT "$pid"
ends 130 "interrupted by SIGINT before anything was trained"
echo >unlock
wait "$holder"

# While it trains, where the last trial never ends; what has ended is kept, and all tables are there.
cat >endless.yaml <<'END'
experiment: endless
dataset: {digits: {train: 300, test: 50}}
model: [{dense: {units: 10, activation: softmax}}]
loss: categorical_crossentropy
train: {batch_size: 50, epochs: 2}
grid: {optimizer: {first: sgd, second: adam, endless: {hang_step: {at: 9}}}}
END
export RUNNER_PLUGIN_PATH=$plugins/hang_step
# kept: all that was there is
kept() {
    for table in $tables; do
        [ -s "results/endless/$table" ] || fail "no $table"
    done
    [ "$(grep -c ',done,' results/endless/trials.csv)" = 2 ] || fail "not two trials in trials.csv"
    [ "$(wc -l <results/endless/trials.csv)" = 3 ] || fail "more than two trials in trials.csv"
}
for signal in INT:130 HUP:129 TERM:143 USR1:138 USR2:140 ALRM:142 XCPU:152; do
    begin "$RUNNER" endless.yaml --workers 1 --fresh
    until_true grep -q '^\[2/3\]' err
    kill -"${signal%:*}" "$pid"
    ends "${signal#*:}" "interrupted by SIG${signal%:*}" "1 of 3 trials are not finished; run again to go on"
    kept
done

# A terminal that is closed.
if command -v script >/dev/null; then
    rm -r results
    script -qfc "echo \$\$ >terminal.pid; exec env --default-signal=HUP '$RUNNER' endless.yaml --workers 1" typescript >/dev/null 2>&1 &
    pid=$!
    two_done() { [ "$(grep -cs '"status":"done"' results/endless/journal.jsonl)" = 2 ]; }
    until_true two_done
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null
    while kill -0 "$(cat terminal.pid)" 2>/dev/null; do sleep 0.05; done
    kept
fi
expect 1 "$RUNNER" endless.yaml time_limit="2 s"
says err "2 of 3 trials are finished"
unset RUNNER_PLUGIN_PATH

# While the report is drawn, when all has ended: it is finished; a second signal does not wait for it.
mkdir bin
mkfifo go
cat >bin/gnuplot <<END
#!/bin/sh
mkdir "$PWD/drawing" 2>/dev/null || exit 1
read -r _ <"$PWD/go"
END
chmod +x bin/gnuplot
small short 2
rm -r results
begin env PATH="$PWD/bin:$PATH" "$RUNNER" short.yaml
until_true [ -e drawing ]
kill -TERM "$pid"
until_true answered
echo >go
ends 143 "interrupted by SIGTERM when training had ended; all tables are written"
[ -s results/short/report.html ] || fail "no report"
rmdir drawing
begin env PATH="$PWD/bin:$PATH" "$RUNNER" short.yaml
until_true [ -e drawing ]
kill -INT "$pid"
until_true answered
kill -TERM "$pid"
wait "$pid"
status=$?
echo >go
[ $status = 143 ] || fail "exit status $status instead of 143 after two signals"
expect 0 "$RUNNER" short.yaml
says err "nothing to train"

# What is to be ignored stays so.
: >err
( trap '' HUP; exec "$RUNNER" short.yaml --fresh >out 2>err ) &
pid=$!
until_true grep -q '^\[1/' err
kill -HUP "$pid"
ends 0 '[6/6]'
