#!/bin/bash
# With the portable back end the tables have the same bytes on a processor of another level (RUNNER_CPU_LEVEL lowers the dispatch).
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
small grid 3
expect 0 "$RUNNER" grid.yaml engine.gemm=portable -q
RUNNER_CPU_LEVEL=3 expect 0 "$RUNNER" grid.yaml engine.gemm=portable -q --results lowered
same "results/grid,engine.gemm=portable" "lowered/grid,engine.gemm=portable"

# On level 4 by emulation, where the build has it (tests/CMakeLists.txt): few machines have its vectors.
if [ -x "$RUNNER_BUILD_DIR/tests/emulated/runner-worker" ]; then
    mkdir emulated
    cp "$RUNNER" emulated/runner
    cp "$RUNNER_BUILD_DIR/tests/emulated/runner-worker" "$RUNNER_BUILD_DIR/tests/emulated/adam.so" emulated/
    ln -s "$RUNNER_BUILD_DIR/plugins" emulated/plugins
    expect 0 emulated/runner grid.yaml engine.gemm=portable -q --plugin-dir emulated --results wide
    same "wide/grid,engine.gemm=portable" "lowered/grid,engine.gemm=portable"
fi
