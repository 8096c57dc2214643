#!/bin/bash
# Many families of a hundred identical settings: about 5 % of the tests are below 5 %, and fewer than 5 % of the families have a false verdict
# against the baseline, or against the best.
# ctest: slow timeout 7200 no-sanitizer (it would take hours)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
. "$RUNNER_SOURCE_DIR/tests/e2e/lib_null.sh"
families=${NULL_FAMILIES:-200}
for ((family = 0; family < families; family++)); do
    seeds="seeds=[$(seq -s, $((5 * family)) $((5 * family + 4)))]"
    for baseline in '{copy: 1}' best; do
        null_config 100 "$baseline"
        expect 0 "$RUNNER" identical.yaml "$seeds" -q
        null_count results/identical,* | sed "s/^/$baseline /; s/{copy: 1}/baseline/" >>counts
    done
    rm -r results
done
awk '{ key = $1 " " $2; tests[key] += $3; low[key] += $4; wrong[key] += $5 > 0; families[key]++ }
    END {
        for (key in tests)
            printf "%s: %.2f %% of %d tests below 5 %%, %d of %d families with a false verdict\n", key,
                100 * low[key] / tests[key], tests[key], wrong[key], families[key]
        for (key in tests)
            bad = bad || wrong[key] >= 0.05 * families[key]
        exit bad
    }' counts || fail "too many false verdicts"
