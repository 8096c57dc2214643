#!/bin/bash
# Makes the reference tables of the shipped studies again: all of studies.sh, or those named.
#     [RUNNER=build/release/runner] [SCRATCH=FOLDER] results/reference/regenerate.sh [NAME...]
# With SCRATCH the runs stay in that folder, and one that is there already is not trained again.
# What holds times is left out: timing.csv, the journal and the claims on times. Of manifest.json stays what does not depend on the machine
# and on this run: the command, versions, data with their hashes, and plugins, but for the places and hashes of their files, which each
# build makes anew.
set -eu
cd "$(dirname "$0")/../.."
runner=${RUNNER:-build/release/runner}
configs=configs
. results/reference/studies.sh
[ $# -gt 0 ] || {
    # shellcheck disable=SC2046 # words
    set -- $(studies)
}
scratch=${SCRATCH:-$(mktemp -d)}
mkdir -p "$scratch"
[ -n "${SCRATCH:-}" ] || trap 'rm -rf "$scratch"' EXIT
for name; do
    study_overrides "$name"
    "$runner" "configs/$name.yaml" "${overrides[@]}" --results "$scratch" >"$scratch/out"
    cat "$scratch/out"
    made=$(sed -n 's,^results: \(.*\)/$,\1,p' "$scratch/out") kept=results/reference/$name
    command=$(printf ', "%s"' "${overrides[@]}")
    mkdir -p "$kept"
    for file in config.yaml points.csv trials.csv epochs.csv summary.csv comparisons.csv ranks.csv; do
        cp "$made/$file" "$kept/"
    done
    sed -e '/^  "command": \[/,/^  \],/c\  "command": ["runner", "configs/'"$name.yaml\"$command"'],' \
        -e '/^  "\(machine\|trials\)": {/,/^  },/d; /^  "\(started\|ended\|blas\|workers\|threads\)":/d' \
        -e '/^  "plugins": \[/,$ { /^      "\(file\|xxh3_128\|foreign\)":/d; /^      "version":/s/,$// }' \
        "$made/manifest.json" >"$kept/manifest.json"
    # The column `times` is the last but one; the statement before it is quoted where it has commas.
    grep -vE ',yes,[^,]*$' "$made/claims.csv" >"$kept/claims.csv"
done
