#!/bin/bash
# A disk that is full: exit status 4, and what was finished before is kept.
# ctest: no-thread-sanitizer (under the limit on files, clang's thread sanitizer with libomp ends by SIGBUS)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
cat >long.yaml <<'END'
experiment: long
dataset: {digits: {train: 20, test: 10}}
model: [{dense: {units: 10, activation: softmax}}]
loss: categorical_crossentropy
train: {batch_size: 20}
optimizer: sgd
grid: {train.epochs: [10, 3000]}
END
# The long trial is costlier and so comes first, but its record does not fit.
bash -c "ulimit -f 200; exec \"\$0\" long.yaml train.epochs=10 -q" "$RUNNER" || fail "the short one does not fit"
bash -c "ulimit -f 200; exec \"\$0\" long.yaml --workers 1" "$RUNNER" >out 2>err
status=$?
[ $status = 4 ] || { cat err; fail "exit status $status instead of 4"; }
says err "cannot write the journal: File too large"
expect 0 "$RUNNER" long.yaml
[ "$(wc -l <results/long/trials.csv)" = 3 ] || fail "not 2 trials"
! ls results/long/.runner-* 2>/dev/null || fail "temporary files stay"
