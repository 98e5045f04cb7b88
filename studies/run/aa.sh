#!/usr/bin/env bash
# False alarms of `allocgate run`: twenty changes of a real module that allocate nothing, but make the test binary of
# every package with benchmarks differ (a number that is stored at start-up), so that all of them are measured. Each run
# must exit with 0. Exit code 1 if one does not, or if any row is called regressed.
#
#   ALLOCGATE  the program (default: allocgate on the PATH)
#   WORK       where the repository and the reports go (default: a directory under TMPDIR)
#   RUNS       default 20
#   MODULE     default golang.org/x/net: sockets, goroutines, pools and caches, so that many figures are not exact
#   LEAVE      packages left as they are (default quic, whose benchmarks take up to a second an operation): allocgate
#              should not measure them
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$HERE/lib.sh"

MODULE=${MODULE:-golang.org/x/net@v0.62.0}
LEAVE=${LEAVE-quic}
RUNS=${RUNS:-20}
WORK=${WORK:-${TMPDIR:-/tmp}/allocgate-aa}
mkdir -p "$WORK" && WORK=$(cd "$WORK" && pwd)
need go git python3
command -v "$ALLOCGATE" >/dev/null || die "no $ALLOCGATE: set ALLOCGATE"
own_caches "$WORK/own-cache"

rm -rf "$WORK/module" "$WORK"/run-*
fetch "$MODULE" "$WORK/module"
# shellcheck disable=SC2086 # a list
tag "$WORK/module" 0 $LEAVE
repo "$WORK/module" init --quiet --initial-branch=main
commit "$WORK/module" base
echo "$MODULE, $(find "$WORK/module" -name study_tag.go | wc -l | tr -d ' ') packages changed"

for run in $(seq "$RUNS"); do
    # shellcheck disable=SC2086 # a list
    tag "$WORK/module" "$run" $LEAVE
    code=0
    started=$(now)
    # Without stored measurements: each run measures both sides anew.
    (cd "$WORK/module" && "$ALLOCGATE" run --no-cache --report terminal --report "json=$WORK/run-$run.json") \
        >"$WORK/run-$run.txt" 2>"$WORK/run-$run.err" || code=$?
    echo "$code" >"$WORK/run-$run.code"
    echo "run $run: exit $code, $(since "$started") s"
done

echo
python3 "$HERE/rows.py" summary "$WORK"/run-*.json
exits() { cat "$WORK"/run-*.code | grep -cx "$1" || true; }
for code in 0 1 2 3; do echo "exit $code: $(exits $code) of $RUNS runs"; done
[ "$(exits 0)" = "$RUNS" ] && python3 "$HERE/rows.py" none-regressed "$WORK"/run-*.json
