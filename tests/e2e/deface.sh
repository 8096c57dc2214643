#!/bin/bash
# Where the user says so, a plugin changes no file of the run, whichever way it goes about it: the results have the bytes that they have
# without it. What it may write is in a temporary folder of its own, which is gone afterwards, and where the user lets it.
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
export RUNNER_PLUGIN_PATH=$plugins/deface_step:$plugins/crash_step
export RUNNER_PLUGIN_WRITE_PATH=
mkdir tmp elsewhere
export TMPDIR=$PWD/tmp
cat >w.yaml <<'END'
experiment: w
dataset: {digits: {train: 300, test: 50}}
model: [{dense: {units: 10, activation: softmax}}]
loss: categorical_crossentropy
metrics: [accuracy]
train: {batch_size: 50, epochs: 2}
grid: {optimizer: [crash_step, sgd, adam, deface_step]}
seeds: [3]
END
# run RESULTS [NAME=VALUE...]: its last trial tries what it can. A file of the results folder stays open, as a careless shell may have it.
run() {
    folder=$1
    shift
    mkdir -p "$folder/w"
    expect 1 env "$@" "$RUNNER" w.yaml --workers 1 --results "$folder" 8>>"$folder/w/kept"
}
run undisturbed
run defaced DEFACE="$PWD/defaced/w"
log=defaced/w/logs/trial-0004.log
[ -s "$log" ] || fail "no log"
if ! grep -q "^cut: Permission denied" $log; then
    echo "skipped: the kernel has no Landlock that keeps files from being cut (Linux 6.2)"
    exit 77
fi
! grep -v ALLOWED $log | grep DONE || fail "a plugin could change files"
[ "$(grep -c 'ALLOWED.*DONE' $log)" = 5 ] || fail "a plugin could not write where it may: $(cat $log)"
[ "$(wc -l <$log)" -ge 35 ] || fail "not all was tried: $(cat $log)"
same undisturbed/w defaced/w
cmp undisturbed/w/logs/trial-0001.log defaced/w/logs/trial-0001.log || fail "another log"
diff <(cd undisturbed && find . | sort) <(cd defaced && find . ! -name trial-0004.log | sort) || fail "other files"
[ ! -s defaced/w/kept ] || fail "a descriptor of the shell was open"
[ -z "$(ls tmp)" ] || fail "temporary files stay: $(ls tmp)"

# Nowhere but there, unless the user says so.
says $log "another folder: Permission denied"
run wished DEFACE="$PWD/wished/w" RUNNER_PLUGIN_WRITE_PATH="/nowhere:$PWD/elsewhere"
says wished/w/logs/trial-0004.log "another folder: DONE" "cut: Permission denied"
[ -s elsewhere/file ] || fail "no file"

# Where there is no temporary folder a run goes on without one.
TMPDIR=/nowhere run without
same undisturbed/w without/w

# Without a word from the user a plugin writes where it likes.
rm elsewhere/file
run free -u RUNNER_PLUGIN_WRITE_PATH DEFACE=/nowhere
says free/w/logs/trial-0004.log "ALLOWED a temporary folder: DONE" "another folder: DONE"
[ -s elsewhere/file ] || fail "no file"

# A plugin under test is kept from files as well.
rm elsewhere/file
expect 1 env DEFACE="$PWD/defaced/w" "$RUNNER" plugin test "$plugins/deface_step/deface_step.so" at=1
same undisturbed/w defaced/w
[ ! -e elsewhere/file ] || fail "the tester lets a plugin write"
