#!/bin/bash
# `runner evaluate`: the weights that a trial has saved have the metrics that the trial ended with.
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
cat >a.yaml <<'YAML'
experiment: a
dataset: {digits: {train: 600, test: 100, validation: 0.1}}
model:
  - dense: {units: 20, activation: relu}
  - batch_normalization
  - dropout: {rate: 0.2}
  - dense: {units: 10, activation: softmax}
loss: categorical_crossentropy
optimizer: {adam: {learning_rate: 0.01}}
metrics: [accuracy]
callbacks: [{early_stopping: {patience: 3, monitor: val_loss}}]
train: {batch_size: 32, epochs: 4, evaluate_train: true}
grid:
  train.batch_size: [20, 50]
seeds: [3, 5]
save: last
targets: {val_accuracy: 0.5}
YAML
expect 0 "$RUNNER" a.yaml
# column NAME ROW: of trials.csv
column() {
    awk -F, -v name="$1" -v row="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i }
        NR == 1 + row { print $c }' results/a/trials.csv
}
[ "$(column seed 3)" = 3 ] || fail "another order of trials"
cp results/a/weights/"$(column id 3)"-epoch-*.npz last.npz
mv results kept
mkdir kept.tmp
expect 0 env TMPDIR="$PWD/kept.tmp" "$RUNNER" evaluate a.yaml --weights last.npz train.batch_size=50
rmdir kept.tmp || fail "something was left in the temporary folder"
[ ! -e results ] || fail "results were written"
mv kept results
awk '{ $1 = $1; print }' out >found
{
    echo "split loss accuracy"
    echo "train $(column train_eval_loss 3) $(column train_eval_accuracy 3)"
    echo "validation $(column val_loss 3) $(column val_accuracy 3)"
    echo "test $(column test_loss 3) $(column test_accuracy 3)"
} >wanted
diff wanted found || fail "the saved weights have other metrics than the trial"
grep -q '^test 0*[1-9.]' found || fail "no number"

# It is the file that is evaluated, whatever the config's own init and length of training are; no validation rows, no line.
sed 's/^save.*/init: last.npz/; /^callbacks/d; /^targets/d; s/epochs: 4/updates: 7/' a.yaml >b.yaml
cp results/a/weights/"$(column id 1)"-epoch-*.npz other.npz
expect 0 "$RUNNER" evaluate --weights=other.npz b.yaml train.batch_size=20 --threads 1
says out "$(column test_loss 1)" "$(column val_loss 1)" "$(column train_eval_accuracy 1)"
expect 0 "$RUNNER" evaluate b.yaml --weights other.npz train.batch_size=20 dataset.digits.validation=0
[ "$(cut -d' ' -f1 out | tr '\n' ' ')" = "split train test " ] || fail "other lines"

# Wrong use and files that do not fit
expect 2 "$RUNNER" evaluate a.yaml train.batch_size=50
says err "wanted the file with the weights: --weights FILE"
expect 2 "$RUNNER" evaluate a.yaml --weights last.npz
says err "the grid has 2 points" "fix train.batch_size by path=value"
expect 2 "$RUNNER" evaluate a.yaml --weights none.npz train.batch_size=50
says err "none.npz"
expect 2 "$RUNNER" evaluate a.yaml --weights last.npz train.batch_size=50 model.0.dense.units=21
says err "last.npz" "of another shape: dense_1/kernel (784, 20) instead of (784, 21)"
expect 2 "$RUNNER" evaluate a.yaml --weights last.npz train.batch_size=50 \
    'model=[{dense: {units: 10, activation: softmax, name: out}}]'
says err "missing: out/kernel (784, 10), out/bias (10,)" "not in the model: dense_1/kernel, dense_1/bias"
head -c 1000 last.npz >torn.npz
expect 2 "$RUNNER" evaluate a.yaml --weights torn.npz train.batch_size=50
says err "torn.npz"
[ ! -s out ] || fail "a table of a torn file"
exit 0
