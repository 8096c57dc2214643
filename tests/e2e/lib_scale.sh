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
