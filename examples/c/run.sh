#!/bin/sh
# Runs a program that prints lines such as "move 5000 length 31234.5", and hands these on as the history of the run.
set -e
output="${SEEDWISE_OUT:-.}/output.txt"
"$@" > "$output"
cat "$output"
if [ -n "$SEEDWISE_HISTORY" ]; then
    awk '$1 == "move" {printf "{\"step\": %d, \"km\": %s}\n", $2, $4}' "$output" > "$SEEDWISE_HISTORY"
fi
