#!/bin/bash
# runner(1) is made from the same table as the help, and man has nothing to say against it.
# ctest: no-thread-sanitizer (what it looks at is one thread)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
expect 0 "$RUNNER" help --man
cp out runner.1
for command in $("$RUNNER" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
    grep -q "^\.SS $command" runner.1 || fail "$command is not in the manual"
done
sed 's/\\-/-/g' runner.1 >plain
for option in $("$RUNNER" help | sed -n '/^Options:/,/^$/s/^ .*--\([a-z-]*\).*/\1/p'); do
    grep -q "^\.B .*--$option" plain || fail "--$option is not in the manual"
done
if command -v groff >where; then
    groff -man -Tutf8 -P-cbou -ww -k runner.1 >page 2>warnings || fail "groff: $(cat warnings)"
    [ ! -s warnings ] || fail "groff: $(cat warnings)"
    says page NAME SYNOPSIS "EXIT STATUS"
fi
if command -v man >where && man --version >where 2>&1; then
    LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z runner.1 2>warnings >page
    [ ! -s warnings ] || fail "man: $(cat warnings)"
fi
if command -v mandoc >where; then
    mandoc -Tlint -W warning runner.1 || fail "mandoc -Tlint"
fi
