#!/bin/bash
# --retry N trains a trial that fails again, N times at most; --fail-fast stops at the first; a limit that is raised costs no trial.
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
cat >fails.yaml <<'END'
experiment: fails
dataset: {digits: {train: 300, test: 50}}
model: [{dense: {units: 10, activation: softmax}}]
loss: categorical_crossentropy
train: {batch_size: 50, epochs: 2}
optimizer: sgd
grid: {optimizer: {a: sgd, bad: abort_step, c: {sgd: {momentum: 0.5}}}}
END
export RUNNER_PLUGIN_PATH=$plugins/abort_step
attempts() {
    grep -c '"reason":"SIGABRT"' results/fails/journal.jsonl
}
expect 1 "$RUNNER" fails.yaml --workers 1 --retry 3 -q
[ "$(attempts)" = 4 ] || fail "$(attempts) attempts instead of 4"
says results/fails/journal.jsonl '"attempts":4'
[ "$(wc -l <results/fails/trials.csv)" = 4 ] || fail "not 3 trials"
expect 1 "$RUNNER" fails.yaml
says err "nothing to train"
expect 1 "$RUNNER" fails.yaml --retry -q
[ "$(attempts)" = 6 ] || fail "$(attempts) attempts instead of 6"
expect 1 "$RUNNER" fails.yaml --retry=1 -q
[ "$(attempts)" = 8 ] || fail "$(attempts) attempts instead of 8"
# For programs: each attempt begins, and the trial ends once.
expect 1 "$RUNNER" fails.yaml --workers 1 --retry 2 --json -q
[ "$(grep -o '"trial_start".*"attempt":[0-9]' out | sed 's/.*://' | tr -d '\n')" = 123 ] || fail "attempts: $(cat out)"
[ "$(grep -c '"trial_end"' out)" = 1 ] || fail "a trial that was tried again has other than one end: $(cat out)"
expect 2 "$RUNNER" fails.yaml --retry=x
says err "--retry x: wanted a number"
sed -i "/^grid:/d" fails.yaml

cat >stop.yaml <<'END'
include: fails.yaml
experiment: stop
grid: {train.epochs: [3, 2, 1], optimizer: [abort_step, sgd]}
END
expect 1 "$RUNNER" stop.yaml --workers 1 --fail-fast
says err "stopped by --fail-fast: trial 1 (epochs=3 optimizer=abort_step) failed: SIGABRT" "5 of 6 trials are not finished"
expect 1 "$RUNNER" stop.yaml --workers 1
says err "1 of 6 trials are finished; training the other 5"

# Limits change no trial that keeps them: raising one, here or in the config, trains nothing again.
expect 0 "$RUNNER" fails.yaml optimizer.sgd.momentum=0.1 -q
expect 0 "$RUNNER" fails.yaml optimizer.sgd.momentum=0.1 time_limit="1 h" memory_limit=2GB
says err "nothing to train"
expect 2 "$RUNNER" fails.yaml time_limit=soon memory_limit=-1
says err "time_limit is soon; wanted the time of a trial" "memory_limit is -1; wanted the memory of a trial"
