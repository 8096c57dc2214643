#!/bin/bash
# Coupled weight decay d is an l2 penalty of d / 2: the same weights, bit for bit. Decoupled it is something else for adam.
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
small decay 2
sed -i -e '/^grid/,$d' -e 's/metrics: .*/metrics: [categorical_crossentropy]/' decay.yaml
echo 'seeds: 1' >>decay.yaml
sed 's/units: \([0-9]*\),/units: \1, kernel_regularizer: {l2: {l2: 0.01}}, bias_regularizer: {l2: {l2: 0.01}},/' decay.yaml >penalty.yaml

# crossentropy CONFIG NAME override...: of the test split after training, without penalties
crossentropy() {
    config=$1 name=$2
    shift 2
    expect 0 "$RUNNER" "$config" --results "$name" "$@"
    awk -F, 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == "test_categorical_crossentropy") column = i} END {print $column}' "$name"/*/epochs.csv
}

for optimizer in sgd '{sgd: {momentum: 0.9}}' adam rmsprop; do
    wanted=$(crossentropy penalty.yaml "penalty $optimizer" "optimizer=$optimizer")
    inner=${optimizer#\{}
    name=${inner%%:*}
    found=$(crossentropy decay.yaml "coupled $optimizer" "optimizer=$optimizer" "optimizer.$name.weight_decay=0.02" "optimizer.$name.weight_decay_coupled=true")
    [ -n "$wanted" ] && [ "$found" = "$wanted" ] || fail "$optimizer: $found with coupled decay, $wanted with a penalty"
done
found=$(crossentropy decay.yaml apart optimizer=adam optimizer.adam.weight_decay=0.02)
other=$(crossentropy decay.yaml coupled optimizer=adam optimizer.adam.weight_decay=0.02 optimizer.adam.weight_decay_coupled=true)
[ "$found" != "$other" ] || fail "decoupled decay of adam is coupled"
expect 2 "$RUNNER" decay.yaml optimizer=adamw optimizer.adamw.weight_decay_coupled=true
says err "weight_decay_coupled: adamw decays by itself"
