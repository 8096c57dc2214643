#!/bin/bash
# What the supervisor has in memory does not grow with the epochs of trials that have ended, and little with the trials; what it writes
# is in proportion to the trials. Grid points share what they have in common. scale_whole.sh does the same with 100000 of them.
# ctest: timeout 240 no-sanitizer (memory that is freed stays theirs)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
. "$RUNNER_SOURCE_DIR/tests/e2e/lib_scale.sh"
tiny short 20 2
tiny long 20 300
tiny many 80 2
measure short.yaml --quiet
short=$peak short_written=$written
measure long.yaml
# 200 trials x 298 rows more; a row with 5 metrics is at least 6 x 8 + 5 x 9 bytes, 5500 kB in all. The report has the curves of 10 points.
at_most "$peak" $((short + 2500)) "kB with 300 epochs, with 2 it was $short"
measure long.yaml
at_most "$peak" $((short + 2500)) "kB to show 300 epochs again"
measure verify results/long --sample 10
at_most "$peak" $((short + 5000)) "kB to verify 10 of 200 trials of 300 epochs"
measure table results/long
at_most "$peak" $((short + 2500)) "kB to show the table"
measure many.yaml --quiet
at_most "$peak" $((short + 1200)) "kB with 800 trials, with 200 it was $short"
at_most "$written" $((short_written * 9 / 2)) "bytes written for 4 times the trials"
cube cube 20 20 20
measure check cube.yaml
cube=$peak
cube larger 40 40 20
measure check larger.yaml
at_most "$peak" $((cube + 14000)) "kB to check 32000 points of three axes, for 8000 it was $cube"
points few 500
points more 4000
measure check few.yaml
few=$peak
measure check more.yaml
at_most "$peak" $((few + 3500)) "kB to check 4000 points, for 500 it was $few"
