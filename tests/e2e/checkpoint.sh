#!/bin/bash
# A long trial that is killed goes on from its checkpoint, trains the rest alone, and ends in the bytes of an undisturbed run. A checkpoint
# that is damaged, or of what is another trial now, is not gone on from.
# ctest: timeout 400
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
cat >long.yaml <<'END'
experiment: long
dataset: {digits: {train: 300, test: 100, validation: 0.1}}
model:
  - dense: {units: 20, activation: relu}
  - batch_normalization
  - dropout: {rate: 0.2}
  - dense: {units: 10, activation: softmax}
loss: categorical_crossentropy
metrics: [accuracy]
optimizer: nadam
callbacks: [tell_epoch]
train: {batch_size: 4, epochs: 10, checkpoint: 2 epochs}
save: [1, best, last]
END
run() { # STATUS words...
    expect "$1" "$RUNNER" --plugin-dir "$plugins/tell_epoch" long.yaml --retry "${@:2}"
}
checkpoints=results/long/checkpoints
log=results/long/logs/trial-0001.log

# begin: a run that stands still after its seventh epoch, with a checkpoint of an earlier one
begin() {
    rm -rf results held
    : >hold
    "$RUNNER" --plugin-dir "$plugins/tell_epoch" long.yaml >out 2>err &
    pid=$!
    for _ in $(seq 3000); do
        [ -e held ] && ls $checkpoints/*.checkpoint >checkpoint.name 2>/dev/null && break
        sleep 0.05
    done
    [ -s checkpoint.name ] || fail "no checkpoint was written"
    ls results/long/weights/*-epoch-1.npz >weights.name 2>&1 || fail "weights of epoch 1 are not there before a checkpoint"
}
finished_whole() { # WHAT
    same whole/long results/long
    diff -r whole/long/weights results/long/weights || fail "$1: the weights differ"
    [ ! -e $checkpoints ] || fail "$1: a checkpoint stays: $(ls $checkpoints)"
}

run 0 --results whole
[ "$(grep -c trained whole/long/logs/trial-0001.log)" = 10 ] || fail "not 10 epochs in an undisturbed run"
[ ! -e whole/long/checkpoints ] || fail "a checkpoint stays after an undisturbed run"
says whole/long/config.yaml 'checkpoint: "2 epochs"'

for victim in supervisor worker interrupt; do
    begin
    case $victim in
    supervisor) kill -9 $pid ;;
    worker) kill -9 "$(pgrep -P $pid | head -1)" ;;
    interrupt) kill -TERM $pid ;;
    esac
    wait $pid 2>/dev/null
    rm hold
    [ -s "$(cat checkpoint.name)" ] || fail "$victim: the checkpoint is gone"
    run 0 --threads 1
    says err "seed=0: resumed at epoch "
    epoch=$(sed -n 's/.*resumed at epoch \([0-9]*\), update .*/\1/p' err)
    [ "$epoch" -ge 2 ] && [ $((epoch % 2)) = 0 ] || fail "$victim: resumed at epoch $epoch"
    [ "$(grep trained $log | head -n 1)" = "trained $((epoch + 1))" ] || fail "$victim: not gone on after epoch $epoch: $(head -n 1 $log)"
    [ "$(grep -c trained $log)" = $((10 - epoch)) ] || fail "$victim: more than the rest was trained"
    finished_whole $victim
done

# Damaged: passed over with a warning.
begin
kill -9 $pid
wait $pid 2>/dev/null
rm hold
size=$(stat -c %s "$(cat checkpoint.name)")
cp -r results kept
for damage in truncated flipped empty; do
    rm -rf results
    cp -r kept results
    case $damage in
    truncated) truncate -s $((size / 2)) "$(cat checkpoint.name)" ;;
    flipped) printf '\xff\xfe\xfd' | dd of="$(cat checkpoint.name)" bs=1 seek=$((size / 3)) conv=notrunc status=none ;;
    empty) : >"$(cat checkpoint.name)" ;;
    esac
    run 0
    says err "seed=0: starts over, since its checkpoint is of no use: it is "
    finished_whole $damage
done

# Of another trial: dropped, even under the other's name.
rm -rf results
cp -r kept results
sed 's/nadam/{nadam: {beta_1: 0.8}}/' long.yaml >other.yaml
expect 0 "$RUNNER" --plugin-dir "$plugins/tell_epoch" other.yaml
says err "1 checkpoint was dropped"
[ "$(head -n 1 $log)" = "trained 1" ] || fail "a changed trial did not start over"
key=$(sed -n 's/.*"kind":"trial","key":"\([0-9a-f]*\)".*/\1/p' results/long/journal.jsonl)
rm -rf results
cp -r kept results
mv "$(cat checkpoint.name)" "$checkpoints/$key.checkpoint"
expect 0 "$RUNNER" --plugin-dir "$plugins/tell_epoch" other.yaml
says err "its checkpoint is of no use: it is of another trial"
rm -rf results
cp -r kept results
run 0 --fresh
! grep -q resumed err || fail "--fresh went on from a checkpoint"
finished_whole fresh

# How often is no part of the trial, and nothing that verify does.
expect 0 "$RUNNER" --plugin-dir "$plugins/tell_epoch" verify results/long
sed -i 's/checkpoint: 2 epochs/checkpoint: 100 ms/' long.yaml
run 0
says err "nothing to train"
sed -i 's/checkpoint: [^}]*/checkpoint: 5/' long.yaml
run 2
says err "long.yaml:12:48: error: train.checkpoint is 5; wanted '5 epochs', '3000 updates', '10 minutes' or null"
exit 0
