#!/bin/bash
# Plugins that misbehave, each in its own way, cost their own trials: those have a reason that names the fault, what they printed is
# kept, and all other trials have the bytes that they have without them.
# ctest: timeout 400
# ctest: no-thread-sanitizer (it catches the faults itself, and reports them)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"

# name, status, reason
cat >faults <<'END'
crash_step failed SIGSEGV
overflow_step failed stack overflow
abort_step failed SIGABRT
free_step failed SIGABRT
exit_step failed exit 0
exit_thread_step failed exit 3
hang_step timeout time limit
stop_step timeout time limit
allocate_step failed memory limit
map_step failed memory limit
lie_step failed SIGABRT
nan_step diverged
close_step failed connection closed
junk_step failed protocol
flood_step failed SIGABRT
fork_step failed SIGSYS
kill_group_step failed SIGSYS
kill_parent_step failed SIGSYS
own_step failed SIGSYS
limit_parent_step failed SIGSYS
rounding_step done
signals_step done
folder_step done
limits_step done
spoil_step done
memory_step done
END
if [ -n "$RUNNER_SANITIZER" ]; then # which have an allocator of their own, and start processes themselves
    grep -vE '^(allocate|map|free|fork|overflow|limits)_step' faults >fewer && mv fewer faults
fi
grid() { # NAME AXIS
    cat >"$1.yaml" <<END
experiment: $1
dataset: {digits: {train: 300, test: 50}}
model: [{dense: {units: 10, activation: relu}}, {dense: {units: 10, activation: softmax}}]
loss: categorical_crossentropy
metrics: [accuracy]
train: {batch_size: 50, epochs: 2}
time_limit: 8 s
memory_limit: 100 MB
grid: {optimizer: $2}
seeds: 2
END
}
axis="{first: sgd"
while read -r name _; do
    axis="$axis, $name: $name"
    RUNNER_PLUGIN_PATH=${RUNNER_PLUGIN_PATH:+$RUNNER_PLUGIN_PATH:}$plugins/$name
done <faults
export RUNNER_PLUGIN_PATH
grid bad "$axis, last: adam}"
grid good "{first: sgd, last: adam}"
expect 0 "$RUNNER" good.yaml -q
expect 1 "$RUNNER" bad.yaml --workers 2 -q

trials() { # FOLDER: rows of the good trials, without their number
    grep -hE ',(first|last),' "$1/trials.csv" "$1/epochs.csv" | cut -d, -f2-
}
trials results/good >good.rows
trials results/bad >bad.rows
cmp good.rows bad.rows || fail "other trials have other bytes"
[ "$(wc -l <good.rows)" = 16 ] || fail "not 4 trials of 3 epochs"

while read -r name status reason; do
    for seed in 0 1; do
        row=$(grep ",$name,$seed," results/bad/trials.csv)
        case $row in
        *",$name,$seed,$status,$reason"*) ;;
        *) fail "$name: wanted $status, $reason; found $row" ;;
        esac
        log=$(printf 'results/bad/logs/trial-%04d.log' "${row%%,*}")
        case $status in failed | timeout) [ -s "$log" ] || fail "$name: no log" ;; esac
    done
done <faults

# The log has the last lines, and an end.
log_of() { printf 'results/bad/logs/trial-%04d.log' "$(grep ",$1,0," results/bad/trials.csv | cut -d, -f1)"; }
says "$(log_of crash_step)" "the worker ended: SIGSEGV"
says "$(log_of spoil_step)" "the shared memory stays as it is: Permission denied"
says "$(log_of memory_step)" "the memory of the supervisor stays as it is: Permission denied"
log=$(log_of flood_step)
says "$log" "line 0 of very many" "these are my last words" "bytes are left out" "the worker ended: SIGABRT"
[ "$(wc -c <"$log")" -lt 200000 ] || fail "$log is large"
says "$(log_of hang_step)" "the trial was ended: time limit"

