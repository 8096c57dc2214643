#!/bin/bash
# A plugin that crashes or exits costs its own trials; --retry trains them again.
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
cat >crash.yaml <<'END'
experiment: crash
dataset: {digits: {train: 300, test: 50}}
model: [{dense: {units: 10, activation: softmax}}]
loss: categorical_crossentropy
metrics: [accuracy]
train: {batch_size: 50, epochs: 2}
grid:
  optimizer: {adam: adam, bad: {crash_step: {at: 9}}, leaves: exit_step, sgd: sgd}
seeds: 2
END
export RUNNER_PLUGIN_PATH=$plugins/crash_step:$plugins/exit_step
expect 1 "$RUNNER" crash.yaml --workers 2
says out "2 of 2 failed"
says err "failed (SIGSEGV)" "4 of 8 trials failed; the logs in results/crash/logs/ say why"
[ "$(grep -c ',done,,epochs,2,12,' results/crash/trials.csv)" = 4 ] || fail "not all others are done"
[ "$(grep -c ',bad,.,failed,SIGSEGV,,0,0,,,,$' results/crash/trials.csv)" = 2 ] || fail "no signal in reason"
[ "$(grep -c ',leaves,.,failed,exit 0,,0,0,,,,$' results/crash/trials.csv)" = 2 ] || fail "no exit in reason"
! grep -q ',bad,' results/crash/epochs.csv || fail "a failed trial has epochs"
says results/crash/summary.csv "2,bad,0,0,2,,,,,,,,"
[ -s results/crash/logs/trial-0003.log ] || fail "no log"
cp results/crash/trials.csv before.csv

expect 1 "$RUNNER" crash.yaml
says err "nothing to train"
expect 1 "$RUNNER" crash.yaml --retry
says err "training the other 4"
cmp before.csv results/crash/trials.csv || fail "trials.csv changed"
says results/crash/journal.jsonl '"attempts":2'
