#!/bin/bash
# The reference tables of results/reference come out again, also as on a processor of another level: trials of each study, with little work.
# Every study has tables. reference_whole.sh verifies all trials.
# ctest: timeout 900 (a few seconds of work, which may wait for the other tests)
# ctest: no-sanitizer (its trials take minutes there; verify.sh verifies others)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
reference=$RUNNER_SOURCE_DIR/results/reference

configs=$RUNNER_SOURCE_DIR/configs
. "$reference/studies.sh"
for config in "$configs"/*.yaml; do
    says "$config" "description: " "claims:"
done
for name in $(studies); do
    config=$configs/$name.yaml
    study_overrides "$name"
    [ -r "$reference/$name/trials.csv" ] || fail "no reference tables of $config: run results/reference/regenerate.sh $name"
    # They are of the config as it stands: the same trials, questions and seeds.
    expect 0 "$RUNNER" check "$config" "${overrides[@]}"
    trials=$(sed -n 's/.* = \([0-9]*\) trials$/\1/p' out)
    [ "$(tail -n +2 "$reference/$name/trials.csv" | wc -l)" = "$trials" ] || fail "$name: not $trials reference trials"
    # The manifest tells what made them, and nothing of where.
    says "$reference/$name/manifest.json" '"command": ["runner", "configs/'"$name.yaml"'"' '"compiler"' '"xxh3_128"' '"name": "categorical_crossentropy"'
    ! grep -qE '"(host|file|started)"' "$reference/$name/manifest.json" || fail "$name: the manifest names a machine or a time"
done

# verify NAME TRIAL [LEVEL]
verify() {
    RUNNER_CPU_LEVEL=${3:-4} expect 0 "$RUNNER" verify "$reference/$1" --trial "$2"
    says out "verified 1 of"
}
verify batchsize 21 3
verify depth 36 3
verify dropout 6
verify initialization 26 3
verify learning_rate 31
verify normalization 46 3
verify optimizers 8 3

# Without a manifest's word on the engine, a difference is still found, and nothing is claimed of the reason.
cp -r "$reference/initialization" changed
sed -i '13s/\([0-9]\)$/\1\1/' changed/trials.csv
expect 3 "$RUNNER" verify changed --trial 12
says out "trials.csv:13: trial 12, column test_accuracy" "no other engine, plugin, data or back end than manifest.json names"
sed -i '/"name": "sgd"/{ n; s/: .*/: "0.0.1"/ }' changed/manifest.json
expect 3 "$RUNNER" verify changed --trial 12
says out "may be why: optimizer sgd is another version: recorded with 0.0.1, now "
rm changed/manifest.json
expect 3 "$RUNNER" verify changed --trial 12
says out "trials.csv:13: trial 12, column test_accuracy" "changed/manifest.json cannot be read"
echo '{"runner": {"numerics": 0}}' >changed/manifest.json
expect 3 "$RUNNER" verify changed --trial 12
says out "may be why: the version of the engine's numbers: recorded with 0"
