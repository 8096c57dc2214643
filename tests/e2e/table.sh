#!/bin/bash
# runner table: axes, metrics and formats; the journal is enough; what is unknown is answered with the nearest name.
# ctest: no-thread-sanitizer (what it looks at is one thread)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
small grid 2
cat >>grid.yaml <<'END'
targets: {val_accuracy: 0.9}
END
sed -i 's/^grid:/&\n  optimizer: {adam: adam, "fast|sgd": {sgd: {learning_rate: 0.1}}}/' grid.yaml
expect 0 "$RUNNER" grid.yaml --quiet

expect 0 "$RUNNER" table results/grid
says out "12 trials; mean ± half of the 95 % interval (number of seeds); s/epoch: median" "sampling se" "± "
expect 0 "$RUNNER" table results/grid --by batch_size
says out "averaged over optimizer for each seed" "test_accuracy" "s/epoch"
expect 0 "$RUNNER" table results/grid --by batch_size,optimizer --metric test_accuracy,epochs_to_val_accuracy_0.9
says out "optimizer=adam" "optimizer=fast|sgd" "test_accuracy:" "epochs_to_val_accuracy_0.9:" "of 2)"
expect 0 "$RUNNER" table results/grid --by batch_size --where optimizer=adam --show n,mean,ci --metric test_loss
says out "only where optimizer=adam" "test_loss 95 % interval"
expect 0 "$RUNNER" table results/grid --by batch_size,optimizer --format markdown
says out "| batch_size | optimizer=adam | sampling se | optimizer=fast\\|sgd | sampling se |" "| ---: |"
expect 0 "$RUNNER" table results/grid --format latex
says out '\toprule' 'optimizer & batch\_size &' 'fast\textbar{}sgd' '$\pm$'

# The figures of the points are those of summary.csv.
expect 0 "$RUNNER" table results/grid --metric test_accuracy,test_loss --format csv
for figure in mean sd se ci95_low ci95_high median min max; do
    for metric in test_accuracy test_loss; do
        pick() {
            awk -F, -v name=${metric}_$figure 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i } { print $at }' "$1"
        }
        [ "$(pick out)" = "$(pick results/grid/summary.csv)" ] || fail "${metric}_$figure differs from summary.csv"
    done
done
[ "$(wc -l <out)" = 7 ] || fail "not a row a point"
expect 0 "$RUNNER" table results/grid --by batch_size,optimizer --format csv --long
[ "$(head -1 out | cut -d, -f1-3)" = "train.batch_size,optimizer,n_trials" ] || fail "another head of --long"
cp out first
expect 0 "$RUNNER" table results/grid --by batch_size,optimizer --format csv --long
cmp out first || fail "the same table has other bytes"

# The journal is enough, also one that is still written: here without its last trials.
mkdir part
head -8 results/grid/journal.jsonl >part/journal.jsonl
expect 0 "$RUNNER" table part --by batch_size --metric test_accuracy
says out "missing"
says err "trials are not finished"

expect 2 "$RUNNER" table results/grid --by batchsize
says err "unknown axis 'batchsize'; did you mean 'batch_size'?"
expect 2 "$RUNNER" table results/grid --metric tst_loss
says err "unknown metric 'tst_loss'; did you mean 'test_loss'?"
expect 2 "$RUNNER" table results/grid --show men
says err "did you mean 'mean'?"
expect 2 "$RUNNER" table results/grid --format latx
says err "did you mean 'latex'?"
expect 2 "$RUNNER" table results/grid --where optimizer=adm
says err "did you mean 'adam'?"
[ ! -s out ] || fail "a wrong name printed a table"
