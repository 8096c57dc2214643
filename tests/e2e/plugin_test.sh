#!/bin/bash
# `runner plugin test` finds every broken promise, with its reason, survives what the plugin does, and exits with 1; the exit status is 0
# where all is well, and 2 for wrong use. (Shipped plugins: plugin_test_shipped.sh.)
# ctest: timeout 300
# ctest: no-thread-sanitizer (its threads are those of plugin_test_shipped.sh)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"

# fails FILE KIND/NAME CHECK WORDS: the check fails with these words; all checks of the component are there
fails() {
    grep -F "FAIL    $2 $3: " "found_$1" | grep -qF -- "$4" || {
        grep -F " $2 " "found_$1" >&2
        fail "$2: no '$3' fails with: $4"
    }
}
for file in layers optimizers others; do
    expect 1 "$RUNNER" plugin test "$plugins/broken_$file/broken_$file.so"
    cp out "found_$file"
    [ ! -s err ] || fail "something on stderr: $(cat err)"
    grep -vE '^(ok      |FAIL    |skipped )(/[^ ]*|[a-z]+/[a-z_0-9]+) [a-z_]+(: .*)?$' out >other
    grep -qxE '[0-9]+ ok, [0-9]+ failed, [0-9]+ skipped' other || fail "no last line"
    [ "$(wc -l <other)" = 1 ] || fail "other lines than checks: $(cat other)"
done
fails layers layer/wrong_gradient gradient "relative error of 0.01 against central differences"
fails layers layer/not_finite gradient "forward() makes the output nan at [0][0], of finite values"
fails layers layer/nameless memory "plan() gives tensor 0 no name"
fails layers layer/nameless state "for the same reason as memory"
fails layers layer/out_of_bounds memory "wrote between the rows of the output"
fails layers layer/far_out_of_bounds memory "SIGSEGV in forward(), which touches"
fails layers layer/moves_input memory "which touches the input, which it may only read"
fails layers layer/hidden_state state "from one instance to the next, with other calls between"
fails layers layer/thread_dependent threads "on 3 threads from that on 1"
fails layers layer/cut_dependent cuts "the output differ in pieces of 1"
fails layers layer/reads_unwritten memory "memory that the plugin was not given, or has not written"
fails layers layer/not_elementwise elementwise "by columns (RUNNER_ELEMENTWISE)"
fails layers layer/not_by_inputs input_columns "RUNNER_INPUT_COLUMNS, but has no tensor 0"
fails layers layer/not_input_rows input_rows "RUNNER_INPUT_ROWS, but has no tensor 0"
fails layers layer/not_outer outer "is not input 0, transposed, times the output"
fails layers layer/not_input_sum input_sum "the last elements of the input itself (RUNNER_INPUT_SUM)"
fails layers layer/not_kept kept "RUNNER_KEEP_INPUT"
fails layers layer/training_differs evaluation "does not say RUNNER_TRAINING_DIFFERS"
fails layers layer/aborts memory "SIGABRT in forward()"
fails layers layer/exits memory "forward() ended the process (exit"
fails layers layer/noisy quiet 'it printed "forward of 7 rows"'
small nameless 1
sed -i 's/^model:/&\n  - flatten\n  - nameless/' nameless.yaml
expect 2 "$RUNNER" check nameless.yaml --plugin-dir "$plugins/broken_layers"
says err "plugin of nameless_1: tensor 0 has no name"
fails optimizers optimizer/out_of_bounds memory "wrote between the rows of the slot 0"
fails optimizers optimizer/hidden_state state "from one instance to the next"
fails optimizers optimizer/thread_dependent threads "on 3 threads from that on 1"
fails optimizers optimizer/cut_dependent cuts "the weights differ in pieces of 1"
fails optimizers optimizer/wrong_gradient descent "raise the loss"
fails optimizers optimizer/not_linear linear "it declares RUNNER_LINEAR"
fails optimizers optimizer/not_linear zero "after a gradient of 0"
fails optimizers optimizer/not_late late "after step_zeros() in place of"
fails optimizers optimizer/not_outer outer "after step_outer() in place of"
fails others loss/wrong_gradient gradient "relative error of 0.5"
fails others loss/no_scale gradient "relative error of 0.88"
fails others loss/not_apart apart "SIGSEGV in evaluate()"
fails others metric/overwrites adds "it adds to the sums"
fails others initializer/not_filled filled "it writes all values"
fails others regularizer/does_not_add gradient "relative error"
fails others constraint/beyond_rows memory "wrote between the rows of the weights"
fails others constraint/drifts twice "and a second time to"
fails others schedule/remembers order "in pieces of 1"
fails others schedule/negative rates "wanted a finite number from 0"
fails others callback/hidden_best state "the answer of an epoch"
fails others dataset/by_place cuts "the inputs differ in pieces of 1"
fails others dataset/counts memory "touches the memory from host->memory(), which it may only read"
fails others dataset/bad_label examples "example 7 has label 2; wanted 0 to 1"

# Its own static variables are watched, but a sanitizer keeps notes there.
[ -n "$RUNNER_SANITIZER" ] || fails layers layer/static_scratch state "its static variables"

# What is refused when it is loaded: the config field outside its struct, and all that the loader finds.
expect 1 "$RUNNER" plugin test "$plugins/bad_table/bad_table.so"
says out "FAIL    $plugins/bad_table/bad_table.so load: optimizer 'bad_table': parameter 'momentum': found bytes 8 to 16 of a config struct of 8"
expect 1 "$RUNNER" plugin test "$plugins/bad_downloads/bad_downloads.so"
says out "FAIL    $plugins/bad_downloads/bad_downloads.so load: dataset 'bad_downloads': download 0 has no well-formed file"
expect 1 "$RUNNER" plugin test "$plugins/bad_magic/bad_magic.so"
says out "load: found magic 0x0badc0de"
cat >boom.c <<'END'
__attribute__((constructor)) static void crash(void) { __builtin_trap(); }
END
"${CC:-cc}" -shared -fPIC -o boom.so boom.c || fail "cannot build"
expect 1 "$RUNNER" plugin test boom.so
says out "FAIL    boom.so load: SIGILL in the loading of the file"

# One component of a file, with parameters, or by name.
expect 1 "$RUNNER" plugin test "$plugins/broken_layers/broken_layers.so" layer/aborts
! grep -q noisy out || fail "more than the component was tested"
expect 0 "$RUNNER" plugin test layer/dense units=17 use_bias=false
says out "ok      layer/dense gradient" "0 failed"
expect 0 "$RUNNER" plugin test adam amsgrad=true
expect 0 "$RUNNER" plugin test idx
says out "skipped dataset/idx memory: train_images is a path that must be given: add train_images=FILE"
expect 1 "$RUNNER" plugin test dense units=-1
says out "the parameters are refused: units is -1; wanted an integer from 1"

# Wrong use.
try() {
    text=$1
    shift
    expect 2 "$RUNNER" plugin "$@"
    says err "$text"
}
try "wanted FILE or NAME" test
try "nowhere.so: found no such file" test ./nowhere.so
try "no plugin is called 'adm'; did you mean 'adam'?" test adm
try "no plugin is called 'optimizer/adm'; did you mean 'optimizer/adam'?" test optimizer/adm
try "no plugin is called 'optimizers'; \`runner plugins\` lists them" test optimizers
try "unknown parameter 'unit' of layer dense; did you mean 'units'?" test dense unit=3
try "holds no component 'nothing'" test "$plugins/broken_layers/broken_layers.so" nothing
try "wanted param=value" test dense units
