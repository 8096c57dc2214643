#!/bin/bash
# The schema holds every component with every parameter that `runner plugins` shows, a plugin of one's own among them, and every key.
# ctest: no-thread-sanitizer (what it looks at is one thread)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
: >seen
holds_plugins() { # LIST...: options of the runner; what an earlier call has looked at is left out
    expect 0 "$RUNNER" plugins "$@"
    awk '/^[a-z]/ { kind = $1; name = $2 } /^ / { name = $1 } { print kind, name }' out | sort >all
    comm -23 all seen >names
    cp all seen
    [ -z "$RUNNER_SANITIZER" ] || sed -i '6~7!d' names # for which each look takes long, and is the same
    expect 0 "$RUNNER" schema "$@"
    cp out schema
    while read -r kind name; do
        grep -q "^  \"$kind.$name\": {" schema || fail "no $kind.$name"
        "$RUNNER" plugins "$kind/$name" "$@" | awk 'NF == 0 { header = 0 } header { print $1 } $1 == "parameter" { header = 1 }' | sort >params
        sed -n "/^  \"$kind.$name\": {/,/^  }/s/^    \"\(.*\)\": {$/\1/p" schema | sort >there
        lacking=$(comm -23 params there)
        [ -z "$lacking" ] || fail "$kind.$name has no $lacking"
    done <names
}
holds_plugins
[ -n "$RUNNER_SANITIZER" ] || [ "$(wc -l <names)" -gt 20 ] || fail "hardly any plugins"
says schema '"$schema": "http://json-schema.org/draft-07/schema#"' '"train.batch_size": {' '"optimizer.adam.learning_rate": {'
sed -n '/^  "layer.dense": {/,/^  }/p' schema | grep -A3 '"required": \[' | grep -q '"units"' || fail "units is not required"
for key in experiment description include let dataset model loss optimizer metrics train engine grid cases seeds report; do
    sed -n '/^ "properties": {/,/^ }/p' schema | grep -q "^  \"$key\": {" || fail "no $key"
done
holds_plugins --plugin-dir "$plugins/odd_data"
grep -q odd seen || fail "the plugin of one's own is not listed"
grep -q odd schema || fail "the plugin of one's own is not there"
expect 2 "$RUNNER" schema more
expect 0 "$RUNNER" schema --help
