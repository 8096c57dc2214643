# kill9 N [CHECKPOINT]: kills a run N times (with `train.checkpoint`), each at a random moment, the supervisor or (every other time) one of its workers; each is followed by a
# second run. Both together give the bytes of an undisturbed run, and no trial that is finished in the journal trains twice.

# The keys of finished trials in a journal, one a line. A torn last line is none.
finished() {
    grep -aE '"status":"(done|diverged)".*\}$' "$1" 2>/dev/null | sed -n 's/.*"key":"\([0-9a-f]*\)".*/\1/p'
}

kill9() {
    trap '[ $? = 0 ] || cat results/grid/logs/* >&2' EXIT # why a trial has failed
    cat >grid.yaml <<'END'
experiment: grid
dataset: {digits: {train: 400, test: 100}}
model: [{dense: {units: 30, activation: relu}}, {dense: {units: 10, activation: softmax}}]
loss: categorical_crossentropy
metrics: [accuracy]
optimizer: adam
train: {batch_size: 10, epochs: 8, checkpoint: CHECKPOINT}
grid: {optimizer: [sgd, adam], train.batch_size: [5, 10, 20]}
seeds: 2
END
    sed -i "s/CHECKPOINT/${2:-null}/" grid.yaml
    rm -rf whole
    start=$(date +%s%N)
    expect 0 "$RUNNER" grid.yaml --workers 2 -q --results whole
    took=$((($(date +%s%N) - start) / 1000))
    amid=0
    for i in $(seq "$1"); do
        rm -rf results
        "$RUNNER" grid.yaml --workers 2 -q >first.out 2>first.err &
        pid=$!
        # 30 random bits, to anywhere within the time of the whole run
        after=$(((RANDOM * 32768 + RANDOM) % took))
        sleep "$((after / 1000000)).$(printf %06d $((after % 1000000)))"
        victim=$pid
        worker=$(pgrep -P $pid | head -1)
        retry=
        [ $((i % 2)) = 0 ] && [ -n "$worker" ] && victim=$worker && retry=--retry
        kill -9 "$victim" 2>/dev/null
        wait $pid 2>/dev/null
        finished results/grid/journal.jsonl >before
        [ -s before ] && [ "$(wc -l <before)" -lt 12 ] && amid=$((amid + 1))
        # a worker's end costs its trial, the supervisor's costs none; without PATH no pictures are drawn, which would take most of the time
        expect 0 env PATH= "$RUNNER" grid.yaml --workers 2 -q $retry
        same whole/grid results/grid
        finished results/grid/journal.jsonl | sort | uniq -d >twice
        [ ! -s twice ] || fail "kill $i: a finished trial trained twice: $(cat twice)"
        [ "$(finished results/grid/journal.jsonl | wc -l)" = 12 ] || fail "kill $i: not 12 finished trials"
        ! find results/grid -name '.runner-*.tmp' | grep . || fail "kill $i: temporary files stay"
        [ ! -e results/grid/checkpoints ] || fail "kill $i: checkpoints stay"
    done
    echo "$1 kills, $amid of them between the first and the last finished trial"
}
