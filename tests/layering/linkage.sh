#!/bin/sh
# The supervisor loads neither BLAS nor OpenMP nor plugins: a crash there costs a trial, not the grid (DESIGN 6). libcurl is runner-fetch's alone.
set -eu
command -v readelf >/dev/null || { echo "skipped: no readelf"; exit 77; }
[ -x "$RUNNER" ] || { echo "$RUNNER is not built"; exit 1; }
needed=$(readelf -d "$RUNNER" "$RUNNER_BUILD_DIR/runner-worker" | awk '/^File:/ { file = $2 } /NEEDED/ { print file, $NF }')
echo "$needed"
if echo "$needed" | grep -E '/runner .*(blas|omp|gfortran)|/runner(-worker)? .*curl'; then
    echo "this library belongs to another program"
    exit 1
fi
echo "$needed" | grep -q '/runner-worker .*openblas'
if readelf -Ws --dyn-syms "$RUNNER" | grep -w 'UND dlopen@.*' && [ -z "$RUNNER_SANITIZER" ]; then
    echo "the supervisor calls dlopen"
    exit 1
fi
