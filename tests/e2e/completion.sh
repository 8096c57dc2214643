#!/bin/bash
# The shells complete what the program knows: commands, options, files, paths of a config, names of plugins.
# ctest: timeout 240
# ctest: no-thread-sanitizer (what it looks at is one thread)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
small grid 1
mkdir other && touch other.yaml weights.npz text.txt
PATH=$RUNNER_BUILD_DIR:$PATH

# words TYPED...: what is offered for the last word
words() {
    "$RUNNER" completion words "$@" | cut -f 1
}
for command in $("$RUNNER" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
    words "" | grep -qx "$command" || fail "$command is not offered"
done
words che | diff - <(printf 'check\n:yaml\n') || fail "not only check"
words check -- --pl | diff - <(echo --plugin-dir) || fail "option of check"
! words check -- | grep -q -- --workers || fail "check is offered an option that it does not have"
for option in $("$RUNNER" help run | grep -o -- '--[a-z-]*' | sort -u | grep -vx -- '--json'); do
    words grid.yaml -- | grep -qx -- "$option" || fail "$option of run is not offered"
done
words run grid.yaml --results "" | diff - <(echo :folders) || fail "folders"
words table x --format m | diff - <(echo markdown) || fail "formats"
words plugins ada | grep -qx adam || fail "names of plugins"
words plugins optim | grep -qx optimizer || fail "kinds"
words plugin new lay | diff - <(echo layer) || fail "kinds of plugin new"
words completion "" | diff - <(printf 'bash\nzsh\nfish\n') || fail "shells"
words run grid.yaml train.ep | diff - <(echo train.epochs=) || fail "paths"
words run grid.yaml optimizer.adam.learning_rate | diff - <(echo optimizer.adam.learning_rate=) || fail "a path of a default"
words grid.yaml model.0.dense.un | diff - <(echo model.0.dense.units=) || fail "a path through a list"
words grid.yaml optimizer=rm | diff - <(echo optimizer=rmsprop) || fail "values that are plugins"
echo 'nonsense: 1' >>grid.yaml # a config with a mistake
words grid.yaml train.ep | diff - <(echo train.epochs=) || fail "paths of a config with a mistake"
sed -i '$d' grid.yaml
expect 2 "$RUNNER" completion tcsh
says err "wanted bash, zsh or fish, found 'tcsh'"

# bash LINE: what bash offers at the end of the line, sorted
offered() {
    bash -c 'source <(runner completion bash) && COMP_LINE=$1 COMP_POINT=${#1} && _runner && printf "%s\n" "${COMPREPLY[@]}"' - "$1" | sort | paste -sd ' '
}
[ "$(offered 'runner che')" = check ] || fail "bash: $(offered 'runner che')"
[ "$(offered 'runner run ')" = "grid.yaml other other.yaml" ] || fail "bash: $(offered 'runner run ')"
[ "$(offered 'runner grid.yaml train.ba')" = "train.batch_size=" ] || fail "bash: $(offered 'runner grid.yaml train.ba')"
[ "$(offered 'runner grid.yaml optimizer=rms')" = "rmsprop" ] || fail "bash: $(offered 'runner grid.yaml optimizer=rms')"
[ "$(offered 'runner evaluate grid.yaml --weights ')" = "other weights.npz" ] || fail "bash: weights"

runner completion zsh >_runner
runner completion fish >runner.fish
if command -v zsh >zsh.path; then
    zsh -n _runner || fail "zsh: syntax"
    # The words that zsh would show go to compadd.
    zsh -f -c 'PATH=$1; _describe() { print -l ${(P)${@[$#]}} ${(P)3}; }; compdef() { }; source <(runner completion zsh)
        words=(runner grid.yaml train.ep) CURRENT=3 PREFIX=train.ep; _runner' - "$PATH" >zsh.out 2>&1
    grep -q '^train.epochs=' zsh.out || fail "zsh: $(cat zsh.out)"
fi
if command -v fish >fish.path; then
    export HOME=$PWD XDG_CONFIG_HOME=$PWD XDG_DATA_HOME=$PWD
    fish --no-execute runner.fish || fail "fish: syntax"
    fish -c 'source runner.fish; complete -C "runner grid.yaml train.ep"' | grep -q '^train.epochs=' || fail "fish: paths"
    fish -c 'source runner.fish; complete -C "runner che"' | grep -q '^check' || fail "fish: commands"
fi
