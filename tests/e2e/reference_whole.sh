#!/bin/bash
# All reference tables of results/reference come out again, whole, as on this processor and as on one of level 3.
# ctest: slow timeout 3000 no-sanitizer (it would take hours)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
for folder in "$RUNNER_SOURCE_DIR"/results/reference/*/; do
    for level in 4 3; do
        RUNNER_CPU_LEVEL=$level expect 0 "$RUNNER" verify "$folder"
        cat out
    done
done

# Tables that are made from all trials: comparisons, ranks and claims.
cp -r "$RUNNER_SOURCE_DIR/results/reference/initialization" changed
sed -i '2s/,worse,/,better,/' changed/comparisons.csv
sed -i '2s/,[0-9.]*,5,seed,/,9,5,seed,/' changed/ranks.csv
sed -i '2s/,holds,/,fails,/; $d' changed/claims.csv
expect 3 "$RUNNER" verify changed
says out "comparisons.csv: other bytes" "ranks.csv: other bytes" "claims.csv:2: claim 1, column verdict: recorded fails, now holds" \
    "claims.csv: other claims than recorded"
