#!/bin/bash
# Each data set in a small config of docs/datasets.md's form, from its files to its tables; bad files end in status 2 without results.
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"

# value NAME COLUMN: the column of the last row of NAME's summary
value() {
    awk -F , -v wanted="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == wanted) column = i } END { print $column }' "results/$1/summary.csv"
}

# above NAME COLUMN BOUND
above() {
    awk -v x="$(value "$1" "$2")" -v y="$3" 'BEGIN { exit !(x != "" && x >= y) }' || fail "$1: $2 is $(value "$1" "$2"), wanted $3 or more"
}

# config NAME DATASET OUTPUTS EPOCHS RATE: a classifier with two hidden layers
config() {
    cat >"$1.yaml" <<END
experiment: $1
dataset: $2
model:
  - dense: {units: 32, activation: relu}
  - dense: {units: 32, activation: relu}
  - dense: {units: $3, activation: softmax}
loss: categorical_crossentropy
optimizer: {adam: {learning_rate: $5}}
metrics: [accuracy]
train: {batch_size: 20, epochs: $4, evaluate_every: $4}
END
}

config xor xor 2 200 0.01
expect 0 "$RUNNER" xor.yaml
above xor test_accuracy_mean 1
config spirals spirals 2 40 0.01
expect 0 "$RUNNER" spirals.yaml
above spirals test_accuracy_mean 0.9

# csv: three classes that lie apart, beside a category and an identifier
awk 'BEGIN {
    print "id,height,colour,weight,kind"
    for (i = 0; i < 150; i++) {
        kind = i % 3
        printf "n%d,%s,%s,%s,%s\n", i, i % 11 == 5 ? "NA" : 100 * kind + i % 7, kind == 1 ? "red" : "blue", 1000 - 50 * kind - i % 5, substr("ashoakelm", 3 * kind + 1, 3)
    }
}' >trees.csv
config csv '{csv: {path: trees.csv, label: kind, drop: id, categorical: colour, missing: mean, standardize: true}}' 3 20 0.01
expect 0 "$RUNNER" csv.yaml
above csv test_accuracy_mean 0.95
expect 0 "$RUNNER" check csv.yaml
says out "120 training rows" "30 test rows"
sed 's/^n77,.*/n77,tall,red,5,oak/' trees.csv >bad.csv
expect 2 "$RUNNER" csv.yaml dataset.csv.path=bad.csv experiment=bad
says err "bad.csv:79:5: column 'height' is 'tall', wanted a number"
[ ! -e results/bad ] || fail "results of a bad file"

# npz: what Python's zipfile and struct write as NumPy does
if command -v python3 >/dev/null; then
    python3 - <<'END'
import struct, zipfile
def array(archive, name, descr, shape, values):
    header = repr({'descr': descr, 'fortran_order': False, 'shape': shape}).encode()
    header += b' ' * (63 - (len(header) + 10) % 64) + b'\n'
    with archive.open(name + '.npy', 'w', force_zip64=True) as f:
        f.write(b'\x93NUMPY\1\0' + struct.pack('<H', len(header)) + header + values)
rows = [[(i * 7 + j * 3) % 5 + 20 * (i % 4 == j) for j in range(4)] for i in range(200)]
with zipfile.ZipFile('four.npz', 'w', zipfile.ZIP_DEFLATED) as archive:
    for split, part in (('train', rows[:160]), ('test', rows[160:])):
        array(archive, 'x_' + split, '|u1', (len(part), 4), bytes(sum(part, [])))
        array(archive, 'y_' + split, '<i8', (len(part),), b''.join(struct.pack('<q', i % 4) for i in range(len(part))))
with zipfile.ZipFile('quadratic.npz', 'w') as archive:
    array(archive, 'hessian', '<f8', (2, 2), struct.pack('<4d', 1, 0.25, 0.25, 0.5))
    array(archive, 'x_train', '<f8', (2, 2), struct.pack('<4d', 1, 0, -1, 0))
    array(archive, 'x_test', '<f8', (1, 2), struct.pack('<2d', 0, 0))
    array(archive, 'start', '<f8', (2,), struct.pack('<2d', 2, -2))
END
    config npz '{npz: {path: four.npz, scale: 0.05}}' 4 20 0.01
    expect 0 "$RUNNER" npz.yaml
    above npz test_accuracy_mean 0.95
    head -c 500 four.npz >cut.npz
    expect 2 "$RUNNER" npz.yaml dataset.npz.path=cut.npz experiment=cut
    says err "cut.npz: it has no end of the directory"

    # quadratic: full batch, so that t - 0 is multiplied by 1 - 0.5 H an update: from (2, -2) to (1.25, -1.75) and (0.84375, -1.46875)
    cat >file.yaml <<END
experiment: file
dataset: {quadratic: {path: quadratic.npz}}
model: [variable]
loss: quadratic
optimizer: {sgd: {learning_rate: 0.5}}
train: {batch_size: full, epochs: 2}
END
    expect 0 "$RUNNER" file.yaml
    # 0.5 t^T H t at these points: 0.5 (4 - 2 + 2), 0.5 (1.5625 - 1.09375 + 1.53125), 0.5 (0.7119140625 - 0.61962890625 + 1.07861328125)
    cut -d , -f 3,8 results/file/epochs.csv | tail -n 3 | tr '\n' ' ' >found
    [ "$(cat found)" = "0,2 1,1 2,0.58544921875 " ] || fail "found $(cat found)"
fi
cat >generated.yaml <<END
experiment: generated
dataset: {quadratic: {dimension: 20, noise: 0.1, rotate: true}}
model: [variable]
loss: quadratic
optimizer: sgd
train: {batch_size: 10, epochs: 3}
grid: {optimizer: {sgd: {sgd: {learning_rate: 0.5}}, adam: {adam: {learning_rate: 0.05}}, lion: lion}}
END
expect 0 "$RUNNER" generated.yaml
[ "$(grep -c ,done, results/generated/trials.csv)" = 3 ] || fail "a trial is not done"

# cifar10: four images of two colours in each file, found in $RUNNER_DATA
mkdir -p data/cifar10
for batch in data_batch_1 data_batch_2 data_batch_3 data_batch_4 data_batch_5 test_batch; do
    for label in 0 1 0 1; do
        printf "\\00$label"
        head -c 3072 /dev/zero | tr '\0' "$([ $label = 0 ] && echo '\040' || echo '\310')"
    done >data/cifar10/$batch.bin
done
config cifar10 cifar10 10 200 0.003
RUNNER_DATA=$PWD/data expect 0 "$RUNNER" cifar10.yaml
above cifar10 test_accuracy_mean 1
expect 2 env RUNNER_DATA="$PWD/nowhere" HOME="$PWD" XDG_CACHE_HOME="$PWD/nowhere" "$RUNNER" cifar10.yaml experiment=none
says err data_batch_1.bin RUNNER_DATA
