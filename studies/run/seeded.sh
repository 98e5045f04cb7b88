#!/usr/bin/env bash
# Does `allocgate run` find ten seeded allocation regressions of real modules, one of each kind? seeded/INDEX.tsv lists
# them: a patch, the benchmark that shows it and the figures before and after. Every seed is an uncommitted change in a
# repository whose only commit is the module as published. Exit code 1 if a seed is missed.
#
#   ALLOCGATE  the program (default: allocgate on the PATH)
#   WORK       where the repositories and reports go (default: a directory under TMPDIR)
#   SEEDS      names of some seeds, to run only these
#   CHECK      1: no allocgate; measure the seeds with go test and compare with the figures in the index, run the tests
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$HERE/lib.sh"

WORK=${WORK:-${TMPDIR:-/tmp}/allocgate-seeded}
mkdir -p "$WORK" && WORK=$(cd "$WORK" && pwd)
SEEDS=${SEEDS:-}
CHECK=${CHECK:-0}
need go git python3
[ "$CHECK" = 1 ] || command -v "$ALLOCGATE" >/dev/null || die "no $ALLOCGATE: set ALLOCGATE"
own_caches "$WORK/own-cache"

# figure DIR BENCHMARK UNIT: the figure of each of three samples, in a line
figure() {
    (cd "$1" && go test -run '^$' -bench "^Benchmark${2//\//\$/^}\$" -benchmem -benchtime 1000x -count 3 .) |
        awk -v unit="$3" '/ ns\/op/ { for (i = 2; i <= NF; i++) if ($i == unit) printf "%s ", $(i - 1) }'
}

# check DIR PATCH BENCHMARK UNIT BEFORE AFTER: do the figures of the index hold, and do the tests still pass?
check() {
    local before after tests=pass
    before=$(figure "$1" "$3" "$4")
    repo "$1" apply "$2"
    after=$(figure "$1" "$3" "$4")
    (cd "$1" && go test .) >"$1.tests" 2>&1 || tests=FAIL
    result="${before}→ ${after}tests $tests"
    [ "$before" = "$5 $5 $5 " ] && [ "$after" = "$6 $6 $6 " ] && [ "$tests" = pass ]
}

# judge DIR PATCH PACKAGE BENCHMARK UNIT: does allocgate exit with 1 and call the row regressed?
judge() {
    local code=0 row
    repo "$1" apply "$2"
    (cd "$1" && "$ALLOCGATE" run --report terminal --report "json=$1.json") >"$1.txt" 2>"$1.err" || code=$?
    row=$(python3 "$HERE/rows.py" status "$1.json" "$3" "$4" "$5")
    result="exit $code, $row"
    [ "$code" = 1 ] && [ "$row" = regressed ]
}

missed=0 seeds=0
echo "| seed | module | benchmark | unit | before → after | result | |"
echo "|---|---|---|---|--:|---|---|"
while IFS=$'\t' read -r -u 3 name module patch package benchmark unit before after; do
    [ "$name" = name ] && continue
    [ -z "$SEEDS" ] || case " $SEEDS " in *" $name "*) ;; *) continue ;; esac
    dir=$WORK/$name
    rm -rf "$dir" "$dir".*
    fetch "$module" "$dir"
    repo "$dir" init --quiet --initial-branch=main
    commit "$dir" base
    seeds=$((seeds + 1)) verdict=found
    if [ "$CHECK" = 1 ]; then
        check "$dir" "$HERE/seeded/$patch" "$benchmark" "$unit" "$before" "$after" || verdict=DIFFERS
    else
        judge "$dir" "$HERE/seeded/$patch" "$package" "$benchmark" "$unit" || verdict=MISSED
    fi
    case $verdict in found) ;; *) missed=$((missed + 1)) ;; esac
    echo "| $name | $module | $benchmark | $unit | $before → $after | $result | $verdict |"
done 3<"$HERE/seeded/INDEX.tsv"

echo
echo "$((seeds - missed)) of $seeds seeds"
[ "$seeds" -gt 0 ] && [ "$missed" = 0 ]
