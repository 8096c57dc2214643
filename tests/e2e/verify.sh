#!/bin/bash
# runner verify trains again and compares each cell: it agrees with itself and across processors, and finds what was changed.
# ctest: no-thread-sanitizer (the threads of its trials are those of other tests)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
small grid 2
sed -i 's/^seeds: 2/seeds: 2\nengine: {gemm: portable}/' grid.yaml
expect 0 "$RUNNER" grid.yaml -q
expect 0 "$RUNNER" verify results/grid
says out "verified 6 of 6 trials"
RUNNER_CPU_LEVEL=3 expect 0 "$RUNNER" verify results/grid/ --sample 2
says out "verified 2 of 6 trials"
expect 0 "$RUNNER" verify results/grid --sample 2000
says out "verified 6 of 6 trials"
expect 0 "$RUNNER" verify results/grid --trial 3
says out "verified 1 of 6 trials"
expect 0 "$RUNNER" verify results/grid --trial "$(sed -n 5p results/grid/trials.csv | cut -d, -f2)"
expect 2 "$RUNNER" verify results/grid --trial nobody
says err "no trial has the number or id 'nobody'"
expect 2 "$RUNNER" verify results/none
expect 2 "$RUNNER" verify .
says err ".: no results are there (no trials.csv)"
expect 2 "$RUNNER" verify

# Claims, without those on times
cat >claims.yaml <<'END'
include: grid.yaml
experiment: claims
claims:
  - "test_loss(batch_size=7) < test_loss(batch_size=full)"
  - "seconds(batch_size=7) > seconds(batch_size=full)"
END
expect 0 "$RUNNER" claims.yaml -q
expect 0 "$RUNNER" verify results/claims
sed -i '3s/[0-9]\.[0-9]/7.7/g' results/claims/claims.csv
expect 0 "$RUNNER" verify results/claims
sed -i '2s/undecided/holds/' results/claims/claims.csv
expect 3 "$RUNNER" verify results/claims
says out "claims.csv:2: claim 1, column verdict: recorded holds, now undecided"
expect 0 "$RUNNER" claims.yaml -q
expect 3 "$RUNNER" claims.yaml -q --check-claims
says err "claims do not hold: 0 fail, 2 undecided"
sed -i '2s/,[0-9]/,9/' results/claims/comparisons.csv
expect 3 "$RUNNER" verify results/claims
says out "comparisons.csv: other bytes than recorded"

# One digit of one cell
cp -r results/grid changed
sed -i '4s/\.\([0-9]\)\([0-9]*\)$/.\19\2/' changed/epochs.csv
expect 3 "$RUNNER" verify changed
says out "epochs.csv:4: trial 1, epoch 2, column" "epochs.csv: other bytes than recorded" "either the tables were changed"
expect 0 "$RUNNER" verify changed --trial 2
sed -i '2d' changed/trials.csv
expect 3 "$RUNNER" verify changed --trial 1
says out "1 of 1 trials are not in trials.csv"
[ -z "$(ls -d "${TMPDIR:-/tmp}"/runner-verify-* 2>/dev/null)" ] || echo "another verify may be at work" >&2

# Another plugin
mkdir other
cp "$RUNNER_BUILD_DIR/plugins/optimizers/adam.so" other/
printf x >>other/adam.so
cp -r results/grid changed2
sed -i '2s/[0-9]$/x/' changed2/trials.csv
expect 3 "$RUNNER" verify changed2 --plugin-dir other
says out "optimizer adam is another file: recorded with"

# Two points that are the same trial
small twice 1
sed -i 's/^grid:/grid:\n  optimizer: {default: sgd, explicit: {sgd: {learning_rate: 0.01}}}/; /^optimizer:/d' twice.yaml
expect 0 "$RUNNER" twice.yaml -q
[ "$(cut -d , -f 2 results/twice/trials.csv | sort | uniq -d | wc -l)" -gt 0 ] || fail "no two trials are the same"
expect 0 "$RUNNER" verify results/twice --trial 8
