#!/bin/sh
# in_fresh_folder.sh SCRIPT: runs a test script in a new temporary folder, which is removed afterwards unless the test failed.
folder=$(mktemp -d "${TMPDIR:-/tmp}/runner-test.XXXXXX") || exit 1
cd "$folder" || exit 1
bash "$1"
status=$?
case $status in
    0 | 77) cd / && rm -rf "$folder" ;;
    *) echo "exit status $status; the files are in $folder" >&2 ;;
esac
exit $status
