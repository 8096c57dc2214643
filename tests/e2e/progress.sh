#!/bin/bash
# What a run tells while it goes on: plain lines in a file, events for programs, a live view on a terminal that keeps to its width.
# ctest: no-thread-sanitizer (the threads of its trials are those of other tests)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
small grid 3
expect 0 "$RUNNER" grid.yaml --workers 2
[ "$(grep -c '^\[[1-6]/6\] batch_size=[a-z0-9]* seed=[01]: done, test_accuracy [0-9.]*, [0-9.]* s' err)" = 6 ] || {
    cat err
    fail "not a line a trial"
}
! grep -q $'\033' err || fail "escapes in a file"

# Events: one object a line, in order, and nothing else on stdout.
rm -r results
expect 0 "$RUNNER" grid.yaml --json
! grep -qvE '^\{"event":"(start|trial_start|epoch|trial_end|progress|end)","time":[0-9.]+,.*\}$' out || fail "something that is no event"
head -n 1 out | grep -q '"event":"start".*"experiment":"grid".*"axes":\["train.batch_size"\],"points":3,"trials":6,"todo":6' || fail "start"
tail -n 1 out | grep -q '"event":"end".*"exit_status":0,"message":"","results":"results/grid","done":6,"diverged":0,"failed":0' || fail "end"
for event in trial_start:6 epoch:24 trial_end:6; do
    [ "$(grep -c "\"event\":\"${event%:*}\"" out)" = "${event#*:}" ] || fail "$event"
done
grep -q '"event":"trial_end".*"trial":6,"point":3,"axes":{"train.batch_size":"full"},"seed":1,"status":"done".*"epochs":3,"updates":3.*"test_accuracy":' out ||
    fail "trial_end"
says err "[6/6]"

# Finished work, and what cannot run, end in an event as well.
expect 0 "$RUNNER" grid.yaml --json -q
says out '"todo":0' '"exit_status":0'
[ ! -s err ] || fail "--quiet is not quiet"
expect 2 "$RUNNER" grid.yaml --json optimizer=adm
says out '"event":"end"' '"exit_status":2'
says err "did you mean 'adam'"
expect 2 "$RUNNER" nothing.yaml --json
says out '"exit_status":2'

# A reader that goes away does not stop the run.
rm -r results
"$RUNNER" grid.yaml --json 2>err | head -n 1 >out
[ "$(wc -l <results/grid/trials.csv)" = 7 ] || fail "the run stopped with its reader"

# Numbers that JSON does not know.
expect 0 "$RUNNER" grid.yaml --json optimizer='{sgd: {learning_rate: 1e20}}' train.batch_size=full
says out '"status":"diverged"' '"nan"'

# No script, or no pseudo-terminals, as in a bare container
script -qec true /dev/null >/dev/null 2>&1 </dev/null || exit 0
terminal() { # COLUMNS SETTINGS... -> screen: what the run writes to a terminal
    columns=$1
    shift
    rm -rf results
    epochs=150 # some tenths of a second
    [ -z "$RUNNER_SANITIZER" ] || epochs=15
    script -qec "stty rows 24 cols $columns; env TERM=xterm $* '$RUNNER' grid.yaml train.epochs=$epochs --workers 2" /dev/null </dev/null >screen 2>&1 ||
        fail "the run on a terminal"
    grep -q $'\033\[[0-9]*A' screen || fail "no live view"
    # up to the table and the sentences with which the run ends
    tr '\r' '\n' <screen | sed 's/\x1b\[[0-9;]*[A-Za-z]//g; /trials; mean/,$d' | grep -E 'seed=[01] +[0-9]+%|^[^ ]*[.#ox·█░▒▓]+( |$)|[0-9]/6 trials' >lines
    [ -s lines ] || fail "no live lines"
    [ "$(wc -L <lines)" -lt "$columns" ] || fail "a line is wider than $columns columns"
}
terminal 70 LC_ALL=C NO_COLOR=1
! grep -q $'\033\[[0-9]*m' screen || fail "NO_COLOR shows colours"
! LC_ALL=C grep -q '[█▒]' lines || fail "blocks in the C locale"
says lines "test_accuracy 0." "6 trials"
terminal 24 LC_ALL=C.UTF-8
grep -q $'\033\[[0-9]*m' screen || fail "no colours"
terminal 70 LC_ALL=C.UTF-8 TERM=xterm
grep -q "[░▒▓]" lines || fail "no running cell"
exit 0
