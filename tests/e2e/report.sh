#!/bin/bash
# Every run ends with report.html: whole, escaped, the same bytes when it is made again, with pictures that their scripts draw again.
# ctest: no-thread-sanitizer (what it looks at is one thread)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"

# report FOLDER: its report is whole, and asks nothing of anyone
whole() {
    [ "$(tail -n 1 "$1/report.html")" = "</html>" ] || fail "$1/report.html is not whole"
    ! grep -qiE '<script|<iframe|<img|@import|url\(|(src|href)="?(https?:)?//' "$1/report.html" ||
        fail "$1/report.html loads or runs something"
}

cat >grid.yaml <<'END'
experiment: grid
description: "Is <b>bold</b> & 'quoted'?"
dataset: {digits: {train: 200, test: 100}}
let: {rate: 0.1}
model:
  - dense: {units: 10, activation: softmax}
loss: categorical_crossentropy
optimizer: {sgd: {learning_rate: $rate}}
metrics: [accuracy]
train: {epochs: 2}
grid:
  train.batch_size: [10, 50, full]
  rate:
    "<script>alert(1)</script>": 0.1
    '"; system("touch x"); "`touch x`': 0.2
    "a_b^c @{d} {/:Bold e} %s\\n'; !touch x #": 0.3
seeds: 3
claims:
  - test_accuracy(batch_size=10) > test_accuracy(batch_size=full)
END
expect 0 "$RUNNER" grid.yaml
whole results/grid
says results/grid/report.html "Is &lt;b&gt;bold&lt;/b&gt; &amp; &#39;quoted&#39;?" "&lt;script&gt;alert(1)" \
    "test_accuracy(batch_size=10) &gt; test_accuracy(batch_size=full)" "left - right is" "Against the best" "Provenance" "XXH3-128"
[ "$(find . -name x)" = "" ] || fail "a label was run as code"

expect 0 "$RUNNER" grid.yaml
cp -r results/grid kept
expect 0 "$RUNNER" report results/grid/
says out "report: results/grid/report.html"
diff -r kept results/grid || fail "the report made again is another"
expect 0 "$RUNNER" report grid.yaml --output page.html
says out "report: page.html"
grep -v 'The tables beside this page' results/grid/report.html >wanted
cmp wanted page.html || fail "--output writes another report"

# Without gnuplot the report stands, says what is missing, and the run is none the worse for it.
mkdir bin
ln -s "$(command -v true)" bin/true
PATH=$PWD/bin expect 0 "$RUNNER" grid.yaml seeds=1 train.epochs=1
says err "no gnuplot is installed (package gnuplot-nox)"
whole "results/grid,seeds=1,train.epochs=1"
says "results/grid,seeds=1,train.epochs=1/report.html" "<code>gnuplot-nox</code>" "Grid points: mean"

# Another gnuplot that hangs on or fails costs the pictures alone, and only those that are not there from the same data.
printf '#!/bin/sh\necho "cannot open" >&2\nexit 1\n' >bin/gnuplot
chmod +x bin/gnuplot
export PATH=$PWD/bin:$PATH
expect 0 "$RUNNER" report results/grid --output page.html
[ ! -e results/grid/plots/seeds.svg ] || { [ ! -s err ] && cmp wanted page.html; } || fail "pictures are drawn again that are there"
made() {
    ls -li --time-style=full-iso results/grid results/grid/plots | grep -E '(html|svg|gp|dat)$'
}
made >before
expect 0 "$RUNNER" grid.yaml
says err "nothing to train"
made >after
[ -s before ] && cmp before after || fail "a run with nothing to do has made its report again"
echo >>results/grid/plots/seeds.dat
expect 0 "$RUNNER" report results/grid --output page.html
says err "gnuplot failed: cannot open"
expect 0 "$RUNNER" report results/grid
[ ! -e results/grid/plots/seeds.svg ] || fail "a picture stands beside other data"
rm bin/gnuplot
expect 0 "$RUNNER" report results/grid

# What runs know that are not finished, failed or have no metrics.
expect 1 "$RUNNER" --plugin-dir "$plugins/crash_step" grid.yaml optimizer=crash_step rate=0.1 seeds=2
folder=$(ls -d results/grid,optimizer*)
whole "$folder"
says "$folder/report.html" "None: no trial has come to its end" "SIGSEGV" "Trials that failed or diverged"
cat >plain.yaml <<'END'
experiment: plain
dataset: {quadratic: {dimension: 10}}
model: [variable]
loss: quadratic
optimizer: {sgd: {learning_rate: 0.1}}
train: {epochs: 3}
END
expect 0 "$RUNNER" plain.yaml
whole results/plain
says results/plain/report.html "train_loss"
expect 2 "$RUNNER" report nowhere.yaml
expect 2 "$RUNNER" report bin
says err "bin: no results are there"

expect 2 "$RUNNER" report results/grid nowhere
says err "nowhere: no such results folder"
expect 2 "$RUNNER" report results/grid results/grid,seeds=9
says err "seeds=9: no such results folder to compare with"
expect 2 "$RUNNER" table results/grid seeds=9
says err "seeds=9: overrides go with a config, not with a results folder"
expect 2 "$RUNNER" report nowhere
says err "nowhere: neither a results folder nor a config is there"

# A picture does not grow with the values of an axis: from 40 on it has lines and bands, without a mark and a bar for each.
cat >many.yaml <<END
experiment: many
dataset: xor
model: [{dense: {units: 1, activation: sigmoid}}]
loss: binary_crossentropy
optimizer: sgd
metrics: [accuracy]
train: {epochs: 1}
grid: {optimizer.sgd.learning_rate: [$(seq -s, 0.01 0.01 0.41)]}
seeds: 2
END
expect 0 "$RUNNER" --quiet many.yaml
says results/many/plots/axis.gp "1:3:4 with filledcurves" "with lines lw"
! grep -q yerrorbars results/many/plots/axis.gp || fail "41 values have a bar each"

# Of more points than there are lines, those with diverged trials are the worst: they have lines too.
cat >rates.yaml <<END
experiment: rates
dataset: {spirals: {turns: 0.5, train: 100, test: 100}}
model: [{dense: {units: 8, activation: relu}}, {dense: {units: 2}}]
loss: mean_squared_error
optimizer: sgd
metrics: [accuracy]
train: {epochs: 4}
grid: {optimizer.sgd.learning_rate: [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 100, 200, 300]}
seeds: 3
END
expect 0 "$RUNNER" --quiet rates.yaml
says results/rates/plots/curves.dat "300 (3 diverged)" "200 (1 diverged)"
says results/rates/report.html "8 of 11 grid points are shown: the best, the worst (those with the most diverged trials) and" \
    "A line ends where the first of its trials diverged" "3 of 3"

# A colour means the same in all pictures: on two axes the label off the numeric one.
cat >pairs.yaml <<END
experiment: pairs
dataset: {spirals: {turns: 0.5, train: 100, test: 100}}
model: [{dense: {units: 8, activation: relu}}, {dense: {units: 2, activation: softmax}}]
loss: categorical_crossentropy
optimizer: sgd
metrics: [accuracy]
train: {epochs: 3}
grid:
  optimizer: [sgd, adam, rmsprop]
  train.batch_size: [5, 20, 80]
seeds: 2
END
expect 0 "$RUNNER" --quiet pairs.yaml
# colours PICTURE FIRST: "LABEL COLOUR" of each line or mark with a title; FIRST: the block of the data with the first label
colours() {
    paste <(grep '^label' "results/$1.dat" | tail -n "+$2" | cut -f 2) <(grep 'title columnheader' "results/$1.gp" | grep -o "#[0-9a-f]*")
}
if [ -e results/pairs/plots/axis.svg ]; then
    colours pairs/plots/axis 1 | sort >wanted
    [ "$(wc -l <wanted)" = 3 ] && [ "$(cut -f 2 wanted | sort -u | wc -l)" = 3 ] || fail "lines have not a colour each: $(cat wanted)"
    for picture in "curves 1" "curves_train_loss 1" "frontier 3"; do
        # shellcheck disable=SC2086 # a name and a number
        colours pairs/plots/$picture | sed 's/, [0-9]*//' | sort -u >found
        [ -s found ] && [ -z "$(comm -23 found wanted)" ] || fail "$picture: $(cat found)"
    done
    colours rates/plots/curves 1 | sed 's/ (.*)//' | sort >wanted
    colours rates/plots/curves_time 1 | sed 's/ (.*)//' | sort >found
    [ -s found ] && [ -z "$(comm -23 found wanted)" ] || fail "curves over time have other colours"
fi

# Of several data sets each has its best, and their ranks tell which setting is better over all.
cat >problems.yaml <<END
experiment: problems
dataset: xor
model: [{dense: {units: 4, activation: relu}}, {dense: {units: 2, activation: softmax}}]
loss: categorical_crossentropy
optimizer: sgd
metrics: [accuracy]
train: {epochs: 3}
grid:
  dataset: {near: {spirals: {turns: 0.2, train: 100, test: 100}}, far: {spirals: {turns: 1, train: 100, test: 100}}}
  optimizer: [sgd, adam, rmsprop]
seeds: 3
END
expect 0 "$RUNNER" problems.yaml
says out "against the best of each data set by test_accuracy itself" "test_accuracy over the data sets: " "(Friedman's test over 2 data sets:" \
    "mean rank 1." "  optimizer="
says results/problems/report.html "Against the best of each data set" "Over the data sets" "the best mean rank is 1." "mean ranks over 2 data sets"
! grep -q "dataset=near optimizer=[a-z]* [a-z ]*dataset=far" out || fail "points of different data sets are compared"
[ ! -e results/problems/plots/frontier.svg ] || says results/problems/report.html "test_accuracy against time, dataset=near" "test_accuracy against time, dataset=far"

# Two runs side by side.
expect 0 "$RUNNER" report results/grid "results/grid,seeds=1,train.epochs=1" --output two.html
says two.html "Grid points side by side" "B − A" "9 grid points are matched" "none can be tested, for want of 3 common seeds" "test_accuracy of each run" "Difference from A" "Time of each run"
[ "$(tail -n 1 two.html)" = "</html>" ] || fail "two.html is not whole"
[ "$(grep -c '<svg' two.html)" = 3 ] || ! command -v gnuplot >/dev/null || fail "two.html has not its three pictures"

# What only the second has is told as well, also where the two have nothing in common.
expect 0 "$RUNNER" report results/grid results/rates --output apart.html
says apart.html "No grid point of one run has the labels of one of the other" "Grid points of B without a partner in A" "learning_rate=0.05"
expect 0 "$RUNNER" report "results/grid,seeds=1,train.epochs=1" results/grid --output two.html
! grep -q "without a partner" two.html || fail "partners are told to be missing"
expect 0 "$RUNNER" grid.yaml 'train.batch_size=[10, 20]' seeds=1
expect 0 "$RUNNER" report results/grid "results/grid,train.batch_size=[10,20],seeds=1" --output two.html
says two.html "3 grid points are matched; none can be tested" "it is equal in all digits at 3" "6 of A and 3 of B have no partner" "batch_size=20 rate=&lt;script"

expect 0 "$RUNNER" -q rates.yaml train.epochs=3
expect 0 "$RUNNER" report results/rates results/rates,train.epochs=3 --output two.html
says two.html "; at 2 trials diverged, and there is no verdict"

# gnuplot draws the same pictures again from what stands beside them.
command -v gnuplot >/dev/null || exit 0
[ "$(ls results/grid/plots/*.gp | wc -l)" -ge 8 ] || fail "pictures are missing: $(ls results/grid/plots)"
cp -r results/grid/plots again
for script in again/*.gp; do
    name=$(basename "$script" .gp)
    rm "again/$name.svg"
    (cd again && gnuplot "$name.gp") 2>err || fail "gnuplot $name.gp"
    [ ! -s err ] || fail "gnuplot says of $name: $(cat err)"
    cmp "again/$name.svg" "results/grid/plots/$name.svg" || fail "$name.svg is another"
done
[ "$(find . -name x)" = "" ] || fail "a label was run as code"
[ "$(grep -c '<svg' results/grid/report.html)" = "$(ls again/*.gp | wc -l)" ] || fail "not every picture stands in the report"
