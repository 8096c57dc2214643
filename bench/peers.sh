#!/bin/sh
# Makes a Python environment with the peers that bench/run compares with, in FOLDER (default: bench/out/peers).
#     bench/peers.sh [FOLDER]
# bench/run uses that of bench/out/peers, or the Python that $RUNNER_BENCH_PYTHON names. Nothing else in the project needs Python.
# $RUNNER_BENCH_TORCH_INDEX may name a package index with PyTorch's CPU build (see PyTorch's installation page), which is smaller by some
# gigabytes than the default one with CUDA and as fast here.
set -eu
here=$(dirname "$(realpath "$0")")
folder=${1:-$here/out/peers}
mkdir -p "$(dirname "$folder")"
python3 -m venv "$folder"
pip() { "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@"; }
pip ${RUNNER_BENCH_TORCH_INDEX:+--index-url "$RUNNER_BENCH_TORCH_INDEX"} torch==2.13.0
pip -r "$here/peers/requirements.txt"
"$folder/bin/python" "$here/peers/versions.py"
