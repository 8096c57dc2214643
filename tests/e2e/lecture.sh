#!/bin/bash
# The lecture's listing on a part of MNIST: the run ends with the lecture's two lines. lecture_whole.sh trains all of it.
# ctest: no-sanitizer (other tests read such files and train such networks, of less work)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
[ -r "$RUNNER_SHARED/data/mnist" ] || {
    echo "skipped: no MNIST in \$RUNNER_SHARED/data/mnist"
    exit 77
}
export RUNNER_DATA=$RUNNER_SHARED/data
part="dataset.mnist.train=3000 dataset.mnist.test=500 train.epochs=2"
# shellcheck disable=SC2086 # several words
expect 0 "$RUNNER" "$RUNNER_SOURCE_DIR/configs/lecture.yaml" $part
trials=$(echo results/lecture*/trials.csv)
head -n 1 "$trials" | grep -qx 'trial,id,seed,status,reason,stopped_by,epochs,updates,train_loss,train_accuracy,test_loss,test_accuracy' ||
    fail "header of trials.csv"
grep -q ',0,done,,epochs,2,60,' "$trials" || fail "not 60 updates"
loss=$(tail -n 1 "$trials" | cut -d , -f 11)
accuracy=$(tail -n 1 "$trials" | cut -d , -f 12)
says out "Total loss on Testing Set: $(printf %.4f "$loss")" "Accuracy of Testing Set: $(printf %.4f "$accuracy")"
awk -v x="$accuracy" 'BEGIN { exit !(x > 0.7) }' || fail "accuracy $accuracy: it has hardly learnt"
# shellcheck disable=SC2086
expect 0 "$RUNNER" "$RUNNER_SOURCE_DIR/configs/lecture.yaml" $part 'dataset.mnist.scale="= 1/255"'
