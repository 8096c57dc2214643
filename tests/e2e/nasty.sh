#!/bin/bash
# What no plugin should do, and what the host might take for granted: each costs its own trial, if any. (See also contain.sh, misbehave.sh.)
# ctest: timeout 400
# ctest: no-sanitizer (they catch the faults themselves, and bring an allocator of their own)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
export RUNNER_PLUGIN_PATH=$plugins/nasty
mkdir tmp
export TMPDIR=$PWD/tmp RUNNER_PLUGIN_WRITE_PATH=
cat >wanted <<'END'
late_writer done
raise_limits failed memory limit
strict done
timer done
no_wait done
send_descriptors failed protocol
endless_rows failed protocol
one_line done
unmap failed SIGSEGV
be_nice done
deep_folders done
zone done
zero_orders done
lack_and_recurse failed stack overflow
END
grid() { # NAME AXIS
    cat >"$1.yaml" <<END
experiment: $1
dataset: {digits: {train: 300, test: 50}}
model: [{dense: {units: 10, activation: relu}}, {dense: {units: 10, activation: softmax}}]
loss: categorical_crossentropy
optimizer: sgd
metrics: [accuracy]
train: {batch_size: 50, epochs: 3}
time_limit: 10 s
memory_limit: 100 MB
grid: {optimizer: $2}
END
}
axis="first: sgd, unload: {nasty: {act: unload}}"
while read -r act _; do axis="$axis, $act: {nasty: {act: $act}}"; done <wanted
grid bad "{$axis, last: adam}"
grid good "{first: sgd, last: adam}"
expect 0 "$RUNNER" good.yaml -q
expect 1 "$RUNNER" bad.yaml --workers 2 -q
trials() { # FOLDER: rows of the good trials, without their number
    grep -hE ',(first|last),' "$1/trials.csv" "$1/epochs.csv" | cut -d, -f2-
}
trials results/good >good.rows
trials results/bad >bad.rows
cmp good.rows bad.rows || fail "other trials have other bytes"
log_of() { printf 'results/bad/logs/trial-%04d.log' "$(grep ",$1,0," results/bad/trials.csv | cut -d, -f1)"; }
while read -r name status reason; do
    row=$(grep ",$name,0," results/bad/trials.csv)
    case $row in *",$name,0,$status,$reason,"*) ;; *) fail "$name: wanted $status, $reason; found $row" ;; esac
    says "$(log_of "$name")" "last words of $name"
done <wanted
grep -qE ',unload,0,(done,|failed,SIGSEGV),' results/bad/trials.csv || fail "unload: $(grep unload results/bad/trials.csv)"
log=$(log_of be_nice)
for what in scheduler affinity priority all orphan; do says "$log" "$what: -1"; done
log=$(log_of one_line)
says "$log" "bytes are left out"
[ "$(wc -c <"$log")" -lt 200000 ] || fail "$log is large"
[ -z "$(ls tmp)" ] || fail "temporary files stay: $(find tmp | head -3)"

# Those that do nothing to themselves end as a plugin that does nothing.
rows_of() { grep ",$1,0," results/bad/epochs.csv | cut -d, -f4-; }
for act in timer no_wait late_writer one_line be_nice deep_folders zero_orders strict; do
    diff <(rows_of zone) <(rows_of $act) || fail "$act: other bytes"
done

# A process that a plugin starts when it is opened goes with the worker, whatever session it asks for.
mark=nasty-$$
expect 0 env NASTY_OUTLIVES=$mark "$RUNNER" bad.yaml optimizer='[{nasty: {act: zone}}]' --results outlive -q
for ((i = 0; i < 50; i++)); do
    grep -qsx "$mark" /proc/[0-9]*/comm || break
    pause 0.1
done
! grep -sx "$mark" /proc/[0-9]*/comm || fail "a process outlives the run"
