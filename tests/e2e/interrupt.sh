#!/bin/bash
# SIGTERM: tables of what is there, and the next run goes on. Two runners in one folder: the second leaves.
# ctest: timeout 240
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
small grid 60
"$RUNNER" grid.yaml --workers 1 >first.out 2>first.err &
pid=$!
for _ in $(seq 2400); do
    grep -q '^\[1/6\]' first.err && break
    sleep 0.05
done
expect 4 "$RUNNER" grid.yaml
says err "another runner works in this folder: process $pid on "
expect 0 "$RUNNER" table results/grid
says out missing
kill -TERM $pid
wait $pid
status=$?
[ $status = 143 ] || { cat first.err; fail "exit status $status instead of 143"; }
says first.err "trials are not finished; run again to go on"
rows=$(($(wc -l <results/grid/trials.csv) - 1))
[ "$rows" -ge 1 ] && [ "$rows" -lt 6 ] || fail "$rows rows in trials.csv"
expect 0 "$RUNNER" grid.yaml
says err "$rows of 6 trials are finished"
[ "$(wc -l <results/grid/trials.csv)" = 7 ] || fail "not 6 trials"
