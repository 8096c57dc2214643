#!/bin/bash
# Wrong use: exit status 2, a message that helps, nothing written. The commands that only tell: exit status 0.
# ctest: no-thread-sanitizer (what it looks at is one thread)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
small grid 1
try() {
    text=$1
    shift
    expect 2 "$RUNNER" "$@"
    says err "$text"
    [ ! -s out ] || fail "something was written to the standard output: $*"
    [ ! -e results ] || fail "results were made: $*"
}
try "no config was named"
try "unknown command 'ran'; did you mean 'run'?" ran grid.yaml
try "unknown command 'foo'" foo
try "unknown command 'grid'; did you mean 'grid.yaml'?" grid
try "plugin: wanted" plugin
try "wanted a config" run
try "wanted a results folder or a config" table
try "unknown option '--freesh'; did you mean '--fresh'?" grid.yaml --freesh
try "unknown option '-x'" grid.yaml -x
try "unknown option '-qx4'" grid.yaml -qx4
try "path=value, such as train.epochs=3" grid.yaml --epochs 3
try "--sample is an option of verify, and does nothing for run; \`runner help run\` lists" grid.yaml --sample 3
try "--by is an option of table, and does nothing for verify" verify nowhere --by a
try "--retry is an option of run, and does nothing for check" check grid.yaml --retry 2
try "option --workers needs a value" grid.yaml --workers
try "option --fresh takes no value" grid.yaml --fresh=yes
try "--workers 0: wanted a number from 1 to 1024" grid.yaml --workers 0
try "--threads two: wanted a number" grid.yaml --threads two
try "--results: wanted the path of a folder" grid.yaml --results ""
try "extra: wanted path=value" grid.yaml extra
try "one argument too many" plugins dense adam
try "no plugin is called 'densse'; did you mean 'dense'?" plugins densse
try "no plugin is called 'layer/densse'; did you mean 'layer/dense'?" plugins layer/densse
try "no plugin is called 'layers/dnse'; did you mean 'dense'?" plugins layers/dnse
try "no plugin is called 'zzzzzzzz'; \`runner plugins\` lists them" plugins zzzzzzzz
try "wanted the name of a data set" fetch
try "wanted a results folder" verify
try "wanted bash, zsh or fish" completion
try "x=y: one argument too many" verify nowhere x=y
try "json: one argument too many" schema json
try "no plugin is called 'optimizers'; did you mean 'optimizer'?" plugins optimizers
try "nowhere: " grid.yaml --plugin-dir nowhere optimizer=nothing
says err "; a plugin of your own is found by --plugin-dir FOLDER"
try "no results are there" table grid.yaml
try "missing.yaml" missing.yaml

expect 0 "$RUNNER" --version
grep -qx 'runner [0-9.]*' out || fail "no version"
for words in help --help -h "grid.yaml --help"; do
    expect 0 "$RUNNER" $words
    says out "usage: runner CONFIG" "--workers N"
done
expect 0 "$RUNNER" plugins
says out dense adam digits categorical_crossentropy
expect 0 "$RUNNER" plugins layer/dense
says out units "(must be given)" kernel_initializer "model: [{dense: {units: ...}}]"
expect 0 "$RUNNER" plugins regularizer
says out l1_l2
! grep -q dense out || fail "other kinds are listed"
expect 0 "$RUNNER" check grid.yaml
says out "no mistakes" "3 points x 2 seeds = 6 trials" dense_1 15700 "training rows"
[ ! -e results ] || fail "results were made"
expect 4 "$RUNNER" grid.yaml --results /proc/nothing

# What can be trained and is not meant, most likely: a warning, once, and none where it is said to be meant.
sed 's/, activation: softmax//' grid.yaml >doubt.yaml
cmp -s grid.yaml doubt.yaml && fail "the model of grid.yaml has changed"
expect 0 "$RUNNER" check doubt.yaml
says err "doubt.yaml:6:7: warning: the loss takes the output of softmax, and the model ends with the weights of dense_2"
[ "$(wc -l <err)" = 1 ] || fail "more than one warning"
expect 0 "$RUNNER" check doubt.yaml -q
[ ! -s err ] || fail "a warning with --quiet"
expect 0 "$RUNNER" check doubt.yaml 'loss={categorical_crossentropy: {from_logits: true}}'
[ ! -s err ] || fail "a warning about logits that are known to be some"
expect 0 "$RUNNER" check doubt.yaml model.1.dense.activation=linear
[ ! -s err ] || fail "a warning about what was written out"
sed '$a save: [1, 100]' grid.yaml >doubt.yaml
expect 0 "$RUNNER" check doubt.yaml
says err "doubt.yaml:13:11: warning: save names epoch 100, but training ends after epoch"

# Each command has a help of its own, with examples, by two ways.
for command in $("$RUNNER" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | grep -vx help); do
    expect 0 "$RUNNER" help $command
    says out "usage: runner $command" "Examples:" "Options:" "--help"
    cp out help
    expect 0 "$RUNNER" $command --help
    cmp help out || fail "two helps of $command"
done
[ "$command" != "" ] || fail "no commands are listed"
expect 0 "$RUNNER" check --help
! grep -q -- --workers out || fail "check shows an option that it does not have"
try "no command is called 'chek'" help chek

# A standard descriptor that is closed is not that of a file which the program opens.
for closed in '>&-' '0<&- >&-'; do
    eval "\"\$RUNNER\" plugins $closed 2>err"
    found=$?
    [ $found = 4 ] || fail "exit status $found, and not 4, without a standard output ($closed)"
    says err "cannot write to the standard output: Bad file descriptor"
done
expect 0 "$RUNNER" grid.yaml -q --results open
"$RUNNER" grid.yaml --results closed 0<&- >&- 2>&-
[ $? = 4 ] || fail "a run without a standard output is not told from others"
same open/grid closed/grid
