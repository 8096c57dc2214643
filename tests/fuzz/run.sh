#!/bin/bash
# Fuzzes each target for SECONDS (default 60), one after the other, and says how many executions that were and what was found:
#     tests/fuzz/run.sh [SECONDS [TARGET...]]
#     tests/fuzz/run.sh hour [TARGET...]        an hour, shared out evenly
# after `cmake --preset fuzz && cmake --build --preset fuzz`. What crashes, leaks or hangs stays in build/fuzz/found/TARGET/; mend
# the cause, and put the file into tests/fuzz/corpus/TARGET/. The exit status is 1 where something was found.
set -u
cd "$(dirname "$0")/../.."
seconds=${1:-60}
shift
build=build/fuzz
[ $# -gt 0 ] || set -- $(cd tests/fuzz && ls -- *_fuzz.c | sed 's/_fuzz\.c$//')
[ "$seconds" != hour ] || seconds=$(((3600 + $# - 1) / $#))
all=0
bad=0
for target; do
    mkdir -p "$build/corpus/$target" "$build/found/$target"
    "$build/tests/fuzz/$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=4096 -print_final_stats=1 \
        -artifact_prefix="$build/found/$target/" "$build/corpus/$target" "tests/fuzz/corpus/$target" >"$build/found/$target.log" 2>&1
    status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/found/$target.log")
    found=$(find "$build/found/$target" -type f ! -name 'slow-unit-*' -newer "$build/tests/fuzz/$target" | wc -l)
    echo "$target: ${runs:-0} executions in $seconds s, $found found, exit status $status"
    all=$((all + ${runs:-0}))
    [ $status = 0 ] || bad=1
done
echo "all: $all executions of $# targets in $((seconds * $#)) s$([ $bad = 0 ] && echo ", nothing found")"
exit $bad
