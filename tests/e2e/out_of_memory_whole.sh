#!/bin/bash
# Every allocation of the runner fails in turn, while it checks a config, shows a table, and trains a grid.
# ctest: slow
# ctest: timeout 7200
# ctest: no-sanitizer (their allocator comes first; unit/results/out_of_memory has them)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib_out_of_memory.sh"
each_fails runner 1 "$RUNNER" check memory.yaml
each_fails runner-worker 1 "$RUNNER" check memory.yaml
each_fails runner 1 "$RUNNER" table results/memory
rm -r results
failing runner 1000000000 "$RUNNER" memory.yaml -q
calls=$(cat mark.calls)
at=0
while [ $at -lt "$calls" ]; do
    interrupted $((calls - at))
    at=$((at + 1 + at / 500)) # fewer of the early ones, which are those of `check`
done
