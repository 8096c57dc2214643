# Runs of the program in which one allocation fails, for out_of_memory*.sh: each ends well, or with exit status 4 and a word on memory.
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
"$CC" -shared -fPIC -O1 -D_GNU_SOURCE -o failing_memory.so "$RUNNER_SOURCE_DIR/tests/e2e/failing_memory.c" -ldl || fail "no failing_memory.so"

# failing PROGRAM ALLOCATION command...: with its output in out and err; $status, and $failed: whether that allocation came
failing() {
    rm -f mark
    RUNNER_FAIL_MARK=$PWD/mark RUNNER_FAIL_PROGRAM=$1 RUNNER_FAIL_AT=$2 LD_PRELOAD=$PWD/failing_memory.so timeout 60 "${@:3}" >out 2>err
    status=$?
    failed=$([ -e mark ] && echo yes)
    [ $status = 0 ] || { [ $status = 4 ] && grep -q memory err; } || {
        cat err >&2
        fail "allocation $2 of $1: exit status $status: ${*:3}"
    }
}

# each_fails PROGRAM STEP command...: every STEP-th allocation in turn, and the output of runs that end well is the same
each_fails() {
    "${@:3}" >good.out 2>/dev/null
    k=1
    ended=0
    while failing "$1" $k "${@:3}" && [ -n "$failed" ]; do
        [ $status = 0 ] && { cmp -s good.out out || fail "allocation $k of $1: another output"; }
        [ $status = 4 ] && ended=$((ended + 1))
        k=$((k + $2))
    done
    echo "$1: $k allocations, one in $2 fails; $ended runs ended for it: ${*:3}"
    [ $ended -gt 2 ] || fail "hardly a run has ended"
}

cat >memory.yaml <<'END'
experiment: memory
dataset: {digits: {train: 50, test: 20}}
model: [{dense: {units: 10, activation: softmax}}]
loss: categorical_crossentropy
optimizer: sgd
metrics: [accuracy]
train: {batch_size: 10, epochs: 1}
grid: {train.batch_size: [10, 20]}
seeds: 2
END
expect 0 "$RUNNER" memory.yaml
cp -r results good

# interrupted ALLOCATION: a run in which it fails, and one that goes on from there, end in the same bytes
interrupted() {
    rm -rf results
    failing runner "$1" "$RUNNER" memory.yaml -q
    expect 0 "$RUNNER" memory.yaml -q
    same good/memory results/memory
    ! ls results/memory/.runner-* 2>/dev/null || fail "temporary files stay"
}
