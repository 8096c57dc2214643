#!/bin/bash
# The instructions that training steps take, counted by callgrind, are those of instructions.txt within 2 %: of each step, and of each
# function that has a share in one. Counted are the project's own objects at x86-64-v3, so that neither the processor nor the load of
# the machine matters, but the compiler does. After a change on purpose, fewer instructions as well, record them again:
#     RUNNER_RECORD=1 ctest --preset release -R e2e/instructions
# ctest: no-sanitizer (they add instructions of their own)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
recorded=$RUNNER_SOURCE_DIR/tests/e2e/instructions.txt
share=3     # per cent of a step that a function must have to be recorded
tolerance=2 # per cent

skip() {
    echo "skipped: $*"
    exit 77
}

command -v valgrind >/dev/null || skip "valgrind is not installed"
compiler=$("$CC" --version | grep -q 'Free Software Foundation' && echo gcc || basename "$CC")
flags=$(sed -n 's/^CMAKE_C_FLAGS\(_RELEASE\)*:[A-Z]*=//p; s/^CMAKE_BUILD_TYPE:[A-Z]*=//p' "$RUNNER_BUILD_DIR/CMakeCache.txt" | xargs)
here="built by $compiler $("$CC" -dumpfullversion -dumpversion) on $(uname -m) with $flags; $(getconf GNU_LIBC_VERSION); $(valgrind --version)"
if [ -z "${RUNNER_RECORD-}" ]; then
    there=$(sed -n 's/^# //p' "$recorded" | tail -n 1)
    [ "$here" = "$there" ] || skip "recorded was: $there; this is: $here"
fi

# Every step is 3 updates; the first of them makes what is kept from then on.
dense="[{dense: {units: 96, activation: sigmoid}}, {dense: {units: 96, activation: tanh}}, {dense: {units: 10, activation: softmax}}]"
image="[{conv2d: {filters: 4, kernel_size: 5, strides: 2}}, batch_normalization, relu, max_pooling2d,
        {conv2d: {filters: 8, kernel_size: 3}}, average_pooling2d, layer_normalization, {dropout: {rate: 0.2}},
        {dense: {units: 10, activation: softmax}}]"
RUNNER_CPU_LEVEL=3 OMP_NUM_THREADS=1 expect 0 valgrind --tool=callgrind --compress-strings=no --compress-pos=no \
    --toggle-collect=stepper_run --dump-after=stepper_run --callgrind-out-file=counts \
    "$RUNNER_BUILD_DIR/bench/bench_step" "$RUNNER_BUILD_DIR/plugins" "{digits: {train: 100, test: 1}}" 1 3x portable \
    "$dense" 1:sgd 8:adam "40:{sgd: {momentum: 0.9}}" "$image" 20:rmsprop
[ "$(wc -l <out)" = 4 ] || fail "not 4 steps: $(cat out)"

# counted STEP FILE: STEP, function, instructions and per cent of the step, a line each, and their sum ("all"). A function that the
# compiler has cloned (NAME.part.0) counts as the one it is of.
counted() {
    awk -v step="$1" -v build="$RUNNER_BUILD_DIR/" '
        /^ob=/ { own = index($0, "ob=" build) == 1; object = $0; sub(/.*\//, "", object); next }
        /^fn=/ { name = substr($0, 4); sub(/\..*/, "", name); sub(/\047.*/, "", name); next }
        /^calls=/ { called = 1; next }
        /^[0-9]+ [0-9]+$/ && !called && own { count[object ":" name] += $2; all += $2 }
        { called = 0 }
        END {
            printf "%s all %d 100\n", step, all
            for (name in count)
                printf "%s %s %d %.2f\n", step, name, count[name], 100 * count[name] / all
        }
    ' "$2" | LC_ALL=C sort
}
number=0
for step in dense_1_sgd dense_8_adam dense_40_momentum image_20_rmsprop; do
    number=$((number + 1))
    counted $step counts.$number
done >measured
[ "$(wc -l <measured)" -ge 100 ] || fail "callgrind's files are not as expected: $(cat measured)"

if [ -n "${RUNNER_RECORD-}" ]; then
    {
        echo "# Instructions of three updates of small networks, and of the functions with $share % of them and more; see instructions.sh."
        echo "# $here"
        awk -v share=$share '$4 >= share { print $1, $2, $3 }' measured
    } >new
    cp new "$recorded"
    echo "recorded in $recorded"
    exit 0
fi
awk -v tolerance=$tolerance -v share=$share '
    /^#/ { next }
    FNR == NR { wanted[$1 " " $2] = $3; next }
    { found[$1 " " $2] = $3; per_cent[$1 " " $2] = $4 }
    END {
        for (key in wanted) {
            change = 100 * (found[key] / wanted[key] - 1)
            if (change > tolerance || change < -tolerance)
                printf "%s: %d instructions, recorded are %d: %+.1f %%\n", key, found[key], wanted[key], change
        }
        for (key in found) # well above the share, since it depends on the other functions as well
            if (!(key in wanted) && per_cent[key] > 1.5 * share)
                printf "%s: %d instructions, and none recorded\n", key, found[key]
    }
' "$recorded" measured | sort >changes
[ ! -s changes ] || {
    cat changes
    fail "instructions have changed by more than $tolerance %; if on purpose: RUNNER_RECORD=1 ctest --preset release -R e2e/instructions"
}
