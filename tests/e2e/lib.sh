# Helpers of the end-to-end tests; read with `. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"`. Each test runs in a fresh folder.
set -u
unset RUNNER_PLUGIN_PATH
plugins=$RUNNER_BUILD_DIR/tests/plugins

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# expect STATUS command...: runs it with its output in out and err
expect() {
    wanted=$1
    shift
    "$@" >out 2>err
    found=$?
    [ $found = "$wanted" ] || {
        cat out err >&2
        fail "exit status $found instead of $wanted: $*"
    }
}

# says FILE TEXT...: the file holds each of the texts
says() {
    file=$1
    shift
    for text in "$@"; do
        grep -qF -- "$text" "$file" || {
            cat "$file" >&2
            fail "$file does not say: $text"
        }
    done
}

# pause SECONDS: starts no program, which takes its time where the machine is busy
pause() {
    [ -p .idle ] || mkfifo .idle
    read -r -t "$1" <>.idle || true
}

# same FOLDER FOLDER: the tables that promise equal bytes have them
same() {
    for file in config.yaml points.csv trials.csv epochs.csv summary.csv comparisons.csv ranks.csv; do
        cmp "$1/$file" "$2/$file" || fail "$file differs"
    done
}

# small NAME EPOCHS: writes NAME.yaml, a grid of 3 points x 2 seeds that trains in about a second
small() {
    cat >"$1.yaml" <<END
experiment: $1
dataset: {digits: {train: 600, test: 100, validation: 0.1}}
model:
  - dense: {units: 20, activation: relu}
  - dense: {units: 10, activation: softmax}
loss: categorical_crossentropy
optimizer: adam
metrics: [accuracy]
train: {batch_size: 32, epochs: $2}
grid:
  train.batch_size: [7, 32, full]
seeds: 2
END
}
