#!/usr/bin/env bash
# Judges the pairs of run.sh and prints the false alarms as Markdown.
#
#   ALLOCGATE=path/to/allocgate ./judge.sh [OUT] [-- options of `allocgate check`]
set -euo pipefail
shopt -s nullglob

here=$(cd "$(dirname "$0")" && pwd)
out=$here/out
if (($#)) && [[ $1 != -- ]]; then
  out=$1
  shift
fi
if (($#)); then shift; fi # --
allocgate=${ALLOCGATE:-allocgate}

reports=()
for baseline in "$out"/*/a.txt; do
  dir=$(dirname "$baseline")
  status=0
  # A false alarm is what is being counted: 0, 1 and 3 are verdicts, anything else means that nothing was judged.
  "$allocgate" check --report "json=$dir/report.json" "$@" "$baseline" "$dir/b.txt" >/dev/null || status=$?
  case $status in
  0 | 1 | 3) echo "$(basename "$dir"): exit status $status" >&2 ;;
  *) echo "$(basename "$dir"): allocgate failed with $status" >&2 && exit 2 ;;
  esac
  reports+=("$dir/report.json")
done
if ((${#reports[@]} == 0)); then
  echo "no pairs in $out: start run.sh first" >&2
  exit 2
fi
exec python3 "$here/summarise.py" "${reports[@]}"
