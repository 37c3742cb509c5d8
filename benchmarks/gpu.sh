#!/bin/sh
# Measures training on one GPU within 8 minutes: ./benchmarks/gpu.sh OUT.json [options of python -m benchmarks.gpu]
# Needs Python with torch, numpy, pydantic and PyYAML; no internet. Without --data DIR it trains on made-up images.
set -eu
cd "$(dirname "$0")/.."
out=${1:?usage: benchmarks/gpu.sh OUT.json [--data DIR] [--device cpu] [...]}
shift
PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}" exec "${PYTHON:-python3}" -m benchmarks.gpu --out "$out" "$@"
