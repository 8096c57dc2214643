#!/bin/bash
# Fuzzes each target for SECONDS (default 60) and says how many executions that were: tests/fuzz/run.sh [SECONDS [TARGET...]]
# after `cmake --preset fuzz && cmake --build --preset fuzz`. What crashes stays in build/fuzz/found/TARGET/; mend the cause, and
# put the file into tests/fuzz/corpus/TARGET/.
set -u
cd "$(dirname "$0")/../.."
seconds=${1:-60}
shift
build=build/fuzz
[ $# -gt 0 ] || set -- $(cd tests/fuzz && ls -- *_fuzz.c | sed 's/_fuzz\.c$//')
all=0
bad=0
for target; do
    mkdir -p "$build/corpus/$target" "$build/found/$target"
    "$build/tests/fuzz/$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=4096 -print_final_stats=1 \
        -artifact_prefix="$build/found/$target/" "$build/corpus/$target" "tests/fuzz/corpus/$target" >"$build/found/$target.log" 2>&1
    status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/found/$target.log")
    echo "$target: ${runs:-0} executions, exit status $status"
    all=$((all + ${runs:-0}))
    [ $status = 0 ] || bad=1
done
echo "all: $all executions"
exit $bad
