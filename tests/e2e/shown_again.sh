#!/bin/bash
# A finished run is shown and not trained again; overrides have a folder of their own; --fresh starts over.
# ctest: no-thread-sanitizer (what it looks at is one thread)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
small grid 2
expect 0 "$RUNNER" grid.yaml
says out "results: results/grid/; report.html there shows them with pictures" "test_accuracy" "±"
says err "3 points x 2 seeds = 6 trials" "[6/6]"
cp -r results/grid kept
cp out table

expect 0 "$RUNNER" grid.yaml
says err "nothing to train: 6 of 6 trials are finished; --fresh starts over"
cmp table out || fail "the table differs"
diff -r kept results/grid -x .lock || fail "files changed"

expect 0 "$RUNNER" table results/grid/
cmp table out || fail "table shows another table"
expect 0 "$RUNNER" table grid.yaml
cmp table out || fail "table shows another table of a config"

# What people read may change; what decides the numbers may not.
sed 's/^experiment: grid/&\ndescription: other words/' grid.yaml >other.yaml
expect 0 "$RUNNER" other.yaml
says err "nothing to train"
says results/grid/config.yaml "other words"
expect 0 "$RUNNER" grid.yaml

expect 0 "$RUNNER" grid.yaml train.epochs=1 --quiet
[ ! -s out ] && [ ! -s err ] || fail "--quiet is not quiet"
[ -f "results/grid,train.epochs=1/trials.csv" ] || fail "no folder for the override"
same kept results/grid

# A wider grid trains what is new only.
sed 's/^seeds: 2/seeds: 3/' grid.yaml >wider.yaml
expect 0 "$RUNNER" wider.yaml
says err "6 of 9 trials are finished"
expect 0 "$RUNNER" grid.yaml
says err "nothing to train"
same kept results/grid

expect 0 "$RUNNER" grid.yaml --fresh
says err "[6/6]"
same kept results/grid

# A page that could not be made is not promised.
mkdir -p barred/grid/report.html
expect 0 "$RUNNER" grid.yaml --results barred
says err "warning: the report was not made: cannot write barred/grid/report.html: Is a directory"
says out "results: barred/grid/"
! grep -q "shows them with pictures" out || fail "a page that was not made is promised"
