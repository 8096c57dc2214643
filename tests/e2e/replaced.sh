#!/bin/bash
# What workers run is built or installed again while a grid is trained: no worker is started with what is there now. The run stops, no trial
# fails by it, and the next run goes on.
# ctest: no-thread-sanitizer (the threads of its trials are those of other tests)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
mkdir installed
cp -r "$RUNNER" "$RUNNER_BUILD_DIR/runner-worker" "$RUNNER_BUILD_DIR/plugins" installed
layer=$(find installed/plugins -name 'dense.so')
few=40 many=200 # epochs
[ -z "$RUNNER_SANITIZER" ] || few=6 many=25
small grid $few
trials() { # STATUS...: how many records the journal has of trials that ended so
    grep -c "\"kind\":\"trial\".*\"status\":\"$1\"" results/grid/journal.jsonl
}

begin() { # runs the grid anew by two workers, up to its first trial
    rm -rf results
    installed/runner grid.yaml --workers 2 >out 2>err &
    pid=$!
    for _ in $(seq 2400); do
        [ "$(trials done 2>/dev/null)" -gt 0 ] 2>/dev/null && break
        pause 0.05
    done
}

# change COMMAND...: runs the grid, and once a trial is done the command, whereupon a worker is killed; what the run says is in err, its status in $found
change() {
    begin
    "$@" || fail "$* failed"
    kill -9 "$(pgrep -P $pid | head -1)"
    wait $pid
    found=$?
}

change mv "$layer" away.so
[ $found = 4 ] || fail "exit status $found instead of 4 where a plugin has gone"
says err "dense.so: the file has gone since this run began" "run again"
[ "$(trials failed)" -le 1 ] || fail "trials have failed since a plugin has gone"
! grep -q '"reason":"error"' results/grid/journal.jsonl || fail "a trial was blamed"
mv away.so "$layer"
expect 0 installed/runner grid.yaml --retry
[ "$(trials done)" = 6 ] || fail "not 6 trials"

change sh -c "printf x >>$layer"
[ $found = 4 ] || fail "exit status $found instead of 4 where a plugin has changed"
says err "dense.so: the file has changed since this run began"
truncate -s -1 "$layer"

# The same bytes are the same plugin.
change touch "$layer"
[ $found = 1 ] || fail "exit status $found instead of 1 where a plugin was written again"
[ "$(trials failed)" = 1 ] || fail "not the killed trial alone has failed"

# overwrite FILE: the same with FILE written over the layer, in place, while two workers run it, which is likely to end them
cp "$layer" before.so
overwrite() {
    begin
    cp "$1" "$layer"
    wait $pid
    found=$?
    [ "$(trials failed)" = 0 ] || fail "a trial was blamed for a plugin that was written while it ran"
}
small grid $many
expect 0 installed/runner grid.yaml --results undisturbed -q
overwrite before.so
[ $found = 0 ] || fail "exit status $found instead of 0 where a plugin was copied over itself"
same undisturbed/grid results/grid
! grep -q "the worker ended" err || says err "is trained again, since" "dense.so was written while it ran"
overwrite "$(find installed/plugins -name 'dropout.so')"
if [ $found != 0 ]; then # it may have been done with the layer
    [ $found = 4 ] || fail "exit status $found instead of 4 where another plugin was copied over one"
    says err "dense.so: the file has changed since this run began" "run again"
fi
cp before.so "$layer"
expect 0 installed/runner grid.yaml
same undisturbed/grid results/grid

# A trial that crashes by itself is to blame, however often a file is touched.
cp "$plugins/crash_step/crash_step.so" "$(dirname "$layer")"
small crashing 1
sed -i 's/^optimizer: .*/optimizer: crash_step/; s/\[7, 32, full\]/[7]/; s/^seeds: 2/seeds: 1/' crashing.yaml
while touch "$layer"; do pause 0.01; done &
toucher=$!
timeout 60 installed/runner crashing.yaml >out 2>err
found=$?
kill $toucher
wait $toucher
[ $found = 1 ] || fail "exit status $found instead of 1 where a trial crashes by itself"
[ "$(grep -c "is trained again, since" err)" -le 3 ] || fail "a trial that crashes was trained again too often"
grep -q '"reason":"SIGSEGV"' results/crashing/journal.jsonl || fail "the trial that crashes was not blamed"
