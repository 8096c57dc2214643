#!/bin/bash
# Allocations fail, of the runner and of its worker: exit status 4, and the next run ends in the same bytes. A sample; all in
# out_of_memory_whole.sh.
# ctest: no-sanitizer (their allocator comes first; unit/results/out_of_memory has them)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib_out_of_memory.sh"
each_fails runner 29 "$RUNNER" check memory.yaml
each_fails runner-worker 397 "$RUNNER" check memory.yaml
each_fails runner 97 "$RUNNER" table results/memory
rm -r results
failing runner 1000000000 "$RUNNER" memory.yaml -q
calls=$(cat mark.calls)
for part in 1 3 5 7 9; do # more of those that come after the check
    interrupted $((calls - part * part * calls / 100))
done
