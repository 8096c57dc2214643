#!/bin/bash
# kill -9 at 8 random moments of a small grid with checkpoints, of the supervisor or of a worker; kill9_checkpoints.sh does so 100 times.
# ctest: timeout 400
# ctest: no-sanitizer (every start takes long there; the moments would all be before the first trial)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
. "$RUNNER_SOURCE_DIR/tests/e2e/lib_kill9.sh"
kill9 8 "15 updates"
