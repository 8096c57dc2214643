#!/bin/bash
# The lecture's network, 20 epochs: on MNIST with raw inputs 0.950 to 0.975 (the lecture printed 0.9623), with inputs in [0, 1] at least
# 0.975; on the embedded digits 0.96 to 0.99.
# ctest: slow timeout 3000 no-sanitizer (it would take hours)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"

# between LOW HIGH argument...: the test accuracy of the lecture's config
between() {
    low=$1 high=$2
    shift 2
    rm -rf results
    expect 0 "$RUNNER" "$RUNNER_SOURCE_DIR/configs/lecture.yaml" "$@"
    accuracy=$(tail -qn 1 results/*/trials.csv | cut -d , -f 12)
    echo "$* $accuracy"
    awk -v x="$accuracy" -v low="$low" -v high="$high" 'BEGIN { exit !(x >= low && x <= high) }' ||
        fail "test accuracy $accuracy, wanted $low to $high: $*"
}

between 0.96 0.99 dataset=digits
[ -r "$RUNNER_SHARED/data/mnist" ] || {
    echo "skipped: no MNIST in \$RUNNER_SHARED/data/mnist"
    exit 77
}
export RUNNER_DATA=$RUNNER_SHARED/data
between 0.950 0.975
between 0.975 1 'dataset.mnist.scale="= 1/255"'
