#!/bin/bash
# Reports that are hard to set, looked at in a browser: long and hostile labels, trials that failed, diverged or have not ended, no
# trials at all, and several runs on one page.
# ctest: timeout 400 no-sanitizer (report.sh makes such reports there, and the pages are the same)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
. "$RUNNER_SOURCE_DIR/tests/e2e/lib_browser.sh"

cat >hard.yaml <<'END'
experiment: hard
description: "Some <b>markup</b> &amp; a word of 80 letters: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
dataset: {digits: {train: 200, test: 100}}
let: {rate: 0.1}
model:
  - dense: {units: 10, activation: softmax}
loss: categorical_crossentropy
optimizer: sgd
metrics: [accuracy]
train: {epochs: 2}
grid:
  train.batch_size: [10, full]
  optimizer:
    "<script>alert(1)</script>": {sgd: {learning_rate: 0.1}}
    '"; system("touch x"); "`touch x`': adam
    "a word that goes on: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb": {sgd: {learning_rate: 0.3}}
    diverges: {sgd: {learning_rate: 1.0e+30}}
    crashes: crash_step
seeds: 3
claims:
  - test_accuracy(batch_size=10) > test_accuracy(batch_size=full)
END
expect 1 "$RUNNER" --plugin-dir "$plugins/crash_step" hard.yaml
says results/hard/report.html SIGSEGV diverged
measure_run results/hard

# As while a grid is running, and as after an interruption: some trials have ended, or none.
for lines in 9 1; do
    cp -r results/hard part
    head -n $lines results/hard/journal.jsonl >part/journal.jsonl
    rm part/manifest.json
    expect 0 "$RUNNER" report part
    says part/report.html "not finished"
    measure part/report.html
    rm -r part
done

expect 1 "$RUNNER" --plugin-dir "$plugins/crash_step" hard.yaml train.epochs=1
expect 0 "$RUNNER" report results/hard results/hard,train.epochs=1 results/hard --output three.html
measure three.html
[ "$pictures" = 3 ] || fail "$pictures of 3 pictures are drawn"
