#!/bin/sh
# The README's first experiment and first plugin, as they stand there: a plugin written outside this tree, of at most 50
# lines, builds with one cc line against the installed header alone and is used by name.
# ctest: timeout 180
# ctest: no-thread-sanitizer (the threads of its trials are those of other tests)
set -eu

fail() {
    echo "$*" >&2
    exit 1
}

block() {
    awk -v "from=^\`\`\`$1\$" '$0 ~ from { inside = 1; next } /^```/ { inside = 0 } inside' "$RUNNER_SOURCE_DIR/README.md"
}
block yaml >first.yaml
block c >sign.c
[ -s first.yaml ] && [ -s sign.c ] || fail "the README has no yaml or no c block"
[ "$(wc -l <sign.c)" -le 50 ] || fail "the README's plugin has $(wc -l <sign.c) lines"

cmake --install "$RUNNER_BUILD_DIR" --prefix "$PWD/local" >install.log
mkdir outside header
cp local/include/runner/plugin.h header/
mkdir header/runner && mv header/plugin.h header/runner/
grep '^cc ' "$RUNNER_SOURCE_DIR/README.md" | sed "s|^cc |$CC |; s|~/.local/include|header|" >line
[ "$(wc -l <line)" -eq 1 ] || fail "the README builds its plugin with another number of cc lines than one"
sh -eu line
mv sign.so outside/
local/bin/runner plugin test outside/sign.so >tested.txt || fail "$(grep FAIL tested.txt)"

small="dataset.digits.train=600 dataset.digits.test=100 train.epochs=1 seeds=1"
runner=local/bin/runner
# shellcheck disable=SC2086 # several words
"$runner" check first.yaml $small >check.txt
# shellcheck disable=SC2086
"$runner" --quiet first.yaml $small
# shellcheck disable=SC2086
"$runner" --quiet --plugin-dir outside first.yaml $small optimizer='[sign, adam]'
grep -l '^[0-9]*,[0-9a-f]*,sign,' results/*/trials.csv >found || fail "no trial used the optimizer sign"
grep -q '^[0-9]*,[0-9a-f]*,sign,.*,done,' "$(cat found)" || fail "no trial with sign is done"

# The mistake that the README shows, word for word.
sed 's/learning_rate: 0.1/learning_rat: 0.1/' first.yaml >bad.yaml
"$runner" bad.yaml 2>mistake.txt && fail "a misspelt parameter is accepted"
sed 's/^bad/first/' mistake.txt >shown.txt
grep -qxF "$(grep ': error: ' shown.txt)" "$RUNNER_SOURCE_DIR/README.md" || fail "the README shows another message: $(cat shown.txt)"
