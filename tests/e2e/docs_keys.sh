#!/bin/bash
# docs/config.md has every key of a config with an example that `runner check` takes, and docs/results.md every column of the tables.
# ctest: no-thread-sanitizer (what it looks at is one thread)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
docs=$RUNNER_SOURCE_DIR/docs

# section TITLE: the rows of the table under it, without their header
section() {
    sed -n "/^## $1\$/,/^## /p" "$docs/config.md" | grep '^|' | tail -n +3
}
# keys TITLE: the first cells
keys() {
    section "$1" | sed 's/^| \[\{0,1\}`\([a-z_]*\)`.*/\1/' | sort
}
# properties NAME...: of the schema, below the properties of that name
properties() {
    "$RUNNER" schema >schema
    if [ $# = 0 ]; then
        sed -n '/^ "properties": {/,/^ }/s/^  "\([a-z_]*\)": {.*/\1/p' schema | sort
    else
        sed -n "s/^ *\"$1\.\([a-z_]*\)\": {.*/\1/p" schema | sort
    fi
}
for title in "Every key" '`train`' '`engine`'; do
    keys "$title" >documented
    [ -s documented ] || fail "no table under $title"
    case $title in
        E*) properties >there ;;
        *) properties "$(echo "$title" | tr -d '`')" >there ;;
    esac
    cmp -s documented there || fail "$title: in the docs or in the program alone: $(comm -3 documented there | tr -s '\t\n' ' ')"
done

# Each example, in place of what the config has under that key
cat >base.yaml <<'END'
dataset: {digits: {train: 200, test: 100, validation: 0.1}}
model: [{dense: {units: 10, activation: softmax}}]
loss: categorical_crossentropy
optimizer: adam
metrics: [accuracy]
grid: {train.batch_size: [10, 100]}
seeds: 1
END
expect 0 "$RUNNER" base.yaml -q train.batch_size=10 save=last
cp results/*/weights/*-epoch-1.npz weights.npz
n=0
# try SECTION KEY EXAMPLE
try() {
    n=$((n + 1))
    grep -v "^$2:" base.yaml >example.yaml
    case $1.$2 in
        top.include) echo "$3" >example.yaml ;;
        top.cases) sed -i '/^grid:/d' example.yaml && echo "$3" >>example.yaml ;;
        top.*) echo "$3" >>example.yaml ;;
        *) echo "$1: {$3}" >>example.yaml ;;
    esac
    expect 0 "$RUNNER" check example.yaml
    [ ! -s err ] || fail "the example of $2 has warnings: $(cat err)"
}
examples() { # SECTION TITLE CELL
    section "$2" | while IFS='|' read -r _ a b c d _; do
        cell=$c
        [ "$3" = 3 ] || cell=$d
        key=$(echo "$a" | sed 's/.*`\([a-z_]*\)`.*/\1/')
        try "$1" "$key" "$(echo "$cell" | sed 's/^ *`//; s/` *$//')" || exit 1
    done || exit 1
}
examples top "Every key" 4
examples train '`train`' 4
examples engine '`engine`' 4

# Columns: those of each table but for metrics and axes
cat >columns.yaml <<'END'
include: [base.yaml]
grid: {train.batch_size: [10, 20, 100]}
seeds: 3
callbacks: [{early_stopping: {patience: 1}}]
train: {epochs: 2}
claims: ["test_accuracy(batch_size=10) > test_accuracy(batch_size=100)"]
END
expect 0 "$RUNNER" columns.yaml -q
sed -n '/^## Columns$/,/^## /p' "$docs/results.md" | grep '^|' >table
for file in results/columns/*.csv; do
    name=$(basename "$file")
    awk -F'|' -v name="\`$name\`" '$2 ~ /`/ { here = index($2, name) } here { print $3 }' table >cells
    [ -s cells ] || fail "no rows of $name"
    figures=- # the columns of which there are several statistics
    case $name in *summary.csv) figures='_(mean|sd|se|median|min|max|ci95_low|ci95_high)$' ;; esac
    for column in $(head -1 "$file" | tr ',' '\n' | grep -vE '^(train|val|test|best)_(loss|accuracy|eval)|\.' | grep -vE -e "$figures"); do
        grep -qF "\`$column\`" cells || fail "docs/results.md does not say what the column $column of $name is"
    done
done
