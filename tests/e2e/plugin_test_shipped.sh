#!/bin/bash
# Every shipped plugin keeps the contract that `runner plugin test` checks.
# ctest: timeout 600
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
count=0
for file in "$RUNNER_BUILD_DIR"/plugins/*/*.so; do
    set --
    [ "${file##*/}" != digits.so ] || set -- train=300 test=60
    "$RUNNER" plugin test "$file" "$@" >out 2>err || {
        grep FAIL out >&2
        cat err >&2
        fail "$file"
    }
    count=$((count + 1))
done
[ $count -ge 40 ] || fail "only $count plugins were found"
