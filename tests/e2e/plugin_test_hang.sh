#!/bin/bash
# A function that does not return is killed, named, and ends the test of its component.
# ctest: slow timeout 200
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
expect 1 "$RUNNER" plugin test "$plugins/hang_step/hang_step.so"
says out "step() does not return" "skipped optimizer/hang_step threads: after a function that does not return"
