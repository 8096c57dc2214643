#!/bin/bash
# The run ends in an answer: a sentence a comparison, a line a claim, and the exit status where it is asked for.
# ctest: no-thread-sanitizer (the threads of its trials are those of other tests)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
small grid 3
sed -i 's/^seeds: 2/seeds: 4\nbaseline: {batch_size: full}/' grid.yaml
cp grid.yaml asks.yaml
cat >>asks.yaml <<'END'
claims:
  - "test_loss(batch_size=7) < test_loss(batch_size=full)"
END
expect 0 "$RUNNER" asks.yaml --check-claims
says out "test_accuracy, against batch_size=full: " "better               batch_size=7: test_accuracy higher by" \
    "4 won, 0 tied, 0 lost" "claims: 1 holds, 0 fail, 0 undecided" "holds: left - right is -"
expect 0 "$RUNNER" table results/grid --check-claims

# The config of `table CONFIG` asks, not the run: another claim needs no training.
cat >>asks.yaml <<'END'
  - "test_loss(batch_size=7) > test_loss(batch_size=full)"
  - "test_loss(batch_size=7) < test_loss(batch_size=full) - 1e6"
  - "sd(test_loss(batch_size=7)) > 1e-3 * sd(test_loss(batch_size=full))"
END
expect 0 "$RUNNER" table asks.yaml
says out "claims: 2 hold, 2 fail, 0 undecided"
expect 3 "$RUNNER" table asks.yaml --check-claims
says err "2 of 4 claims do not hold: 2 fail, 0 undecided"
expect 3 "$RUNNER" asks.yaml --check-claims -q
[ ! -s out ] || fail "--quiet is not quiet"
expect 0 "$RUNNER" asks.yaml -q

# What is undecided is not shown to hold; two seeds decide nothing.
expect 3 "$RUNNER" asks.yaml seeds=2 --check-claims
says out "no verdict on test_accuracy: that takes 3 seeds at least, here are 2" "undecided: fewer than 3 seeds"
says err "4 of 4 claims do not hold: 0 fail, 4 undecided"

# For programs: an event a claim, with what claims.csv says, before the end.
expect 0 "$RUNNER" asks.yaml --json -q
[ "$(grep -c '"event":"claim"' out)" = 4 ] || fail "not an event a claim"
[ "$(tail -n 1 out | grep -c '"event":"end"')" = 1 ] || fail "the end is not the last event"
tail -n +2 results/grid/claims.csv | sed 's/^\([0-9]*\),"\{0,1\}\(.*[^"]\)"\{0,1\},\(holds\|fails\|undecided\),\([0-9]*\),.*/\1 \2 \3 \4/' >wanted
sed -n 's/.*"event":"claim".*"claim":\([0-9]*\),"statement":"\(.*\)","verdict":"\([a-z]*\)","n":\([0-9]*\),"estimate":.*/\1 \2 \3 \4/p' out >events
diff wanted events || fail "events say other than claims.csv"
grep -q '"claim":1,.*"verdict":"holds","n":4,"estimate":-[0-9.]*,"ci95_low":-[0-9.]*,"ci95_high":-[0-9.]*,"threshold":0.0,"times":false,"reason":""}' out ||
    fail "members of a claim"
expect 0 "$RUNNER" asks.yaml seeds=2 --json -q
says out '"verdict":"undecided","n":2' '"reason":"fewer than 3 seeds"'

# Overrides may have taken a column away: that is a warning. Without them it is a mistake, before anything trains.
sed 's/test_loss(batch_size=7) < /test_los(batch_size=7) < /' asks.yaml >typo.yaml
expect 2 "$RUNNER" check typo.yaml
says err "typo.yaml:" "claim: unknown column 'test_los'; did you mean 'test_loss'?"
expect 0 "$RUNNER" typo.yaml train.epochs=1 seeds=3
says err "warning: claim: unknown column 'test_los'; did you mean 'test_loss'?"
says out "undecided: no seed has a value on the left side"

# Quietly only the exit status tells.
expect 3 "$RUNNER" table asks.yaml seeds=2 --check-claims -q
[ ! -s out ] || fail "table -q prints"

# Long families are cut.
expect 0 "$RUNNER" grid.yaml 'train.batch_size=[4,5,6,7,8,9,10,11,12,13,14,15,16,full]' train.epochs=1 seeds=3
says out "the 12 clearest of 13, with a verdict and by the size of the difference; comparisons.csv has all:"
