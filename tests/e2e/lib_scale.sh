# Grids of many tiny trials, and what the supervisor takes for them.

# tiny NAME SEEDS EPOCHS: writes NAME.yaml, a grid of 10 points
tiny() {
    cat >"$1.yaml" <<END
experiment: $1
dataset: xor
model:
  - dense: {units: 4, activation: tanh}
  - dense: {units: 1, activation: sigmoid}
loss: binary_crossentropy
optimizer: sgd
metrics: [accuracy]
train: {batch_size: full, epochs: $3}
grid:
  optimizer.sgd.learning_rate: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]
seeds: $2
END
}

# points NAME N: the same with N points, a multiple of 10, and one seed
points() {
    tiny "$1" 1 1
    sed -i '/learning_rate:/d' "$1.yaml"
    {
        echo "  optimizer.sgd.momentum: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]"
        echo "  optimizer.sgd.learning_rate: [$(seq -s ', ' -f '%.0fe-6' $(($2 / 10)))]"
    } >"$1.axes"
    sed -i "/^grid:/r $1.axes" "$1.yaml"
}

# cube NAME A B C: A x B x C points of a learning rate, a batch size and units, and one seed
cube() {
    tiny "$1" 1 1
    {
        sed '/learning_rate:/d; /^seeds:/d' "$1.yaml"
        echo "  optimizer.sgd.learning_rate: [$(seq -s ', ' -f '%.0fe-4' "$2")]"
        echo "  train.batch_size: [$(seq -s ', ' "$3")]"
        echo "  model.0.dense.units: [$(seq -s ', ' "$4")]"
    } >"$1.new"
    mv "$1.new" "$1.yaml"
}

$CC -O1 -o measure "$RUNNER_SOURCE_DIR/tests/e2e/measure.c" || fail "measure.c cannot be built"

# measure ARGUMENTS...: runs the runner; sets `peak` (kB that it had in memory at most) and `written` (bytes that it gave the system
# to write), both without its workers
measure() {
    ./measure measured "$RUNNER" "$@" >out 2>err
    status=$?
    [ $status = 77 ] && exit 77
    [ $status = 0 ] || { cat out err >&2; fail "exit status $status: $*"; }
    read -r peak written <measured
    echo "$*: at most $peak kB in memory, $written bytes written"
}

# at_most A B WHAT
at_most() {
    [ "$1" -le "$2" ] || fail "$3: $1, at most $2 wanted"
}
