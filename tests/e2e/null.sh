#!/bin/bash
# A hundred identical settings: about 5 in 100 tests against a baseline are below 5 %, more against the best, which was chosen by looking;
# after the correction next to none is called better or worse. unit/results/null_test.c has the rate of families, from thousands of
# them; null_whole.sh real ones.
# ctest: timeout 600 (seconds of work, which may wait for the other tests)
# ctest: no-thread-sanitizer (the threads of its trials are those of other tests)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
. "$RUNNER_SOURCE_DIR/tests/e2e/lib_null.sh"
for baseline in '{copy: 1}' '{copy: 50}' best; do
    null_config 100 "$baseline"
    expect 0 "$RUNNER" identical.yaml -q
    null_count results/identical | sed "s/^/$baseline /; s/{copy: /{copy:/" >>counts
done
cat counts
awk '$1 != "best" { tests += $3; low += $4 }
    { families++; wrong += $5 > 0; false_ += $5 }
    END { exit !(families == 6 && tests == 396 && low > 0.02 * tests && low < 0.1 * tests && wrong <= 1 && false_ <= 1) }' counts ||
    fail "other counts"

# The settings are not the same trials under other names.
[ "$(tail -n +2 results/identical/summary.csv | cut -d, -f6 | sort -u | wc -l)" = 100 ] || fail "settings with equal means"
