#!/bin/bash
# The SDK as its users have it: after an install into an empty prefix, projects outside this tree build plugins in C and C++, with
# find_package(runner) and with pkg-config, and the installed runner tests them and trains with them from a config.
# ctest: timeout 600
# ctest: no-sanitizer (compilers and packages are the same there; plugin_new.sh builds plugins)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
prefix=$PWD/prefix
cmake --install "$RUNNER_BUILD_DIR" --prefix "$prefix" >install.log || fail "no install"
runner=$prefix/bin/runner
warnings="-Wall -Wextra -Wpedantic -Wconversion -Werror"
mkdir out_of_tree && cd out_of_tree || exit 1

# uses PLUGIN CONFIG: the installed runner finds the plugin in the folder `built`, it keeps the contract, and trials with it end
uses() {
    expect 0 "$runner" plugin test "built/$1.so"
    says out "ok      optimizer/$1 memory" "0 failed"
    expect 0 "$runner" --plugin-dir built "$2"
    grep -q ",$1,.*,done," "results/$1/trials.csv" || fail "$2: no trial with $1 is done"
    says results/"$1"/manifest.json "built/$1.so"
}
# from LANGUAGE SUFFIX NAME: sources of an optimizer, as `plugin new` writes them
from() {
    flag=
    [ "$1" = C ] || flag=--cxx
    expect 0 "$runner" plugin new optimizer "$3" $flag
    [ -f "$3/$3.$2" ] || fail "no $3/$3.$2"
}

# pkg-config, with every compiler that is there
mkdir built
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
number=0
for compiler in "${CC:-cc}" gcc clang g++ clang++; do
    command -v "$compiler" >/dev/null || continue
    number=$((number + 1))
    case $compiler in *++) language=CXX suffix=cc standard=c++11 ;; *) language=C suffix=c standard=c11 ;; esac
    name=mine_$number
    from $language $suffix $name
    # shellcheck disable=SC2046,SC2086 # several words
    "$compiler" -std=$standard $warnings -O2 -shared -fPIC -fvisibility=hidden -ffp-contract=off $(pkg-config --cflags runner) \
        -o built/$name.so $name/$name.$suffix -lm || fail "$compiler does not build the plugin"
    uses $name $name/$name.yaml
done
[ $number -ge 1 ] || fail "no compiler"

# find_package(runner), with the CMakeLists.txt that `plugin new` writes
for language in C CXX; do
    name=packaged_$(echo $language | tr CX cx)
    suffix=c
    [ $language = C ] || suffix=cc
    [ $language = C ] || command -v "${CXX:-c++}" >/dev/null || continue
    from $language $suffix $name
    (cmake -S $name -B $name/build -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_${language}_FLAGS="$warnings" &&
        cmake --build $name/build) >cmake.log 2>&1 || { cat cmake.log >&2; fail "find_package: $language"; }
    cp $name/build/$name.so built/
    nm -D --defined-only built/$name.so | awk '{ print $3 }' >exported
    echo runner_plugin_entry | diff - exported || fail "other symbols are exported"
    uses $name $name/$name.yaml
done

# And by what `plugin new` says, one command, with the runner and the header of the prefix.
from C c made
expect 0 make -C made test
says out "-I \"$prefix/include\"" "0 failed"
