#!/bin/bash
# A plugin that removes or cuts files of the results folder, or somebody who removes the lock: the run notices, says so, and what had ended
# is there at its end, or after the next run.
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
export RUNNER_PLUGIN_PATH=$plugins/wreck_step:$plugins/hang_step
cat >w.yaml <<'END'
experiment: w
dataset: {digits: {train: 300, test: 50}}
model: [{dense: {units: 10, activation: softmax}}]
loss: categorical_crossentropy
metrics: [accuracy]
train: {batch_size: 50, epochs: 2}
grid: {optimizer: [sgd, adam, wreck_step]}
seeds: [3]
END
run() { # RESULTS STATUS [NAME=VALUE...]
    wanted_folder=$1 wanted_status=$2
    shift 2
    expect "$wanted_status" env "$@" "$RUNNER" w.yaml --workers 1 --results "$wanted_folder"
}
run undisturbed 0 WRECK=/nowhere
run removed 0 WRECK='removed/w/*.*'
says err "removed/w/journal.jsonl: the journal was removed by another program, a plugin perhaps, while the run went on; it was written again, and nothing is lost"
same undisturbed/w removed/w
run removed 0 WRECK='removed/w/*.*'
says err "nothing to train: 3 of 3"

# What was cut off is lost, and nothing else: the tables have the rest, and the next run trains what is missing.
for length in 0 700; do
    run cut$length 4 WRECK="cut$length/w/journal.jsonl" WRECK_LENGTH=$length
    says err "cut or changed the journal while the run went on" "that had ended" "lost; run again to train"
    grep -q ',wreck_step,3,done,' cut$length/w/trials.csv || fail "no table of what ended later"
    run cut$length 0 WRECK=/nowhere
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
