#!/bin/sh
# All sources are as clang-format writes them. Its versions differ, so one of them counts: that of Debian 12.
set -eu
wanted=14
found=$(clang-format --version 2>/dev/null | sed -n 's/.*version \([0-9]*\).*/\1/p')
if [ "$found" != $wanted ]; then
    echo "skipped: clang-format $wanted is wanted, found: ${found:-none}"
    exit 77
fi
cd "$RUNNER_SOURCE_DIR"
find runner plugins tests cmake bench -name '*.[ch]' -type f -exec clang-format --dry-run {} + 2>&1 |
    sed -n 's/^\([^ :]*\):[0-9]*:.*/\1/p' | sort -u >"$OLDPWD/unformatted"
if [ -s "$OLDPWD/unformatted" ]; then
    echo "run clang-format -i on:"
    cat "$OLDPWD/unformatted"
    exit 1
fi
