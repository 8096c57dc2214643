#!/bin/bash
# The report of a shipped config with two axes, looked at in a browser; report_browser_whole.sh looks at those of all.
# ctest: timeout 400 no-sanitizer (report.sh makes reports there, and the page is the same)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
. "$RUNNER_SOURCE_DIR/tests/e2e/lib_browser.sh"

expect 0 "$RUNNER" "$RUNNER_SOURCE_DIR/configs/learning_rate.yaml" dataset.digits.train=200 train.epochs=2 seeds=3
measure_run results/learning_rate,*

# The looking itself: each of these mistakes in the same page is found.
sed 's|<h2>Answer</h2>|&<div style="width:2000px">wide</div><p style="margin-bottom:-20px">one</p><p>other</p><p></p>\
<p style="color:#999">faint</p><p style="width:5px;overflow:hidden;white-space:nowrap">cut off</p><p style="font-size:5px">tiny</p>\
<p id="answer">nan</p><figure><svg viewBox="0 0 440 300"><text x="420" y="20">beyond</text><use xlink:href="#none"/></svg></figure>|' \
    results/learning_rate,*/report.html >wrong.html
(measure wrong.html) 2>found && fail "nothing is found wrong with a page full of mistakes"
says found "scrolls sideways" "reaches beyond the page" 'overlap: &lt;p&gt; "one"' "is empty: &lt;p&gt;" "contrast of 2.8" "is cut off: &lt;p&gt;" \
    "letters of 5.0 pixels" "id given twice: answer" 'says "&lt;p id="answer"' 'reaches beyond it: &lt;text&gt; "beyond"' "uses nothing" "is not drawn" "no caption"
sed 's|<h2>Answer</h2>|&<script>1</script>|' results/learning_rate,*/report.html >wrong.html
(measure wrong.html) 2>found && fail "a message on the console is not found"
says found "Content Security Policy"
