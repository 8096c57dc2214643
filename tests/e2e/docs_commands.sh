#!/bin/bash
# The commands of README.md and docs/ run as they are printed, but for those that need MNIST, the network or another shell; and what
# docs/config.md says of a search and of the comparison behind it is so.
# ctest: timeout 300
# ctest: no-sanitizer (its commands are those of other tests, of more work)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
docs=$RUNNER_SOURCE_DIR/docs
mkdir -p build && ln -s "$(dirname "$RUNNER")" build/release
export PATH="$PWD/build/release:$PATH"

# block FILE LANGUAGE N: the Nth code block of the language
block() {
    awk -v "from=^\`\`\`$2\$" -v "n=$3" '$0 ~ from { inside = ++seen == n; next } /^```/ { inside = 0 } inside' "$1"
}
block "$RUNNER_SOURCE_DIR/README.md" yaml 1 | sed 's/^dataset: digits$/dataset: {digits: {train: 600, test: 200}}/' >first.yaml
grep -q 'train: 600' first.yaml || fail "the README has no first.yaml with digits"

# commands FILE: lines of its sh blocks that call runner, without their comments
commands() {
    awk '/^```sh$/ { inside = 1; next } /^```/ { inside = 0 } inside && /^(build\/release\/)?runner / { sub(/ +#.*/, ""); print }' "$1"
}
ran=0
for file in "$RUNNER_SOURCE_DIR/README.md" "$docs"/{progress,results,editors}.md; do
    commands "$file" >lines
    while read -r line; do
        case $line in *"| source" | *"| man "*) line=${line%%|*} ;; esac # fish's, and a pager
        bash -c "$line" >out 2>err </dev/null || fail "$file: $line: $(cat err)"
        ran=$((ran + 1))
    done <lines
done
[ $ran -ge 13 ] || fail "only $ran commands"
[ -s runner.schema.json ] && [ -s table.tex ] || fail "no schema or no table"
ln -s "$RUNNER_SOURCE_DIR/configs" configs
commands "$docs/lecture.md" | grep 'dataset=mnist' | sed 's/^runner/runner check/; s/=mnist/=digits/' >lines
[ "$(wc -l <lines)" = 2 ] || fail "the lecture's page has another number of commands for activations and optimizers"
while read -r line; do
    # shellcheck disable=SC2086 # several words
    expect 0 $line
done <lines

# The search of docs/config.md, and the comparison of what it found.
sed -n '/^### Search, then compare$/,/^## /p' "$docs/config.md" >section
block section yaml 1 >search.yaml
block section yaml 2 >final.yaml
commands section >lines
[ "$(wc -l <lines)" = 3 ] || fail "another number of commands of a search"
while read -r line; do
    expect 0 bash -c "$line"
    grep -qF val_accuracy out || [ "$line" = "runner search.yaml" ] || fail "no accuracies: $line"
done <lines
for method in momentum adam; do # the rate that final.yaml takes has the highest accuracy on validation rows, and is no end of its list
    case $method in momentum) axis=sgd ;; *) axis=adam ;; esac
    runner table search.yaml --where method=$method --by $axis.learning_rate --metric val_accuracy --format csv --show mean >table.csv
    best=$(grep '^[0-9]' table.csv | sort -t, -k "$(head -1 table.csv | tr ',' '\n' | grep -n 'mean' | cut -d: -f1)" -g | tail -1 | cut -d, -f1)
    grep -q "$method: .*learning_rate: \[$best\]" final.yaml || fail "final.yaml does not take $best for $method"
    grep -q "$method: .*learning_rate: \[[^,]*, $best, " search.yaml || fail "$best is an end of the list of $method"
done
expect 0 runner final.yaml -q
grep -q '^test_accuracy,1,momentum,0.1,,baseline,2,' results/final/comparisons.csv || fail "momentum is not compared with adam"
