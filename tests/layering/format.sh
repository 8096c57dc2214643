#!/bin/sh
# All sources are as clang-format writes them.
set -eu
if ! command -v clang-format >/dev/null; then
    echo "skipped: no clang-format"
    exit 77
fi
cd "$RUNNER_SOURCE_DIR"
find runner plugins tests cmake -name '*.[ch]' -type f -exec clang-format --dry-run -Werror {} +
