#!/bin/bash
# Configs that are hostile or much too large get a clear error, or cost work and memory in proportion to their size: 16 MB of text make
# no grid of a billion trials, no value of a terabyte and no hour of looking for names.
# ctest: timeout 400
# ctest: no-thread-sanitizer (what it looks at is one thread)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
[ -n "$RUNNER_SANITIZER" ] || ulimit -v 4000000

good() {
    cat <<'END'
experiment: limits
dataset: {digits: {train: 100, test: 20}}
model: [{dense: {units: 10, activation: softmax}}]
loss: categorical_crossentropy
optimizer: sgd
END
}
numbered() { # FORMAT FROM TO: @ is the number, % the one before; some thousands, for awk is slow
    awk -v format="$1" -v from="$2" -v to="$3" 'BEGIN {
        for (i = from; i <= to; i++) { line = format; gsub(/@/, i, line); gsub(/%/, i - 1, line); printf "%s", line }
    }'
}
many() { # FORMAT COUNT: a line each
    seq "$2" | sed "s|.*|$(echo "$1" | sed 's/@/\&/g')|"
}
refused() { # TEXT...: what stands in big.yaml is refused with these texts, in few lines
    expect 2 "$RUNNER" check big.yaml
    says err "$@"
    [ "$(wc -c <err)" -lt 1000000 ] || fail "a flood of messages"
    [ ! -s out ] || fail "something was written to the standard output"
}
accepted() {
    expect 0 "$RUNNER" check big.yaml
}

# Names that hold each other twice
{ good; echo 'let:'; echo '  a0: ha'; numbered '  a@: "${a%}${a%}"\n' 1 60; } >big.yaml
refused "big.yaml:" "the names of 'let' stand for more than 64 MiB here"
{ good; echo 'let:'; echo '  a0: [ha]'; numbered '  a@: [$a%, $a%]\n' 1 60; } >big.yaml
refused "the names of 'let' stand for more than 64 MiB here"
{ good; echo 'let:'; echo '  a0: 1'; numbered '  a@: "= a% + a%"\n' 1 60; } >big.yaml
accepted
{ echo 'x0: &x0 [ha]'; numbered 'x@: &x@ [*x%, *x%, *x%, *x%, *x%, *x%, *x%, *x%]\n' 1 20; good; } >big.yaml
refused "found more than 1000000 values, aliases counted as what they stand for"
{ good; printf 'description: ['; numbered '&a@ x, ' 1 2000; echo ']'; } >big.yaml
refused "found more than 1000 anchors"

# Many names, many uses, long chains
{ good; echo 'let:'; numbered '  a@: @\n' 1 1000; printf 'seeds: ['; numbered '$a@, ' 1 1000; echo ']'; } >big.yaml
accepted
says out "1000 trials"
{ good; echo 'let:'; many '  a@: @' 100000; } >big.yaml
accepted
{ good; printf 'let: {a: x}\ndescription: "'; many '${a}' 100000; echo '"'; } >big.yaml
accepted
{ good; echo 'let:'; numbered '  a%: $a@\n' 1 1000; echo '  a1000: 1'; } >big.yaml
refused "needs a chain of more than 200 names"
{ good; echo 'let:'; many '  a@: $b@' 20000; } >big.yaml
refused "undefined name '\$b1'" "more than 1000 mistakes; the rest is not shown"

# Many keys, mistakes, values, layers; deep nesting
{ good; many 'k@: @' 100000; } >big.yaml
refused "unknown key 'k1'" "more than 1000 mistakes; the rest is not shown"
{ good; many 'k: @' 100000; } >big.yaml
refused "found the key 'k' twice" "more than 100 mistakes"
{ good; printf 'let: {x: 1}\ngrid: {x: [\n'; many '  @,' 10000; echo ']}'; } >big.yaml
accepted
says out "10000 points x 1 seed = 10000 trials"
good | sed "s/model: \[/&$(numbered '{dense: {units: 2}}, ' 1 1000)/" >big.yaml
accepted
says out dense_1001
{ good; printf 'seeds: '; numbered '[' 1 5000; numbered ']' 1 5000; } >big.yaml
refused "found more than 100 levels of nesting"
{ good; printf 'seeds: '; numbered '{a: ' 1 5000; numbered '}' 1 5000; } >big.yaml
refused "found more than 100 levels of nesting"
{ good; printf 'seeds: "= '; numbered '(' 1 5000; printf 1; numbered ')' 1 5000; echo '"'; } >big.yaml
refused "big.yaml:6:8: error: expression"

# Sizes
{ good; echo 'seeds: 1000'; echo 'let: {x: 1, y: 1}'; echo 'grid:'
    for axis in x y; do printf "  $axis: ["; numbered '@, ' 1 1000; echo ']'; done; } >big.yaml
refused "the grid has 1000000000 trials (1000000 points, 1000 seeds); more than 1000000 are refused"
{ good; printf 'let: {'; numbered 'x@: 1, ' 1 60; printf '}\ngrid:\n'; numbered '  x@: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n' 1 60; } >big.yaml
refused "the grid has too many trials to count"
for change in 's/units: 10/units: 9223372036854775807/' 's/units: 10/units: 99999999999999999999999/' 's/train: 100/train: 9223372036854775807/' \
    's/model: \[/&{dense: {units: 2000000000}}, {dense: {units: 2000000000}}, /' '$a seeds: 9223372036854775807' '$a seeds: [1e400]' \
    '$a train: {batch_size: 1e30}' '$a train: {epochs: 9223372036854775807}' '$a train: {updates: -1}' '$a time_limit: 1e300 d' \
    '$a memory_limit: 99999999 TB'; do
    good | sed "$change" >big.yaml
    refused "big.yaml:"
done
{ good; printf '# '; head -c 17000000 /dev/zero | tr '\0' x; } >big.yaml
refused "more than 16777216 bytes"
good | sed "s/limits/$(printf 'l%.0s' $(seq 100000))/" >big.yaml
refused "experiment is 'lll"
[ "$(wc -c <err)" -lt 3000 ] || fail "a message of $(wc -c <err) bytes"
