#!/bin/bash
# The tables are the same bytes for any number of workers and threads.
# ctest: timeout 240
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
small grid 3
expect 0 "$RUNNER" grid.yaml --results 1-1 --workers 1 --threads 1
[ "$(wc -l <1-1/grid/trials.csv)" = 7 ] || fail "not 6 trials"
[ "$(wc -l <1-1/grid/epochs.csv)" = 25 ] || fail "not 4 rows a trial"
for case in "1 2" "1 3" "2 1" "2 2" "2 3"; do
    set -- $case
    expect 0 "$RUNNER" grid.yaml --results "$1-$2" --workers "$1" --threads "$2"
    same 1-1/grid "$1-$2/grid"
done
head -1 1-1/grid/trials.csv >header
echo trial,id,train.batch_size,seed,status,reason,stopped_by,epochs,updates,train_loss,train_accuracy,val_loss,val_accuracy,test_loss,test_accuracy | cmp - header || fail "header of trials.csv"
head -1 1-1/grid/epochs.csv >header
echo trial,train.batch_size,seed,epoch,updates,examples,learning_rate,train_loss,train_accuracy,val_loss,val_accuracy,test_loss,test_accuracy | cmp - header || fail "header of epochs.csv"
cut -d , -f 1,3,4,5 1-1/grid/trials.csv | cmp - <<'END' || fail "points, seeds and order of trials.csv"
trial,train.batch_size,seed,status
1,7,0,done
2,7,1,done
3,32,0,done
4,32,1,done
5,full,0,done
6,full,1,done
END
[ "$(cut -d , -f 2 1-1/grid/trials.csv | sort -u | wc -l)" = 7 ] || fail "two trials have the same id"
