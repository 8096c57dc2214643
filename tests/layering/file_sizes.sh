#!/bin/sh
# No source file has more than 600 lines: a longer one has more than one subject.
set -eu
cd "$RUNNER_SOURCE_DIR"
find runner plugins tests bench -name '*.[ch]' -type f -exec awk '
    FNR == 601 { print FILENAME ": more than 600 lines"; bad = 1 }
    END { exit bad }
' {} +
