#!/bin/bash
# Disks that are full, small or read-only, and results folders that vanish or hold links to elsewhere: a clear error that names the file
# and the cause, no torn file, nothing written outside of the results folder, and the next run goes on and ends with the same bytes.
# ctest: timeout 400
# ctest: no-thread-sanitizer (under the limit on files, clang's thread sanitizer with libomp ends by SIGBUS)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"

grid() { # NAME EPOCHS
    cat >"$1.yaml" <<END
experiment: $1
dataset: {digits: {train: 60, test: 20}}
model: [{dense: {units: 10, activation: softmax}}]
loss: categorical_crossentropy
optimizer: sgd
train: {batch_size: 20, epochs: $2}
grid: {train.init_seed: [0, 1, 2, 3, 4, 5]}
END
}
grid grid 500
expect 0 "$RUNNER" grid.yaml --results good
# What stands under a name of ours is whole: tables end with their line, the page with its tag.
whole() { # FOLDER
    for file in "$1"/*.csv "$1"/*.html "$1"/*.yaml "$1"/*.json; do
        [ ! -e "$file" ] || [ "$(tail -c 1 "$file" | od -An -tx1 | tr -d ' ')" = 0a ] || fail "$file is torn"
    done
}

# A disk of some sizes, from one that takes the journal's first lines to one that takes all but the report
full() { # KB: within a name space in which `disk` is a small disk
    mount -t tmpfs -o size="$1"k none disk 2>/dev/null || exit 77
    "$RUNNER" grid.yaml --results disk --workers 1 >out 2>err
    status=$?
    [ $status = 4 ] || [ $status = 0 ] || { cat err; fail "exit status $status instead of 4 on a disk of $1 KB"; }
    if [ $status = 4 ]; then
        grep -qE 'error: .*disk.*: No space left on device' err || { cat err; fail "no file and cause"; }
    fi
    whole disk/grid
    [ -z "$(find disk -name '.runner-*')" ] || fail "temporary files stay"
    echo "$status" >>statuses
    cp -r disk after
}
# What has ended is shown where nothing can be written, and what has not is an error.
closed() { # within a name space in which `disk` holds the results and may be read alone
    mount --bind good disk && mount -o remount,bind,ro disk || exit 77
    "$RUNNER" grid.yaml --results disk >shown 2>err || { cat err; exit 1; }
    for options in --fresh seeds=2; do
        "$RUNNER" grid.yaml --results disk $options >out 2>err
        [ $? = 4 ] || { cat err; exit 1; }
    done
}
mkdir disk
if unshare -rm mount -t tmpfs none disk 2>unshare.err; then
    export RUNNER
    for size in 8 60 120 240; do
        rm -rf after
        (export -f full fail whole && unshare -rm bash -c "full $size") || fail "a disk of $size KB"
        expect 0 "$RUNNER" grid.yaml --results after
        same good/grid after/grid
    done
    [ "$(grep -c 4 statuses)" -ge 3 ] || fail "hardly a disk was too small: $(cat statuses)"
    grep -q 'trials are finished' err || fail "what was finished is lost"
    expect 0 "$RUNNER" grid.yaml --results good
    cp out wanted
    cp -r good kept.good
    (export -f closed && unshare -rm bash -c closed) || fail "a folder that may be read alone"
    sed 's/disk\/grid/good\/grid/' shown | cmp - wanted || fail "another table where nothing can be written"
    diff -r good kept.good || fail "something was written"
fi

# Without a small disk: no file may grow beyond some blocks. And a folder that may not be written; root may all the same.
for blocks in 2 80; do
    rm -rf results
    bash -c "ulimit -f $blocks; exec \"\$0\" grid.yaml --workers 1" "$RUNNER" >out 2>err
    status=$?
    [ $status = 4 ] || { cat err; fail "exit status $status instead of 4 with files of $blocks blocks"; }
    says err "File too large"
    [ $blocks = 2 ] || says err "results/grid/journal.jsonl: cannot write the journal"
    whole results/grid
    expect 0 "$RUNNER" grid.yaml
    same good/grid results/grid
done
expect 4 "$RUNNER" grid.yaml --results /proc/nothing
says err "/proc/nothing: No such file or directory; use another --results"
if [ "$(id -u)" != 0 ]; then
    mkdir -m 555 closed
    expect 4 "$RUNNER" grid.yaml --results closed
    says err "cannot make the folder closed/grid: Permission denied"
fi
echo "$RUNNER" >standing
expect 4 "$RUNNER" grid.yaml --results standing
says err "standing"
"$RUNNER" table results/grid >/dev/full 2>err
[ $? = 4 ] || fail "a full standard output is no error"
says err "cannot write to the standard output: No space left on device"

# A folder that vanishes while trials run, after the first tables: an error, and the next run makes it anew.
grid long 20000
"$RUNNER" long.yaml --workers 1 >out 2>err &
pid=$!
for _ in $(seq 2400); do
    [ -s results/long/timing_summary.csv ] && break
    sleep 0.05
done
rm -r results/long || fail "the folder is still there"
wait $pid
status=$?
[ $status = 4 ] || { cat err; fail "exit status $status instead of 4"; }
says err "results/long"
grid long 30
expect 0 "$RUNNER" long.yaml
[ "$(wc -l <results/long/trials.csv)" = 7 ] || fail "not 6 trials"

# Links: a folder that somebody made ready leads nowhere else. Files that are replaced whole take the link's place.
mkdir outside
echo precious >outside/file
echo remains >outside/.runner-1-0.tmp
echo old >outside/0123456789abcdef0123456789abcdef.checkpoint
cp -r outside kept
for link in .lock:file journal.jsonl:file .lock:new journal.jsonl:new; do
    rm -rf results
    mkdir -p results/grid
    ln -s "$PWD/outside/${link#*:}" "results/grid/${link%:*}"
    expect 4 "$RUNNER" grid.yaml
    says err "results/grid/${link%:*}"
    diff -r outside kept || fail "something was written through ${link%:*}"
done
for file in config.yaml epochs.csv trials.csv report.html manifest.json; do
    rm -rf results
    mkdir -p results/grid
    ln -s "$PWD/outside/file" "results/grid/$file"
    expect 0 "$RUNNER" grid.yaml
    diff -r outside kept || fail "something was written through $file"
    [ ! -L "results/grid/$file" ] || fail "$file is still a link"
done
sed 's/epochs: 500/epochs: 3, checkpoint: 1 epoch/; s/experiment: grid/experiment: saving/; $a save: last' grid.yaml >saving.yaml
for folder in weights checkpoints plots; do
    rm -rf results
    mkdir -p results/saving
    ln -s "$PWD/outside" "results/saving/$folder"
    "$RUNNER" saving.yaml >out 2>err
    cat out err | grep -qF "results/saving/$folder is a symbolic link" || { cat out err; fail "the link $folder goes unnoticed"; }
    diff -r outside kept || fail "something was written through $folder"
done
rm -rf results
mkdir results
ln -s "$PWD/outside" results/grid
expect 4 "$RUNNER" grid.yaml
says err "results/grid is a symbolic link"
diff -r outside kept || fail "something was written through the results folder"
