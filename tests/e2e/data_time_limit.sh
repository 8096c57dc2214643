#!/bin/bash
# A data set that is never read ends the run when its time is over, whoever asks for it first: the plan, or arithmetic in the config.
# ctest: no-thread-sanitizer (what it looks at is one thread)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
export RUNNER_PLUGIN_PATH=$plugins/hang_before
cat >never.yaml <<'END'
experiment: never
dataset: hang_open
model: [{dense: {units: 10, activation: softmax}}]
loss: categorical_crossentropy
optimizer: sgd
train: {batch_size: full, epochs: 1}
data_time_limit: 1 s
END
for command in run check; do
    expect 2 "$RUNNER" $command never.yaml
    says err "never.yaml:2:10: error: the data set hang_open was not read within 1 second (data_time_limit)"
done
expect 2 "$RUNNER" never.yaml train.epochs="= train.batch_size" data_time_limit=1.5
says err "the data set hang_open was not read within 1.5 seconds (data_time_limit)"
[ ! -e results ] || fail "a folder before anything was trained"

# It belongs to no trial, and config.yaml has it where it is not the default.
small grid 1
expect 0 "$RUNNER" grid.yaml -q
! grep -q data_time_limit results/grid/config.yaml || fail "a default in config.yaml"
expect 0 "$RUNNER" grid.yaml data_time_limit="2 h"
says err "nothing to train"
says results/grid/config.yaml "data_time_limit: 7200.0"
expect 2 "$RUNNER" grid.yaml data_time_limit=soon
says err "data_time_limit is soon; wanted the time of reading a data set"
