#!/bin/bash
# Somebody removes or cuts files of the results folder while a run works there, or removes the lock: the run notices, says so, and what had
# ended is there at its end, or after the next run. (Plugins cannot: deface.sh.)
# ctest: no-thread-sanitizer (the threads of its trials are those of other tests)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
export RUNNER_PLUGIN_PATH=$plugins/pause_step:$plugins/hang_step
cat >w.yaml <<'END'
experiment: w
dataset: {digits: {train: 300, test: 50}}
model: [{dense: {units: 10, activation: softmax}}]
loss: categorical_crossentropy
metrics: [accuracy]
train: {batch_size: 50, epochs: 2}
grid: {optimizer: [sgd, adam, pause_step]}
seeds: [3]
END
mkfifo pipe
run() { # RESULTS
    expect 0 "$RUNNER" w.yaml --workers 1 --results "$1"
}
# disturbed RESULTS STATUS COMMAND...: the command comes in the middle of the last trial
disturbed() {
    folder=$1 wanted=$2
    shift 2
    PAUSE=pipe "$RUNNER" w.yaml --workers 1 --results "$folder" >out 2>err &
    exec 7>pipe
    "$@" || fail "$*"
    exec 7>&-
    wait $!
    found=$?
    [ $found = "$wanted" ] || fail "exit status $found instead of $wanted: $(cat err)"
}
run undisturbed
disturbed removed 0 eval 'rm removed/w/*.*'
says err "removed/w/journal.jsonl: the journal was removed by another program, a plugin perhaps, while the run went on; it was written again, and nothing is lost"
same undisturbed/w removed/w
run removed
says err "nothing to train: 3 of 3"

# What was cut off is lost, and nothing else: the tables have the rest, and the next run trains what is missing.
for length in 0 700; do
    disturbed cut$length 4 truncate -s $length "cut$length/w/journal.jsonl"
    says err "cut or changed the journal while the run went on" "that had ended" "lost; run again to train"
    grep -q ',pause_step,3,done,' cut$length/w/trials.csv || fail "no table of what ended later"
    run cut$length
    same undisturbed/w cut$length/w
done

# A folder stays locked without its lock file.
"$RUNNER" w.yaml optimizer=hang_step >/dev/null 2>held &
runner=$!
folder="results/w,optimizer=hang_step"
for ((i = 0; i < 600; i++)); do
    [ -s "$folder/journal.jsonl" ] && break
    pause 0.1
done
rm "$folder/.lock" || fail "no lock in $folder: $(ls results)"
for option in -q --fresh; do
    expect 4 "$RUNNER" w.yaml optimizer=hang_step $option
    says err "another runner works in this folder"
done
[ -s "$folder/journal.jsonl" ] || fail "the journal is gone"
kill $runner
wait $runner
[ $? = 143 ] || fail "the first runner did not end in good order"
