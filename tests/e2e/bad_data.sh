#!/bin/bash
# Data sets that cannot be read cost their own trials where the grid has others: those have a reason, and all other trials the bytes that
# they have without them. `check` and --fail-fast refuse such a grid, as does a run where no data set can be read.
# ctest: no-sanitizer (they catch the faults themselves)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
export RUNNER_PLUGIN_PATH=$plugins/bad_data
head -c 300 /dev/urandom >torn.csv
grid() { # NAME DATASETS
    cat >"$1.yaml" <<END
experiment: $1
dataset: {digits: {train: 300, test: 50}}
model: [{dense: {units: 10, activation: relu}}, {dense: {units: 10, activation: softmax}}]
loss: categorical_crossentropy
optimizer: sgd
metrics: [accuracy]
train: {batch_size: 50, epochs: 2}
data_time_limit: 2 s
grid: {dataset: {$2}}
seeds: 2
END
}
good='few: {digits: {train: 300, test: 50}}, more: {digits: {train: 400, test: 50}}'
bad=$(for fault in crash_open crash_read abort exit hang nan infinite; do printf '%s: {bad_data: {fault: %s}}, ' $fault $fault; done)
bad="$bad torn: {csv: {path: torn.csv}}, missing: {csv: {path: nowhere.csv}}"
grid good "$good"
grid mixed "$bad, $good"
grid bad "nan: {bad_data: {fault: nan}}, torn: {csv: {path: torn.csv}}"
expect 0 "$RUNNER" good.yaml -q
expect 1 "$RUNNER" mixed.yaml
says err "mixed.yaml:9:" "warning: the data set bad_data ended the process that read it: SIGSEGV; its 2 trials fail, all others train"
trials() { grep -hE ',(few|more),' "results/$1/trials.csv" "results/$1/epochs.csv" | cut -d, -f2-; }
trials good >good.rows
trials mixed >mixed.rows
[ "$(wc -l <good.rows)" = 16 ] || fail "not 4 trials of 3 rows"
cmp good.rows mixed.rows || fail "other trials have other bytes"
while read -r name reason; do
    [ "$(grep -cE ",$name,[01],failed,data set: $reason,,0,0," results/mixed/trials.csv)" = 2 ] ||
        fail "$name: $(grep ",$name," results/mixed/trials.csv)"
done <<END
crash_open SIGSEGV
crash_read SIGSEGV
abort SIGABRT
exit exit 0
hang time limit
nan error
infinite error
torn error
missing error
END
log_of() { printf 'results/mixed/logs/trial-%04d.log' "$(grep ",$1,0," results/mixed/trials.csv | cut -d, -f1)"; }
says "$(log_of abort)" "SIGABRT" "the last words of reading"
says "$(log_of nan)" "bad_data"
says "$(log_of missing)" nowhere.csv

# Again: nothing to train. What can be read by now is another trial, and is trained.
cp results/mixed/trials.csv before.csv
expect 1 "$RUNNER" mixed.yaml
says err "nothing to train"
cmp before.csv results/mixed/trials.csv || fail "trials.csv changed"
(echo x,label; for i in $(seq 0 59); do echo $((i * i % 7)),$((i % 10)); done) >nowhere.csv
expect 1 "$RUNNER" mixed.yaml
says err "training the other 2" "other than in the last run in this folder:" "the data set csv could not be read then: its hash is"
! grep -q "is another, or holds other data" err || fail "a data set that could not be read is told as another"
says results/mixed/manifest.json '"reason": "data set: SIGSEGV"'
says results/mixed/report.html "data: bad_data</td><td>not read</td>"
expect 0 "$RUNNER" verify results/good
for command in check "run --fail-fast"; do
    expect 2 "$RUNNER" $command mixed.yaml
    says err "error: the data set bad_data ended the process that read it: SIGSEGV"
done
expect 2 "$RUNNER" bad.yaml
[ ! -e results/bad ] || fail "a folder without a trial"
