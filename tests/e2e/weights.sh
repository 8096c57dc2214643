#!/bin/bash
# Weights in files: what is saved, that the same run saves the same bytes, and that training goes on from them.
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
cat >a.yaml <<'YAML'
experiment: a
dataset: {digits: {train: 600, test: 100, validation: 0.1}}
model:
  - dense: {units: 20, activation: relu}
  - batch_normalization
  - dense: {units: 10, activation: softmax}
loss: categorical_crossentropy
optimizer: {adam: {learning_rate: 0.01}}
metrics: [accuracy]
train: {epochs: 8}
seeds: 2
save: [0, 3, best, last]
YAML
expect 0 "$RUNNER" a.yaml --workers 1
expect 0 "$RUNNER" a.yaml --workers 2 --results again
same results/a again/a
diff -r results/a/weights again/a/weights || fail "the same run saves other bytes"
head -1 results/a/trials.csv | grep -q ',best_epoch,' || fail "no best_epoch"
tail -n +2 results/a/trials.csv | while IFS=, read -r _ id _ _ _ _ _ _ best _; do
    for epoch in 0 3 8 "$best"; do
        [ -s "results/a/weights/$id-epoch-$epoch.npz" ] || fail "no weights of $id, epoch $epoch"
    done
done || exit 1
unzip -tq "$(ls results/a/weights/*-epoch-0.npz | head -n 1)" >out 2>&1 || command -v unzip >/dev/null && says out "No errors"

# Begun with the weights of epoch 0 a trial is the one that was begun with its own; the epoch before training shows what was read.
first=$(sed -n 2p results/a/trials.csv | cut -d, -f2)
cp "results/a/weights/$first-epoch-0.npz" start.npz
cp "results/a/weights/$first-epoch-3.npz" third.npz
sed 's/^save.*/init: {file: start.npz}/; s/^experiment.*/experiment: b/; s/^seeds.*/seeds: [0]/' a.yaml >b.yaml
expect 0 "$RUNNER" b.yaml
cut -d, -f3- results/b/epochs.csv >b.csv
grep '^[a-z]\|^1,' results/a/epochs.csv | cut -d, -f3- >a.csv
cmp a.csv b.csv || fail "the same weights train to something else"
expect 0 "$RUNNER" b.yaml init.file=third.npz train.epochs=0
[ "$(tail -n 1 results/b,init*/epochs.csv | cut -d, -f9-)" = "$(grep '^1,0,3,' results/a/epochs.csv | cut -d, -f9-)" ] ||
    fail "the weights of epoch 3 evaluate to something else"

# The content is what counts: another file under the name is another trial, the same file elsewhere is not.
cp start.npz moved.npz
sed -i 's/start.npz/moved.npz/' b.yaml
expect 0 "$RUNNER" b.yaml
says err "nothing to train"
cp third.npz moved.npz
expect 0 "$RUNNER" b.yaml
! grep -q "nothing to train" err || fail "other weights are taken for the same trial"

# What does not fit is told before anything trains, name by name.
expect 2 "$RUNNER" b.yaml model.0.dense.units=21
says err "b.yaml:12:" "does not fit the model; of another shape: dense_1/kernel (784, 20) instead of (784, 21)"
expect 2 "$RUNNER" b.yaml 'model=[{dense: {units: 10, activation: softmax, name: out}}]'
says err "missing: out/kernel (784, 10), out/bias (10,)" "not in the model: dense_1/kernel, dense_1/bias"
head -c 1000 moved.npz >torn.npz
expect 2 "$RUNNER" b.yaml init.file=torn.npz
says err "torn.npz"
expect 2 "$RUNNER" a.yaml dataset.digits.validation=0
says err "a.yaml:12:7: error: save is best, but there are no validation rows"
exit 0
