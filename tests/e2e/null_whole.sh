#!/bin/bash
# Families of a hundred identical settings: about 5 % of the tests against a baseline are below 5 %, and not more than 5 % of the families have
# a false verdict, but for what chance adds to so few families: two standard errors.
# ctest: slow timeout 7200 no-sanitizer (it would take hours)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
. "$RUNNER_SOURCE_DIR/tests/e2e/lib_null.sh"
blocks=${NULL_BLOCKS:-60}
for ((block = 0; block < blocks; block++)); do
    seeds="seeds=[$(seq -s, $((5 * block)) $((5 * block + 4)))]"
    for baseline in '{copy: 1}' '{copy: 34}' '{copy: 67}' best; do # of the same trials
        null_config 100 "$baseline"
        expect 0 "$RUNNER" identical.yaml "$seeds" -q
        null_count results/identical,* | sed "s/^/$baseline /; s/{.*}/baseline/" >>counts
    done
    rm -r results
done
awk '{ key = $1 " " $2; tests[key] += $3; low[key] += $4; wrong[key] += $5 > 0; families[key]++ }
    END {
        for (key in tests) {
            printf "%s: %.2f %% of %d tests below 5 %%, %d of %d families with a false verdict\n", key,
                100 * low[key] / tests[key], tests[key], wrong[key], families[key]
            n = families[key]
            bad = bad || wrong[key] > 0.05 * n + 2 * sqrt(0.05 * 0.95 * n)
        }
        exit bad
    }' counts || fail "too many false verdicts"
