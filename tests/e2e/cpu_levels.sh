#!/bin/bash
# With the portable back end the tables have the same bytes on a processor of another level (RUNNER_CPU_LEVEL lowers the dispatch).
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
small grid 3
expect 0 "$RUNNER" grid.yaml engine.gemm=portable -q
RUNNER_CPU_LEVEL=3 expect 0 "$RUNNER" grid.yaml engine.gemm=portable -q --results lowered
same "results/grid,engine.gemm=portable" "lowered/grid,engine.gemm=portable"
