#!/bin/bash
# As the grid drains the trials that still run get the processors that are idle, which changes no byte of the tables.
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
[ "$(nproc)" -ge 2 ] || {
    echo "skipped: one processor"
    exit 77
}
# Two of those that this test may use: its list is such as 0-3,8.
cpus=$(taskset -pc $$ | sed 's/.*: //' | tr , '\n' | while IFS=- read -r first last; do seq "$first" "${last:-$first}"; done | head -2 | paste -sd ,)
epochs=500 # of the trial that drains
[ -z "$RUNNER_SANITIZER" ] || epochs=60
cat >grid.yaml <<END
experiment: grid
dataset: {digits: {train: 300, test: 50}}
model:
  - dense: {units: 200, activation: relu}
  - dense: {units: 10, activation: softmax}
loss: categorical_crossentropy
optimizer: sgd
metrics: [accuracy]
train: {batch_size: 50}
grid:
  train.epochs: [$epochs, 2, 1]
END
threads() { # of each trial, in grid order
    cut -d , -f "$(head -1 "$1/grid/timing.csv" | tr , '\n' | grep -nx threads | cut -d : -f 1)" "$1/grid/timing.csv" | tail -n +2 | paste -sd ' '
}
two="taskset -c $cpus"
expect 0 $two "$RUNNER" grid.yaml --results fixed --workers 2 --threads 1
[ "$(threads fixed)" = "1 1 1" ] || fail "--threads 1 gave teams of $(threads fixed)"
expect 0 $two "$RUNNER" grid.yaml --results drained --workers 2
same fixed/grid drained/grid
[ "$(threads drained)" = "2 1 1" ] || fail "teams of $(threads drained) as the grid drains, wanted 2 1 1"
