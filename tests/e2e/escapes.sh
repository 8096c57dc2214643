#!/bin/bash
# Names of a config, cells of a data file, texts of a plugin and what a worker prints stay text wherever they come out: on the terminal,
# in tables for spreadsheets, in the report, in scripts for gnuplot, in words for a shell. No command runs, nothing is written elsewhere.
# ctest: no-thread-sanitizer (the threads of its trials are those of other tests)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"

# No control characters but end of line (and BYTES besides), no C1 ones, none of Unicode's ends of line and marks of direction
tame() { # FILE [BYTES]
    ! LC_ALL=C grep -aqP "[^\n -~\x80-\xff${2-}]|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]" "$1" || {
        cat -A "$1" >&2
        fail "$1 has control characters"
    }
}
# expects STATUS command...: what it prints is tame
expects() {
    expect "$@"
    tame out
    tame err
}

# A plugin whose texts turn around, which prints escapes where it is loaded and where it fails
mkdir -p loud outside
sed -e 's/goes wrong"/goes \xe2\x80\xae\xc2\x9b31m wrong"/' "$RUNNER_SOURCE_DIR/tests/plugins/fault.h" >fault.h
cat >loud.c <<'END'
#define FAULT "loud_step"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
static const char noise[] = "\033]0;taken\007\033[2J\r\xc2\x9b" "31m\xe2\x80\xaeloud\n";
__attribute__((constructor)) static void load(void) { fputs(noise, stderr); }
static void fault(uint64_t n, float *w) {
    (void)n, (void)w;
    fputs(noise, stderr);
    abort();
}
#include "fault.h"
END
"${CC:-cc}" -w -shared -fPIC -fvisibility=hidden -I. -I"$RUNNER_SOURCE_DIR" -o loud/loud.so loud.c || fail "cannot build loud.so"
export RUNNER_PLUGIN_PATH=$PWD/loud

cat >hostile.yaml <<'END'
experiment: hostile
description: "\e]0;taken\a <script>ran()</script> \u202e \u009b2J `touch ran` %s\n\\immediate\\write18{touch ran}"
dataset: {digits: {train: 60, test: 30, validation: 0.2}}
let: {rate: 0.1}
model:
  - dense: {units: 10, activation: softmax}
loss: categorical_crossentropy
optimizer: {sgd: {learning_rate: $rate}}
metrics: [accuracy]
train: {epochs: 1, batch_size: 10}
grid:
  rate:
    "=cmd|'/C calc'!A0": 0.1
    "`touch ran`": 0.2
    "'; system \"touch ran\" #": 0.3
    "\"; system(\"touch ran\"); \"": 0.4
    "<script>ran()</script><img src=x onerror=ran()>": 0.5
    "\\\\\n\\input{ran} %s%n {/:Bold e} @x": 0.6
    "\e[2J\e]0;taken\a\r": 0.7
    "\u202e\u009b31m\u2028|a|b|": 0.8
    "\t=1+1": 0.9
    "@SUM(1)": 0.11
    "-1+1": 0.12
    "+1": 0.13
    "-0.5": 0.14
    "two\nlines, \"quoted\"": 0.15
seeds: 2
claims:
  - test_accuracy(rate="=cmd|'/C calc'!A0") > test_accuracy(rate="`touch ran`")
END
expects 0 "$RUNNER" check hostile.yaml
expects 0 "$RUNNER" hostile.yaml --workers 2
says err "[28/28]"
[ "$(find results -mindepth 1 -maxdepth 1 | wc -l)" = 1 ] || fail "not one results folder"
folder=results/hostile
expects 0 "$RUNNER" hostile.yaml train.epochs=2 --results others
expects 0 "$RUNNER" table hostile.yaml
for format in markdown latex; do
    expects 0 "$RUNNER" table "$folder" --format $format --by rate
    ! grep -E '^ *\\(input|immediate)' out || fail "a name is a command of LaTeX"
    ! grep -E '(^|[^\\])<script' out || fail "a name is a mark of Markdown"
done
expects 0 "$RUNNER" verify "$folder"
expects 3 "$RUNNER" diff "$folder" others/*
expects 0 "$RUNNER" report "$folder"
expects 0 "$RUNNER" plugins
says out loud_step
expects 0 "$RUNNER" plugins loud_step
expects 1 "$RUNNER" hostile.yaml optimizer=loud_step rate=0.1 seeds=1
says err "failed (SIGABRT)"

# Tables: what a spreadsheet would work out has an apostrophe, numbers have none; the report and its scripts are text.
"$RUNNER" table "$folder" --format csv --by rate >table.csv
for file in table.csv "$folder"/*.csv; do
    ! LC_ALL=C grep -anP '(^|,)"?([=@\t\r]|[+-][^0-9i])' "$file" || fail "$file: a cell begins a formula"
    ! grep -anF ',-1+1' "$file" || fail "$file: a cell is a formula"
done
grep -qF ",'-1+1," "$folder/trials.csv" || fail "no apostrophe before -1+1"
grep -qF ",-0.5," "$folder/trials.csv" || fail "the label -0.5 is changed"
for file in "$folder"/*.html "$folder"/*.yaml "$folder"/*.json "$folder"/*.jsonl "$folder"/plots/*; do
    case $file in *.html | *.svg | *.dat) tame "$file" '\t' ;; *) tame "$file" ;; esac
done
! grep -iE '<script|<img' "$folder/report.html" "$folder"/plots/*.svg || fail "a name is a mark of HTML"
if command -v gnuplot >gnuplot.path; then
    (cd "$folder/plots" && for script in *.gp; do gnuplot "$script" || exit 1; done) || fail "gnuplot fails"
fi

# Mistakes: of a config, of a data file, of the command line
for config in '"\e[31mexperimnt": a' 'experiment: "\e]0;t\a\u202e"' '{"\0": 1}' 'include: "\e[2J.yaml"' $'experiment: \e[31m' \
    'model: [{"\e[1m\u009b": {}}]' 'grid: {"train.\e[1m": [1]}' 'let: {a: "$\e[1m"}' 'optimizer: "= \e[1m"' \
    'experiment: ../outside/x' 'experiment: "$(touch ran)"' 'let: {"`touch ran`": 1}'; do
    echo "$config" >bad.yaml
    expects 2 "$RUNNER" check bad.yaml
done
printf 'a,b\n1,\033[31mx\xe2\x80\xae\n2,1\n' >data.csv
cat >bad.yaml <<'END'
experiment: bad
dataset: {csv: {train: data.csv, target: b}}
model: [{dense: {units: 1}}]
loss: mean_squared_error
optimizer: sgd
END
sed 's/data.csv/"\\e[1m.csv"/' bad.yaml >worse.yaml
expects 2 "$RUNNER" bad.yaml
says err data.csv
expects 2 "$RUNNER" worse.yaml
says err .csv
expects 2 "$RUNNER" check hostile.yaml $'rate=\e[31m'
expects 2 "$RUNNER" $'\e[31m'

# Words for a shell's command line, where a name may not become a command
sed -i 's/^description:.*/description: $$(touch${IFS}ran)/' hostile.yaml
"$RUNNER" completion words hostile.yaml "" >words
says words "train.epochs="
"$RUNNER" completion words hostile.yaml description= >>words
! cut -f 1 words | grep '[$`;|&<>()]' || fail "a word that a shell runs is offered"
tame words '\t'

# The live view writes its own escapes alone.
if script -qec true /dev/null >typescript 2>&1 </dev/null; then
    rm -r results
    script -qec "stty rows 24 cols 100; env TERM=xterm '$RUNNER' hostile.yaml train.epochs=30 --workers 2" /dev/null </dev/null >screen 2>&1 ||
        fail "the run on a terminal"
    script -qec "'$RUNNER' table hostile.yaml train.epochs=30 --format csv" /dev/null </dev/null >>screen 2>&1
    sed -E 's/\x1b\[([0-9]*A|[KJ]|[0-9]*m)//g; s/\r//g' screen >rest
    tame rest
    says rest "[2J" "lines, " " running"
fi

[ -z "$(find . -name ran)" ] || fail "a name was run as a command"
[ -z "$(ls outside)" ] || fail "something was written elsewhere"
