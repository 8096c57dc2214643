#!/bin/bash
# kill -9 at 10 random moments of a small grid, of the supervisor or of a worker, half of them with checkpoints; see lib_kill9.sh.
# ctest: timeout 400
# ctest: no-sanitizer (every start takes long there; the moments would all be before the first trial)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
. "$RUNNER_SOURCE_DIR/tests/e2e/lib_kill9.sh"
kill9 5
kill9 5 "15 updates"
