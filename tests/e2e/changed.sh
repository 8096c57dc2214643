#!/bin/bash
# A plugin or a data file that has changed makes other trials of those that use it, and only of those; the user is told why they train
# again.
# ctest: no-thread-sanitizer (the threads of its trials are those of other tests)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
mkdir own
cp "$RUNNER_BUILD_DIR/plugins/optimizers/adam.so" own/
small grid 1
sed -i 's/^grid:/grid:\n  optimizer: [adam, sgd]/' grid.yaml
expect 0 "$RUNNER" grid.yaml --plugin-dir own
! grep -q "train again" err || fail "told of changes in a first run"
expect 0 "$RUNNER" grid.yaml --plugin-dir own
says err "nothing to train"
cp -r results before
printf x >>own/adam.so
expect 0 "$RUNNER" grid.yaml --plugin-dir own
says err "6 of 12 trials are finished; training the other 6" "6 trials had ended and train again, since what they depend on has changed:" \
    "optimizer adam is another file: recorded with"
same before/grid results/grid
# An edited grid trains what is new, and nothing has changed.
sed -i 's/batch_size: \[7, 32, full\]/batch_size: [7, 16, full]/' grid.yaml
expect 0 "$RUNNER" grid.yaml --plugin-dir own
says err "8 of 12 trials are finished; training the other 4"
! grep -q "train again" err || fail "told of changes that are none"

# Another version of the engine's numbers: all train again.
mkdir other
cp "$RUNNER" other/runner
cp "$RUNNER_BUILD_DIR/tests/other_engine/runner-worker" other/
ln -s "$RUNNER_BUILD_DIR/plugins" other/plugins
expect 0 other/runner grid.yaml --plugin-dir own
says err "12 trials had ended and train again, since what they depend on has changed:" \
    "the version of the engine's numbers: recorded with"
! grep -q "is another file" err || fail "told of plugins that are the same"
expect 0 "$RUNNER" grid.yaml --plugin-dir own
says err "nothing to train" # the journal has both

# A data file with other content: other trials, whatever it is called.
awk -v OFS=, 'BEGIN { print "x,y,kind"; for (i = 0; i < 40; i++) print i % 7, i % 5, i % 2 }' >table.csv
cat >table.yaml <<'END'
dataset: {csv: {path: table.csv, label: kind}}
model: [{dense: {units: 2, activation: softmax}}]
loss: categorical_crossentropy
optimizer: sgd
train: {batch_size: 10, epochs: 1}
seeds: 2
END
expect 0 "$RUNNER" table.yaml
cp table.csv before.csv
echo 3,3,1 >>table.csv
expect 0 "$RUNNER" table.yaml
says err "2 trials" "other than in the last run in this folder:" "the data set csv is another, or holds other data: its hash is"
expect 0 "$RUNNER" table.yaml
says err "nothing to train"
mv before.csv table.csv
expect 0 "$RUNNER" table.yaml
says err "nothing to train" # content counts, not times

# One that changes while it is read is no data set at all.
echo grows >grows.txt
export RUNNER_PLUGIN_PATH=$plugins/change_data
sed 's/{csv: .*/{change_data: {path: grows.txt}}/' table.yaml >grows.yaml
expect 2 "$RUNNER" grows.yaml
says err "grows.yaml:1:" "grows.txt has changed while the data set was read; run again when nothing writes to it"
[ ! -e results/grows ] || fail "a folder before anything was trained"
