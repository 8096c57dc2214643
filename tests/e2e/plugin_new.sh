#!/bin/bash
# `runner plugin new KIND NAME [--cxx]`: for every kind a plugin that one command builds without a warning, that passes `plugin
# test`, and that trains. Nothing is overwritten.
# ctest: timeout 600
# ctest: no-thread-sanitizer (what it looks at is one thread)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
CXX=${CXX:-c++}
command -v make >/dev/null && command -v "$CXX" >/dev/null || { echo "skipped: no make or no C++ compiler"; exit 77; }
for kind in dataset layer loss optimizer metric initializer schedule regularizer constraint callback; do
    expect 0 "$RUNNER" plugin new $kind my_$kind
    says out "my_$kind/my_$kind.c is a"
    expect 0 "$RUNNER" plugin new $kind my_${kind}_xx --cxx
    expect 0 make -C my_$kind test CC="$CC" CFLAGS="-O2 -Wall -Wextra -Wpedantic -Wconversion -Werror"
    says out "ok      $kind/my_$kind memory" "0 failed"
    expect 0 make -C my_$kind run
    [ "$(grep -c ',done,' my_$kind/results/my_$kind/trials.csv)" -ge 2 ] || fail "my_$kind does not train"
    [ -z "$RUNNER_SANITIZER" ] || continue # the same in another language
    expect 0 make -C my_${kind}_xx test CXX="$CXX" CXXFLAGS="-O2 -Wall -Wextra -Wpedantic -Werror"
    says out "ok      $kind/my_${kind}_xx memory" "0 failed"
done

# Nothing is overwritten, and what is wrong leaves nothing behind.
cp my_layer/my_layer.c before.c
try() {
    text=$1
    shift
    expect 2 "$RUNNER" plugin "$@"
    says err "$text"
}
try "my_layer: is there already" new layer my_layer
cmp my_layer/my_layer.c before.c
try "unknown kind of plugin 'laier'; did you mean 'layer'?" new laier other
try "'My' cannot be the name of a plugin" new layer My
try "'../up' cannot be the name" new layer ../up
try "wanted KIND and NAME" new layer
try "wanted KIND and NAME" new
try 'wanted `plugin test FILE|NAME` or `plugin new KIND NAME`' old
[ ! -e other ] && [ ! -e My ] || fail "a folder was made"
