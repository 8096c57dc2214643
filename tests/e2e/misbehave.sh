#!/bin/bash
# Plugins that misbehave wherever they are called, and in more ways than contain.sh has: each costs its own trial, whose reason names the
# fault and whose log has its last words; all other trials have the bytes that they have without them.
# ctest: timeout 400
# ctest: no-sanitizer (they catch the faults themselves, and bring threads and an allocator of their own)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
export RUNNER_PLUGIN_PATH=$plugins/misbehave
config() { # NAME: begins a config
    cat <<END
experiment: $1
dataset: {digits: {train: 300, test: 50}}
model: [{dense: {units: 10, activation: relu}}, {dense: {units: 10, activation: softmax}}]
loss: categorical_crossentropy
optimizer: sgd
metrics: [accuracy]
train: {batch_size: 50, epochs: 2}
time_limit: $2 s
memory_limit: 100 MB
END
}
good() { # RESULTS: rows of the good trials, without their number
    grep -hE ',(first|last),' "$1"/trials.csv "$1"/epochs.csv | cut -d, -f2-
}
{ config good 60 && echo 'grid: {optimizer: {first: sgd, last: adam}}'; } >good.yaml
expect 0 "$RUNNER" good.yaml -q
good results/good >good.rows
[ "$(wc -l <good.rows)" = 8 ] || fail "not 2 trials of 3 epochs"

# judge FOLDER: the trials have the statuses and reasons in the file `wanted`, and their logs the last words
judge() {
    good "$1" >bad.rows
    cmp good.rows bad.rows || fail "other trials have other bytes"
    while read -r name status reason; do
        row=$(grep ",$name,0," "$1/trials.csv")
        case $row in *",$name,0,$status,$reason,"*) ;; *) fail "$name: wanted $status, $reason; found $row" ;; esac
        says "$(printf '%s/logs/trial-%04d.log' "$1" "${row%%,*}")" "last words of "
    done <wanted
}

# Every way, in the step of an optimizer
cat >wanted <<'END'
crash failed SIGSEGV
abort failed SIGABRT
exit failed exit 0
leave failed exit 3
allocate failed memory limit
map_raw failed memory limit
grow_raw failed memory limit
stack failed stack overflow
overrun failed SIGSEGV
raise failed SIGSEGV
loop timeout time limit
block_signals timeout time limit
ignore_signals timeout time limit
handle_signals timeout time limit
stop timeout time limit
alarm failed SIGALRM
trap failed SIGFPE
take_socket failed connection closed
shut_socket failed connection closed
silent_crash failed SIGSEGV
thread_outlives done
environment done
locale done
team done
flush done
file_mask done
limits done
last_act_hangs done
terminal done
END
{
    config acts 6
    axis="first: sgd, thread_crashes: {bad_optimizer: {act: thread_crashes}}"
    while read -r act _; do axis="$axis, $act: {bad_optimizer: {act: $act}}"; done <wanted
    echo "grid: {optimizer: {$axis, last: adam}}"
} >acts.yaml
expect 1 "$RUNNER" acts.yaml --workers 2 -q
judge results/acts
grep -qE ',thread_crashes,0,(done,|failed,SIGSEGV),' results/acts/trials.csv || fail "thread_crashes"

# At every place, in three ways
model() { echo "model: [{dense: {units: 10, activation: relu}}, {$1: {act: $act, planning: $planning}}, {dense: {units: 10, activation: softmax}}]"; }
{
    config places 30
    echo 'cases:
  place:
    first: {optimizer: sgd}'
    : >wanted
    while read -r act status reason; do
        for planning in false true; do
            what="{act: $act, planning: $planning}"
            end=${act}_$planning
            cat <<END
    optimizer_$end: {optimizer: {bad_optimizer: $what}}
    layer_$end: {$(model bad_forward)}
    loss_$end: {loss: {bad_loss: $what}}
    metric_$end: {metrics: [accuracy, {bad_metric: $what}]}
    callback_$end: {callbacks: [{bad_callback: $what}]}
END
            for place in optimizer layer loss metric callback; do echo "${place}_$end $status $reason" >>wanted; done
        done
        planning=false
        cat <<END
    backward_$act: {$(model bad_backward)}
    initializer_$act: {model: [{dense: {units: 10, kernel_initializer: {bad_initializer: {act: $act}}}}, {dense: {units: 10, activation: softmax}}]}
    schedule_$act: {optimizer: {sgd: {learning_rate: {bad_schedule: {act: $act}}}}}
END
        for place in backward initializer schedule; do echo "${place}_$act $status $reason" >>wanted; done
    done <<END
crash failed SIGSEGV
stack failed stack overflow
exit failed exit 0
END
    echo '    last: {optimizer: adam}'
} >places.yaml
expect 1 "$RUNNER" places.yaml --workers 2 -q
judge results/places
[ "$(wc -l <wanted)" = 39 ] || fail "not 39 faults"

# Limits that a plugin sets for its process are its own. A second of a processor takes its time on a busy machine.
expect 1 "$RUNNER" acts.yaml optimizer='[{bad_optimizer: {act: processor_limit}}]' time_limit="100 s" --results limit -q
grep -q ',failed,SIGXCPU,' limit/*/trials.csv || fail "processor_limit: $(cat limit/*/trials.csv)"

# The stack that is full is that of any thread of a team.
expect 1 "$RUNNER" acts.yaml "model=[{bad_forward: {act: stack}}, {dense: {units: 10, activation: softmax}}]" optimizer='[sgd]' \
    train.batch_size=300 seeds=20 --results team --workers 1 --threads 3 -q
[ "$(grep -c ',failed,stack overflow,' team/*/trials.csv)" = 20 ] || fail "a team: $(cat team/*/trials.csv)"

# A worker has no terminal, to whose lines a plugin could add.
if command -v script >/dev/null; then
    script -qfc "'$RUNNER' acts.yaml optimizer='[terminal]' --results tty" typescript >/dev/null 2>&1
    says tty/*/logs/trial-0001.log "no terminal: "
    ! grep -q "a plugin was here" typescript || fail "a plugin wrote to the terminal"
fi
