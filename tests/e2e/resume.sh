#!/bin/bash
# After kill -9 in mid-grid a second run trains what is missing and ends with the same bytes; no worker outlives its runner.
# ctest: timeout 240
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
small grid 40
expect 0 "$RUNNER" grid.yaml --results whole
"$RUNNER" grid.yaml --results killed --workers 2 >out 2>err &
pid=$!
lines=()
while kill -0 $pid 2>/dev/null && [ ${#lines[@]} -lt 3 ]; do
    pause 0.02
    [ ! -e killed/grid/journal.jsonl ] || mapfile -t lines <killed/grid/journal.jsonl
done
workers=$(pgrep -P $pid)
kill -9 $pid
wait $pid 2>/dev/null
[ -n "$workers" ] || fail "no workers were there"
for _ in $(seq 100); do
    alive=$(ps -o stat= -p $(echo $workers | tr ' ' ,) | grep -cv Z)
    [ "$alive" = 0 ] && break
    sleep 0.05
done
[ "$alive" = 0 ] || fail "workers outlive their runner"
lines=$(wc -l <killed/grid/journal.jsonl)
[ "$lines" -lt 7 ] || fail "the grid was finished before it could be killed"
printf 'torn' >>killed/grid/journal.jsonl # as if the machine had stopped while it wrote
expect 0 "$RUNNER" grid.yaml --results killed --workers 1 --threads 2
says err "$((lines - 1)) of 6 trials are finished"
same whole/grid killed/grid
