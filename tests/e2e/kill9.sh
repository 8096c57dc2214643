#!/bin/bash
# kill -9 at 100 random moments of a small grid, of the supervisor or of a worker; see lib_kill9.sh.
# ctest: timeout 1500
# ctest: no-sanitizer (every start takes long there; the moments would all be before the first trial)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
. "$RUNNER_SOURCE_DIR/tests/e2e/lib_kill9.sh"
kill9 100
