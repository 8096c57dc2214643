#!/bin/bash
# Makes the reference tables of the shipped studies again: all whose data set is embedded, or those named.
#     [RUNNER=build/release/runner] [SCRATCH=FOLDER] results/reference/regenerate.sh [NAME...]
# With SCRATCH the runs stay in that folder, and one that is there already is not trained again.
# They are made with the portable back end, whose bits are the same on every machine. What holds times is left out: timing.csv, the
# journal, the claims on times, and manifest.json but for the version of the engine's numbers, which `runner verify` compares.
set -eu
cd "$(dirname "$0")/../.."
runner=${RUNNER:-build/release/runner}
[ $# -gt 0 ] || {
    # shellcheck disable=SC2046 # words
    set -- $(grep -lE '^dataset: *(\{ *)?digits' configs/*.yaml | sed 's,.*/,,; s,\.yaml$,,')
}
scratch=${SCRATCH:-$(mktemp -d)}
[ -n "${SCRATCH:-}" ] || trap 'rm -rf "$scratch"' EXIT
for name; do
    "$runner" "configs/$name.yaml" engine.gemm=portable --results "$scratch"
    made="$scratch/$name,engine.gemm=portable" kept=results/reference/$name
    mkdir -p "$kept"
    for file in config.yaml points.csv trials.csv epochs.csv summary.csv comparisons.csv ranks.csv; do
        cp "$made/$file" "$kept/"
    done
    sed -n 's/.*"numerics": \([0-9]*\).*/{"runner": {"numerics": \1}}/p' "$made/manifest.json" >"$kept/manifest.json"
    # The column `times` is the last but one; the statement before it is quoted where it has commas.
    grep -vE ',yes,[^,]*$' "$made/claims.csv" >"$kept/claims.csv"
done
