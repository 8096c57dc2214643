#!/bin/bash
# Every code block of docs/plugins.md: C and C++ compile without a warning, plugins pass `plugin test`, the configs are without mistakes,
# and the first optimizer trains as it is said to.
# ctest: timeout 300
# ctest: no-thread-sanitizer (the threads of its trials are those of other tests)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
CXX=${CXX:-c++}
awk -v RS='\n' '/^```[a-z]+$/ { language = substr($0, 4); n++; file = sprintf("block_%02d.%s", n, language); inside = 1; next }
    /^```$/ { inside = 0 } inside { print > file }' "$RUNNER_SOURCE_DIR/docs/plugins.md"
include=$RUNNER_BUILD_DIR/include
warnings="-Wall -Wextra -Wpedantic -Wconversion -Werror -O2 -shared -fPIC -fvisibility=hidden -ffp-contract=off"
built=0
for file in block_*.c block_*.cpp; do
    [ -f "$file" ] || continue
    case $file in *.cpp) compiler=$CXX standard=c++11 ;; *) compiler=$CC standard=c11 ;; esac
    command -v "$compiler" >/dev/null || continue
    # shellcheck disable=SC2086 # several words
    "$compiler" -std=$standard $warnings -I "$include" "$file" -o "${file%.*}.so" -lm || fail "$file does not compile"
    if grep -q '^RUNNER_PLUGIN' "$file"; then
        "$RUNNER" plugin test "./${file%.*}.so" >out 2>err || { cat "$file" out err >&2; fail "$file is no good plugin"; }
        built=$((built + 1))
    fi
done
[ $built -ge 7 ] || fail "only $built plugins in the guide"

# The data set, with a file.
for i in 10 20 30 40 50 60 70 80 90 100; do
    printf '\\%03o\\%03o\\%03o' $i $((2 * i)) $((i / 50 % 2))
done | xargs -0 printf >points.bin
expect 0 "$RUNNER" plugin test "$(grep -l 'name = "plane"' block_*.c | sed 's|\(.*\)\.c|./\1.so|')" path=points.bin
says out "8 ok, 0 failed, 0 skipped"

# The first optimizer in five minutes, and its config.
expect 0 "$RUNNER" plugin new optimizer halving
cp block_02.c halving/halving.c
grep -q '"halving"' halving/halving.c || fail "the second block is not the first optimizer"
expect 0 make -C halving test
cp block_03.yaml halving.yaml
expect 0 "$RUNNER" --plugin-dir halving halving.yaml
[ "$(grep -c ',done,' results/halving/trials.csv)" = 6 ] || fail "not all trials are done"
expect 0 "$RUNNER" plugins halving --plugin-dir halving
says out "steps that shrink where signs change" "what is left of a weight's step" "[0, 1]"
for file in block_*.yaml; do
    expect 0 "$RUNNER" check "$file" --plugin-dir halving
done

# What it says of flags and checks is complete.
for flag in $(grep -o '^#define RUNNER_[A-Z_]* [0-9]*u' "$RUNNER_SOURCE_DIR/runner/plugin.h" | awk '{ print $2 }'); do
    grep -q "$flag" "$RUNNER_SOURCE_DIR/docs/plugins.md" || [ "$flag" = RUNNER_FLATTEN ] || fail "the guide does not know $flag"
done
for name in $("$RUNNER" plugin test sgd | awk '/^(ok|skipped)/ { sub(/:$/, "", $3); print $3 }') elementwise columns kept views; do
    grep -q "\`$name\`" "$RUNNER_SOURCE_DIR/docs/plugins.md" || fail "the guide does not know the check $name"
done
