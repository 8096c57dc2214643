#!/bin/sh
# The installed tree is whole, works where it was moved to, and is all that the author of a plugin needs.
# ctest: timeout 180
# ctest: no-sanitizer (what is installed is the same there)
set -eu

fail() {
    echo "$*" >&2
    exit 1
}

DESTDIR=$PWD/stage cmake --install "$RUNNER_BUILD_DIR" --prefix /opt/runner >install.log
mkdir "a place"
mv stage/opt/runner "a place/moved"
prefix="$PWD/a place/moved"

for file in bin/runner libexec/runner/runner-worker include/runner/plugin.h share/runner/configs/batchsize.yaml \
    share/man/man1/runner.1 share/bash-completion/completions/runner share/zsh/site-functions/_runner \
    share/fish/vendor_completions.d/runner.fish; do
    [ -f "$prefix/$file" ] || fail "$file is not installed"
done
[ ! -x "$RUNNER_BUILD_DIR/runner-fetch" ] || [ -x "$prefix/libexec/runner/runner-fetch" ] || fail "runner-fetch is not installed"
(cd "$RUNNER_SOURCE_DIR/plugins" && find . -name '*.c' | sed 's/c$/so/' | sort) >wanted
(cd "$prefix/lib/runner/plugins" && find . -type f | sort) >found
diff wanted found

# Run from the moved tree it finds its worker and plugins: those of its own tree and not of the build.
"$prefix/bin/runner" plugins >installed.txt
"$RUNNER" plugins >built.txt
grep -q dense installed.txt || fail "the installed runner does not list dense"
diff installed.txt built.txt
mv "$prefix/lib/runner/plugins/layers" hidden
"$prefix/bin/runner" plugins >without.txt || true
! grep -q dense without.txt || fail "the installed runner uses plugins from elsewhere"
mv hidden "$prefix/lib/runner/plugins/layers"

# A plugin outside the tree, with the header alone: one cc line, pkg-config, and the CMake package.
cp "$RUNNER_SOURCE_DIR/plugins/layers/dense.c" mine.c
"$CC" -shared -fPIC -O2 -I "$prefix/include" -o mine.so mine.c -lm
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
eval "\"$CC\" -shared -fPIC -O2 $(pkg-config --cflags runner) -o mine.so mine.c -lm"
eval "plugins=$(pkg-config --variable=plugindir runner)" # it quotes the space
[ -d "$plugins/layers" ] || fail "plugindir of runner.pc is not there"

cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.25)
project(mine LANGUAGES C)
find_package(runner 0.1 REQUIRED)
runner_add_plugin(mine mine.c)
END
cmake -S . -B out -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$CC" >cmake.log
cmake --build out >>cmake.log
nm -D --defined-only out/mine.so | awk '{ print $3 }' >exported
echo runner_plugin_entry | diff - exported
