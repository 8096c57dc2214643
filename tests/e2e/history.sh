#!/bin/bash
# With given weights and unshuffled rows the losses of every epoch are PyTorch's, to 1e-5 of each; history/history.py made the values.
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
cp "$RUNNER_SOURCE_DIR"/tests/e2e/history/* .

# compare WANTED EPOCHS.CSV: prints what differs from the lines of EPOCH TRAIN_LOSS TEST_LOSS, where a dash stands for no value
compare() {
    awk -F, -v tolerance=1e-5 '
        function check(column, wanted, found) {
            if (wanted == "-" ? found == "" : found != "" && (wanted - found) ^ 2 <= (tolerance * wanted) ^ 2) return
            print "epoch " $at["epoch"] ": " column " is " found ", PyTorch has " wanted
            wrong = 1
        }
        NR == FNR { split($0, part, " "); train[part[1]] = part[2]; test[part[1]] = part[3]; epochs++; next }
        FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        {
            check("train_loss", train[$at["epoch"]], $at["train_loss"])
            check("test_loss", test[$at["epoch"]], $at["test_loss"])
            rows++
        }
        END {
            if (epochs != 9 || rows != epochs) { print rows + 0 " epochs instead of " epochs + 0; wrong = 1 }
            exit wrong
        }' "$1" "$2"
}

cases=0
while read -r word model optimizer; do
    [ "$word" = case ] || continue
    cases=$((cases + 1))
    awk -v wanted="case $model $optimizer" '/^case/ { on = $0 == wanted; next } on' history.txt >wanted
    cp "$model.yaml" "case$cases.yaml"
    sed -i "s/^experiment:.*/experiment: case$cases/" "case$cases.yaml"
    echo "optimizer: $optimizer" >>"case$cases.yaml"
    expect 0 "$RUNNER" "case$cases.yaml" </dev/null
    compare wanted "results/case$cases/epochs.csv" >differences || {
        cat differences >&2
        fail "the history of $model with $optimizer is not PyTorch's"
    }
done <history.txt
[ $cases = 12 ] || fail "$cases cases instead of 12"

# The comparison sees one loss that is off by twice what is allowed, and an epoch that is not there.
awk '$1 == 5 { $3 *= 1 + 2e-5 } 1' OFMT=%.12g CONVFMT=%.12g wanted >off
! compare off "results/case$cases/epochs.csv" >differences || fail "a wrong loss passes"
says differences "epoch 5: test_loss is"
sed '$d' "results/case$cases/epochs.csv" >short.csv
! compare wanted short.csv >differences || fail "a missing epoch passes"
exit 0
