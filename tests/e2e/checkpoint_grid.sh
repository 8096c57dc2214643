#!/bin/bash
# A grid of optimizers and orders that is killed again and again, whoever it hits, and goes on with other numbers of workers and threads, ends in
# the bytes of an undisturbed run: layers with statistics and noise, callbacks that remember and restore, saved weights.
# ctest: timeout 600
# ctest: no-sanitizer (every start takes long there; unit/train/checkpoint covers the state)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
cat >grid.yaml <<'END'
experiment: grid
dataset: {digits: {train: 300, test: 60, validation: 0.2}}
model:
  - dense: {units: 16, activation: relu}
  - batch_normalization
  - dropout: {rate: 0.2}
  - dense: {units: 10, activation: softmax}
loss: categorical_crossentropy
metrics: [accuracy]
callbacks:
  - early_stopping: {patience: 4, restore_best_weights: true}
  - reduce_lr_on_plateau: {patience: 1, min_delta: 0.01}
train: {batch_size: 10, epochs: 16, checkpoint: 13 updates}
save: [2, best, last]
grid:
  optimizer:
    momentum: {sgd: {momentum: 0.9, nesterov: true}}
    amsgrad: {adam: {amsgrad: true, learning_rate: {cosine_decay: {initial_learning_rate: 0.01, decay_steps: 200}}}}
    adamw: adamw
    lion: lion
    nadam: nadam
    adafactor: adafactor
  train.shuffle: [each_epoch, once, never]
END
expect 0 "$RUNNER" grid.yaml --results whole --workers 2 --threads 1 train.checkpoint=null
mv 'whole/grid,train.checkpoint=null' whole/grid

checkpoint_written() { # since the stamp
    for file in results/grid/checkpoints/*.checkpoint; do
        [ "$file" -nt stamp ] && return
    done
    return 1
}
resumed=0 killed=0
shoot() { # PID: once the next checkpoint is there
    : >stamp
    while kill -0 $pid 2>/dev/null && ! checkpoint_written; do
        pause 0.01
    done
    pause "0.0$((RANDOM % 10))"
    kill -9 "$1" 2>/dev/null && killed=$((killed + 1))
}
for i in $(seq 10); do
    "$RUNNER" grid.yaml --retry --workers $((1 + i % 2)) --threads $((1 + i / 2 % 2)) >out 2>err &
    pid=$!
    if [ $((i % 3)) = 0 ]; then
        while kill -0 $pid 2>/dev/null && [ -z "$(pgrep -P $pid)" ]; do
            pause 0.01
        done
        shoot "$(pgrep -P $pid | tail -1)"
    fi
    shoot $pid
    wait $pid 2>/dev/null
    resumed=$((resumed + $(grep -c ': resumed at epoch ' err)))
    ! grep 'of no use' err || fail "a checkpoint was of no use"
done
expect 0 "$RUNNER" grid.yaml --retry
resumed=$((resumed + $(grep -c ': resumed at epoch ' err)))
echo "$killed kills, $resumed trials resumed"
[ $resumed -ge 3 ] || fail "only $resumed trials went on from a checkpoint"
sed -i 's/^  checkpoint: .*/  checkpoint: null/' results/grid/config.yaml
same whole/grid results/grid
diff -r whole/grid/weights results/grid/weights || fail "the weights differ"
[ ! -e results/grid/checkpoints ] || fail "checkpoints stay: $(ls results/grid/checkpoints)"
