#!/usr/bin/env bash
# Writes the synthetic pairs anew and records what benchstat says of every pair in this directory.
#
#   ./regenerate.sh            with the pinned benchstat, fetched by the go command
#   BENCHSTAT=benchstat ./regenerate.sh     with one on PATH; to be of the pinned version
#
# Needs bash, python3, and go unless BENCHSTAT is set. `git diff --stat .` should then be empty.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# The version all recorded answers are from.
version=v0.0.0-20260908200009-22c9c6c9d4da
if [[ -z "${BENCHSTAT:-}" ]]; then
  tools=$(mktemp -d)
  trap 'rm -rf "$tools"' EXIT
  GOBIN=$tools go install "golang.org/x/perf/cmd/benchstat@$version"
  BENCHSTAT=$tools/benchstat
fi
export LC_ALL=C

python3 generate.py
for case in */; do
  (
    cd "$case"
    # What it cannot read it says on stderr, and goes on; so do its warnings with -format csv.
    "$BENCHSTAT" -format csv baseline.txt candidate.txt >expected.csv 2>/dev/null
    "$BENCHSTAT" baseline.txt candidate.txt >expected.txt 2>/dev/null
  )
done
