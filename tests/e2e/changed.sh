#!/bin/bash
# A plugin or a data file that has changed makes other trials of those that use it, and only of those; the user is told why they train
# again.
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
