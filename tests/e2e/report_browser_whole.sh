#!/bin/bash
# The report of every shipped config, of few rows, seeds and epochs, looked at in a browser. Those on MNIST need its files.
# ctest: slow timeout 900
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
. "$RUNNER_SOURCE_DIR/tests/e2e/lib_browser.sh"
[ ! -r "$RUNNER_SHARED/data/mnist" ] || export RUNNER_DATA=$RUNNER_SHARED/data

for config in "$RUNNER_SOURCE_DIR"/configs/*.yaml; do
    name=$(basename "$config" .yaml)
    dataset=$(sed -n 's/^dataset: {\{0,1\}\([a-z0-9]*\).*/\1/p' "$config")
    rows="dataset.$dataset.train=300 dataset.$dataset.test=100"
    [ "$dataset" != mnist ] || [ -n "${RUNNER_DATA-}" ] || {
        echo "left out: $name, which needs MNIST in \$RUNNER_SHARED/data/mnist"
        continue
    }
    [ "$name" != mnist_batchsize ] || rows="$rows dataset.mnist.validation=50"
    # shellcheck disable=SC2086 # several words
    expect 0 "$RUNNER" "$config" $rows train.epochs=3 seeds=5
    measure_run results/"$name",*
    echo "$name: $pictures pictures"
done
