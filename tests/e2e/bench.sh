#!/bin/bash
# The benchmarks run: each program by itself, and bench_run, which judges what it measures and says what it leaves out.
# ctest: no-sanitizer (they measure time)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
bench=$RUNNER_BUILD_DIR/bench

expect 0 "$bench/bench_step" "$RUNNER_BUILD_DIR/plugins" "{digits: {train: 500}}" 2 3x portable 1:sgd "100:{sgd: {momentum: 0.9}}"
[ "$(wc -l <out)" = 2 ] || fail "bench_step prints a line a cell"
expect 0 "$bench/bench_step" "$bench/plugins:$RUNNER_BUILD_DIR/plugins" "{noise_bytes: {rows: 500}}" 1 0 openblas <<END
32 adam
go 0.01
END
grep -qx 'ready runner' out || fail "bench_step does not serve"
expect 0 "$bench/bench_machine" <<END
bandwidth update 16384
go 0.01
between 65536
go 0.01
handover
go 0.01
roofline 2
go 0.01 0
nonsense
END
grep -qx 'ready machine' out || fail "bench_machine does not serve"
[ "$(awk 'NR % 2 == 0 && $1 > 0 && $2 > 0' out | wc -l)" = 4 ] || fail "bench_machine measures nothing: $(cat out)"
awk 'NR == 8 && NF == 3 && $3 > 0 { found = 1 } END { exit !found }' out || fail "bench_machine has no roofline: $(cat out)"
says out "none not known here"
expect 0 "$bench/bench_kernels" "$bench/plugins:$RUNNER_BUILD_DIR/plugins" "softmax and" "row times" rmsprop
[ "$(wc -l <out)" = 6 ] || fail "bench_kernels prints a line a kernel: $(cat out)"
says out "GFLOP/s" "64 x 10 -> 10" "16384 weights"
expect 0 "$bench/bench_kernels" "$bench/plugins:$RUNNER_BUILD_DIR/plugins" serve <<END
24
go 0.01
1000
END
grep -q '^ready conv2d forward, 1 channel;' out || fail "bench_kernels does not serve"
says out "none no such kernel"

# Without MNIST and Python all that needs them is named as not measured, and the exit status says so.
RUNNER_DATA=$PWD expect 1 "$bench/bench_run" --build "$RUNNER_BUILD_DIR" --source "$RUNNER_SOURCE_DIR" --out made \
    --quick --no-peers --only step --batches 100 --optimizers sgd
says err "plain C 2x1: left out" "without Python"
says out "not measured" "one core, dense inputs" "made/step.csv"
head -n 1 made/step.csv | grep -qx 'group,what,batch,optimizer,arrangement,median,low,high,measurements,peer,ratio,ratio_low,ratio_high,ratios,goal,verdict,bound' ||
    fail "no CSV"
for column in $(head -n 1 made/step.csv | tr , ' '); do
    grep -q "^| .*\`$column\`.* |" "$RUNNER_SOURCE_DIR/docs/performance.md" || fail "docs/performance.md says nothing of the column $column"
done

# Whole runs: what is measured depends on the machine, that it is measured does not.
env -u RUNNER_DATA "$bench/bench_run" --build "$RUNNER_BUILD_DIR" --source "$RUNNER_SOURCE_DIR" --out made \
    --quick --trials 20 --rounds 1 --no-peers --only grids >out 2>err
[ $? -le 1 ] || fail "bench_run --only grids: $(cat err)"
says err "memory and the small grid are left out"
for goal in "overhead of a trial" "start to the first update"; do
    grep -q "^$goal.* [0-9.]* *([0-9]" out || fail "no figure for: $goal: $(cat out err)"
done
expect 2 "$bench/bench_run" --out made --only nonsense
says err "no group nonsense"
