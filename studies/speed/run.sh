#!/usr/bin/env bash
# Wall time and peak memory of allocgate, benchstat and `wc -l` on the same generated files, as a Markdown table.
#
#   ALLOCGATE=path/to/allocgate ./run.sh [DATA]
#
# Without ALLOCGATE, only the other two are measured. Environment: RUNS (5), CASES ("500x10 1k 10k 100k 1M").
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
data=${1:-"$here/data"}
pinned=v0.0.0-20260908200009-22c9c6c9d4da
benchstat=$here/bin/benchstat
if [[ ! -x $benchstat ]]; then
  GOBIN="$here/bin" go install "golang.org/x/perf/cmd/benchstat@$pinned"
fi
if [[ -n ${ALLOCGATE:-} && ! -x $ALLOCGATE ]]; then
  echo "ALLOCGATE=$ALLOCGATE is not a program" >&2
  exit 2
fi

for case in ${CASES:-500x10 1k 10k 100k 1M}; do
  # Lines are counted in results a side, ten of each benchmark.
  case $case in
  500x10) benchmarks=500 ;;
  1k) benchmarks=100 ;;
  10k) benchmarks=1000 ;;
  100k) benchmarks=10000 ;;
  1M) benchmarks=100000 ;;
  *) echo "unknown case $case" >&2 && exit 2 ;;
  esac
  if [[ ! -e $data/$case/expected.txt ]]; then
    python3 "$here/generate.py" --benchmarks "$benchmarks" --samples 10 "$data/$case" # expected.txt is written last
  fi
done

exec python3 "$here/measure.py" --runs "${RUNS:-5}" --benchstat "$benchstat" ${ALLOCGATE:+--allocgate "$ALLOCGATE"} \
  "$data" ${CASES:-500x10 1k 10k 100k 1M}
