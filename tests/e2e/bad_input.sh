#!/bin/bash
# Bad configs and bad data files: exit status 2, a message with its place, nothing on stdout and no results.
# ctest: timeout 300
# ctest: no-thread-sanitizer (what it looks at is one thread)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
ulimit -c 0
count=0

# A good config, of which each case changes something; line numbers below count in it.
good() {
    cat <<'END'
experiment: bad
dataset: {digits: {train: 100, test: 20}}
let: {activation: sigmoid}
model:
  - dense: {units: 20, activation: $activation}
  - dense: {units: 10, activation: softmax}
loss: categorical_crossentropy
optimizer: {adam: {learning_rate: 0.001}}
metrics: [accuracy]
train: {batch_size: 10, epochs: 1}
grid:
  train.init_seed: [10, 50]
seeds: 2
END
}

# try PLACE TEXT: bad.yaml is refused at that place ("bad.yaml:3:7", or the beginning of a line of the message) with that text
try() {
    count=$((count + 1))
    expect 2 "$RUNNER" bad.yaml
    grep -qE "^$1.*: error: .*" err || {
        cat bad.yaml err >&2
        fail "no message at $1"
    }
    grep -E "^$1" err | grep -qiE -- "$2" || {
        cat err >&2
        fail "the message at $1 does not say: $2"
    }
    [ ! -s out ] || fail "something was written to the standard output"
    [ -z "$(ls -d results* .runner* 2>/dev/null)" ] || fail "files were made"
}

# change PLACE TEXT SED-EXPRESSION
change() {
    good | sed -E "$3" >bad.yaml
    cmp -s bad.yaml <(good) && fail "nothing was changed by $3"
    try "$1" "$2"
}

good >bad.yaml
expect 0 "$RUNNER" bad.yaml --results fine || fail "the good config is bad"
rm -r fine

# Keys and values
change bad.yaml:10:25 "unknown key 'epoch'.*did you mean 'epochs'" 's/epochs: 1/epoch: 1/'
change bad.yaml:9:1 "unknown key 'metric'.*metrics" 's/^metrics/metric/'
change bad.yaml:8:20 "learning_rat.*did you mean" 's/learning_rate/learning_rat/'
change bad.yaml:2:20 "trian" 's/train: 100/trian: 100/'
change bad.yaml:10:33 "wanted|integer" 's/epochs: 1/epochs: many/'
change bad.yaml:10:21 "integer|wanted" 's/batch_size: 10/batch_size: 1.5/'
change bad.yaml:10:21 "1 |least|from|range" 's/batch_size: 10/batch_size: 0/'
change bad.yaml:8:35 "" 's/0.001/-1/'
change bad.yaml:8:35 "" 's/0.001/[1, 2]/'
change bad.yaml:2:27 "" 's/train: 100/train: -5/'
change bad.yaml:5:20 "units" 's/units: 20, /units: 0, /'
change bad.yaml:5:5 "units" 's/units: 20, //'
change bad.yaml:13:8 "seed" 's/seeds: 2/seeds: none/'
change bad.yaml:13:8 "seed" 's/seeds: 2/seeds: [1, 1]/'
change bad.yaml:2: "validation" 's/test: 20/test: 20, validation: 500/'
change bad.yaml:10: "shuffle|sometimes" 's/epochs: 1/epochs: 1, shuffle: sometimes/'

# Plugins
change bad.yaml:8:12 "adm.*did you mean 'adam'" 's/\{adam: .*/adm/'
change bad.yaml:2:10 "dataset is 'data/iris.csv'; did you mean \\{csv: \\{path: data/iris.csv\\}\\}\\?" 's/^dataset: .*/dataset: data\/iris.csv/'
change bad.yaml:2:11 "digit.*did you mean 'digits'" 's/digits:/digit:/'
change bad.yaml:6:5 "dens" '6s/dense/dens/'
change bad.yaml:7:7 "entropy" 's/categorical_crossentropy/entropy/'
change bad.yaml:9:11 "acuracy.*accuracy" 's/accuracy/acuracy/'
change bad.yaml:6: "sofmax" 's/softmax/sofmax/'

change bad.yaml:6:12 "parameters of dense are 10; wanted a map such as \\{units: 10\\}" '6s/\{.*/10/'

# What stands in the wrong place, and short forms
change bad.yaml:14:1 "unknown key 'epochs'; did you mean train: \\{epochs: \\.\\.\\.\\}\\?" '$a epochs: 3'
change bad.yaml:14:1 "did you mean optimizer: \\{adam: \\{learning_rate: \\.\\.\\.\\}\\}\\?" '$a learning_rate: 3'
change bad.yaml:8:20 "unknown parameter 'lr' of adam; did you mean 'learning_rate'" 's/learning_rate/lr/'
change bad.yaml:9:11 "unknown metric 'acc'; did you mean 'accuracy'" 's/accuracy/acc/'

# What is missing
change bad.yaml "model" '/^model/d;/^  - /d'
change bad.yaml "dataset" '/^dataset/d'
change bad.yaml "loss" '/^loss/d'

# Shapes
change bad.yaml:[67]: "7.*10" 's/units: 10/units: 7/'
change bad.yaml:7: "" 's/categorical_crossentropy/{mean_squared_error: {wrong: 1}}/'

# Names, axes, arithmetic
change bad.yaml:5:36 "activatoin" 's/\$activation/$activatoin/'
change bad.yaml:3: "cyc|itself|loop" 's/let: .*/let: {activation: $b, b: $activation}/'
change bad.yaml:12:3 "init_sed" 's/train.init_seed: \[/train.init_sed: [/'
change bad.yaml:12: "" 's/\[10, 50\]/[]/'
change bad.yaml:12: "50" 's/\[10, 50\]/[50, 50]/'
change bad.yaml:8: "zero|divi|finite" 's|0.001|"= 1 / 0"|'
change bad.yaml:8: "unknown|undefined|neither|nothing" 's|0.001|"= 2 * nothing"|'
change bad.yaml:8: "" 's|0.001|"= 2 *"|'

# YAML
change bad.yaml:8:1 "duplicate|twice|again" 's/^loss.*/optimizer: sgd/'
printf 'experiment: bad\nmodel:\n\t- dense\n' >bad.yaml
try bad.yaml:3:1 "tab"
: >bad.yaml
try bad.yaml "empty"
head -c 4096 /dev/urandom >bad.yaml
try bad.yaml ""
printf 'experiment: [bad\n' >bad.yaml
try bad.yaml: ""
printf '%s\n' '- a' '- list' >bad.yaml
try bad.yaml: "map"
{ printf 'experiment: '; printf '[%.0s' $(seq 2000); } >bad.yaml
try bad.yaml: ""
good >bad.yaml
printf 'model: [\xff]\n' >>bad.yaml
try bad.yaml: ""
printf 'include: missing.yaml\n' >bad.yaml
try bad.yaml:1: "missing.yaml"
printf 'include: bad.yaml\n' >bad.yaml
try bad.yaml:1: ""
rm bad.yaml
mkdir bad.yaml
try bad.yaml ""
rmdir bad.yaml
try bad.yaml "no such file"

# All mistakes at once, in the order of their places
good | sed -e 's/units: 20/units: x/' -e 's/adam/adm/' -e 's/epochs: 1/epoch: 1/' -e 's/accuracy/acuracy/' >bad.yaml
expect 2 "$RUNNER" bad.yaml
[ "$(grep -c '^bad.yaml:[0-9]*:[0-9]*: error: ' err)" = 4 ] || { cat err; fail "not all mistakes are reported"; }
cut -d : -f 2 err >lines
sort -n lines | cmp - lines || fail "mistakes are not in order"

# Overrides
good >bad.yaml
for override in train.epoch=2 optimizer.sgd.momentum=1 "train.epochs=" train.batch_size=abc model.7.dense.units=1 "seeds=[" ; do
    count=$((count + 1))
    expect 2 "$RUNNER" bad.yaml "$override"
    grep -q "^command line.*: error: " err || { cat err; fail "no place for $override"; }
    [ ! -e results ] || fail "files were made"
done

# Data files: 2 images of 2 x 2 and their labels
idx() { printf '%b' "$2" >"$1"; }
images='\x00\x00\x08\x03\x00\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00\x02\x01\x02\x03\x04\x05\x06\x07\x08'
labels='\x00\x00\x08\x01\x00\x00\x00\x02\x00\x01'
data() {
    cat >bad.yaml <<'END'
experiment: bad
dataset: {idx: {train_images: images, train_labels: labels}}
model: [{dense: {units: 2, activation: softmax}}]
loss: categorical_crossentropy
optimizer: sgd
END
    idx images "$images"
    idx labels "$labels"
}
data
expect 0 "$RUNNER" bad.yaml --results fine
rm -r fine
data; idx images "${images%????}"; try bad.yaml:2: "images.*(short|truncated|bytes|ends)"
data; idx images "${images}x"; try bad.yaml:2: "images"
data; idx images "\x01$(printf '%s' "$images" | cut -c 5-)"; try bad.yaml:2: "images.*magic|images.*IDX"
data; idx labels '\x00\x00\x08\x01\x00\x00\x00\x03\x00\x01\x01'; try bad.yaml:2: "labels"
data; idx labels '\x00\x00\x08'; try bad.yaml:2: "labels"
data; : >images; try bad.yaml:2: "images"
data; rm images; try bad.yaml:2: "images.*no such file"
data; sed -i 's/labels: labels/labels: labels, classes: 1/' bad.yaml; try bad.yaml:2: "label"
data; printf '\x1f\x8b\x08\x00broken' >images; try bad.yaml:2: "images"
cat >bad.yaml <<'END'
experiment: bad
dataset: {mnist: {path: nowhere}}
model: [{dense: {units: 10, activation: softmax}}]
loss: categorical_crossentropy
optimizer: sgd
END
try bad.yaml:2: "nowhere"

[ $count -ge 50 ] || fail "only $count cases"
echo "$count bad inputs"
