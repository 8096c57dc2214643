#!/bin/bash
# runner diff pairs trials over seeds: nothing for equal results, noise for a change that noise explains, and the exit status for CI.
# ctest: no-thread-sanitizer (what it looks at is one thread)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
table() { # FOLDER VALUE...: a trial a seed
    mkdir -p "$1"
    echo "trial,id,a,seed,status,reason,stopped_by,epochs,updates,test_loss" >"$1/trials.csv"
    seed=0
    for value in "${@:2}"; do
        echo "$((seed + 1)),000000000000000$seed,x,$seed,done,,epochs,1,10,$value" >>"$1/trials.csv"
        seed=$((seed + 1))
    done
}
table one 0.5 0.6 0.55 0.52 0.58
table noise 0.51 0.59 0.56 0.51 0.585
table better 0.41 0.52 0.45 0.43 0.48
table single 0.5
table moved 0.500001
expect 0 "$RUNNER" diff one one
says out "5 pairs of trials, 5 of 5 metrics equal in all digits, 0 beyond noise"
expect 0 "$RUNNER" diff one noise
says out "within noise" "0 of 5 metrics equal"
# 0.09, 0.08, 0.1, 0.09, 0.1 less: t = -24.588 with 4 degrees of freedom, p = 1.624e-05 by the closed form of that distribution
expect 3 "$RUNNER" diff one better
says out "a=x" "-0.092" "1.6e-05" differs
says err "one and better differ: 1 difference beyond noise"
expect 3 "$RUNNER" diff single moved
says out "one seed does not tell"
expect 3 "$RUNNER" diff one single
says out "a=x seeds 1, 2, 3, 4: only in one"
expect 3 "$RUNNER" diff single one
says out "a=x seeds 1, 2, 3, 4: only in one"
cp -r one longer
sed -i 's/,10,/,20,/' longer/trials.csv
expect 3 "$RUNNER" diff one longer
says out "a=x seeds 0, 1, 2, 3, 4: updates is 10, then 20"
sed -i '4,$s/,x,/,y,/' one/trials.csv longer/trials.csv
expect 3 "$RUNNER" diff one longer
says out "all 5 trials: updates is 10, then 20"
[ "$(grep -c 'then 20' out)" = 1 ] || fail "what all trials have is said more than once"
sed -i 's/,y,/,x,/' one/trials.csv
expect 2 "$RUNNER" diff one
table none
table nothing
expect 3 "$RUNNER" diff none single
expect 2 "$RUNNER" diff none nothing
says err "neither none nor nothing holds a trial that has ended"
sed -i 's/,a,/,b,/' single/trials.csv
expect 2 "$RUNNER" diff one single
says err "other axes"

# Claims: those on times are left out; a verdict that turns over differs, one that is no longer decided may be noise.
claims() { # FOLDER VERDICT ESTIMATE LOW HIGH
    echo "claim,statement,verdict,n,estimate,ci95_low,ci95_high,threshold,times,reason" >"$1/claims.csv"
    echo "1,test_loss(a=x) > 0,$2,5,$3,$4,$5,0,no," >>"$1/claims.csv"
    echo "2,seconds(a=x) > 0,$6,5,1,0.5,1.5,0,yes," >>"$1/claims.csv"
}
cp -r one two
claims one holds 0.1 0.05 0.15 holds
claims two undecided 0.09 -0.01 0.19 fails
expect 0 "$RUNNER" diff one two
says out "claim test_loss(a=x) > 0: holds, then undecided: within noise"
grep -q seconds out && fail "a claim on times is compared"
claims two undecided 0.001 -0.001 0.003 holds
expect 3 "$RUNNER" diff one two
says out "holds, then undecided: differs"
claims two fails -0.01 -0.019 -0.001 holds
expect 3 "$RUNNER" diff one two
says out "holds, then fails: differs"

small grid 1
expect 0 "$RUNNER" grid.yaml -q
expect 0 "$RUNNER" grid.yaml -q --results again --workers 1 --threads 2
expect 0 "$RUNNER" diff results/grid again/grid
