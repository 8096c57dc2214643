#!/bin/bash
# The supervisor stays under 100 MB on a grid of 100000 tiny trials, whatever their epochs, and writes in proportion to the trials.
# ctest: slow timeout 5400 no-sanitizer (memory that is freed stays theirs)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
. "$RUNNER_SOURCE_DIR/tests/e2e/lib_scale.sh"
before=0 grown=0
for seeds in 100 1000 10000; do
    tiny grid$seeds $seeds 1
    measure grid$seeds.yaml --quiet
    at_most "$peak" 100000 "kB in memory"
    # What is written once, as the report and its pictures are, stands in both and so is left out.
    more=$((written - before))
    [ $grown = 0 ] || {
        at_most $more $((grown * 21 / 2)) "bytes written for 10 times the trials"
        at_most $((grown * 19 / 2)) $more "bytes that 10 times the trials must write"
    }
    [ $before = 0 ] || grown=$more
    before=$written
done
tiny epochs 10000 20
measure epochs.yaml --quiet
at_most "$peak" 100000 "kB in memory with 20 epochs"
for again in "epochs.yaml" "table results/epochs" "verify results/epochs --sample 100" "diff results/epochs results/epochs"; do
    # shellcheck disable=SC2086
    measure $again
    at_most "$peak" 100000 "kB in memory: $again"
done

# Points instead of seeds; a million trials are planned, and more are refused.
cube cube 50 40 50
measure check cube.yaml
at_most "$peak" 45000 "kB to check 100000 points of three axes"
measure cube.yaml --quiet
at_most "$peak" 100000 "kB in memory with 100000 points of three axes, each with its own row in every table"
# Here each point has an optimizer of its own, which no other shares.
points few 10000
measure few.yaml --quiet
before=$written
points points 100000
measure check points.yaml
at_most "$peak" 70000 "kB to check 100000 points with an optimizer each"
measure points.yaml --quiet
at_most "$peak" 90000 "kB in memory with 100000 points with an optimizer each"
at_most "$written" $((before * 21 / 2)) "bytes written for 10 times the points"
for again in "points.yaml" "table results/points" "report results/points" "verify results/points --sample 3" \
    "diff results/points results/points"; do
    # shellcheck disable=SC2086
    measure $again
    at_most "$peak" 95000 "kB in memory: $again"
done
# Nearly all have ended when it goes on.
head -n 99000 results/points/journal.jsonl >journal && mv journal results/points/journal.jsonl
measure points.yaml --quiet
at_most "$peak" 100000 "kB in memory to train the last of 100000 points"
measure report results/points results/points --output two.html
at_most "$peak" 150000 "kB to compare two runs of 100000 points on a page"
cube large 100 100 100
measure check large.yaml
at_most "$peak" 350000 "kB to check a million points of three axes"
points million 1000
measure check million.yaml seeds=1000
at_most "$peak" 100000 "kB to check a million trials"
expect 2 timeout 5 "$RUNNER" check million.yaml seeds=1000000
says err "the grid has 1000000000 trials (1000 points, 1000000 seeds); more than 1000000 are refused"
