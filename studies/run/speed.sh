#!/usr/bin/env bash
# How long `allocgate run` takes on a real module, beside what benchdiff does: go test -count=10 of both sides in a
# worktree each, then benchstat. Parts can be run alone: speed.sh [prepare] [peer] [allocgate] [table].
#
#   ALLOCGATE     the program (default: allocgate on the PATH)
#   WORK          where repositories and build caches go (default: a directory under TMPDIR)
#   PEER_RESULTS  where the peer's raw results and times are kept; what is there is not measured again (default: WORK/peer)
#   RESULTS       the same of allocgate, always measured anew (default: WORK/allocgate)
#   CASES         default: "one every"
#   COUNT         the peer's -count (default 10)
#   START         state of the build cache both tools start from: deps (the standard library and the dependencies are
#                 built; the default) or empty. The peer's stored times hold for the state they were taken with.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$HERE/lib.sh"

MODULE=golang.org/x/crypto@v0.58.0
# Left out: 18 benchmarks of 45 to 165 ms and 32 to 64 MB an operation, a sixth of the results for one package.
CUT=argon2

WORK=${WORK:-${TMPDIR:-/tmp}/allocgate-speed}
mkdir -p "$WORK" && WORK=$(cd "$WORK" && pwd)
absolute() { mkdir -p "$1" && (cd "$1" && pwd); }
PEER=$(absolute "${PEER_RESULTS:-$WORK/peer}")
MINE=$(absolute "${RESULTS:-$WORK/allocgate}")
CASES=${CASES:-one every}
COUNT=${COUNT:-10}
START=${START:-deps}
REPO=$WORK/module
SEED=$WORK/seed-cache-$START
PATH=$PATH:$(go env GOPATH)/bin
need go git python3

# The repository, and the build cache that both tools start from.
prepare() {
    [ -e "$WORK/prepared" ] || branches
    [ -e "$SEED/ready" ] && return
    rm -rf "$SEED" && mkdir "$SEED"
    if [ "$START" = deps ]; then (
        # With and without -trimpath, so that neither tool has to build it again, whichever flags it builds with.
        cd "$REPO"
        deps=$(go list -deps -test -f '{{if .Module}}{{if not .Module.Main}}{{.ImportPath}}{{end}}{{end}}' ./... | sort -u)
        export GOCACHE=$SEED
        # shellcheck disable=SC2086 # a list
        go build std $deps && go build -trimpath std $deps
    ) fi
    touch "$SEED/ready"
}

# main is the module as it is (tag base), each case a branch with one commit on top of it.
branches() {
    rm -rf "$REPO"
    fetch "$MODULE" "$REPO"
    (cd "$REPO" && rm -rf $CUT)
    repo "$REPO" init --quiet --initial-branch=main
    commit "$REPO" base
    repo "$REPO" tag base

    repo "$REPO" switch --quiet --create one
    repo "$REPO" apply "$HERE/speed/one.patch"
    commit "$REPO" "one leaf package changes"

    repo "$REPO" switch --quiet --create every base
    repo "$REPO" apply "$HERE/speed/every.patch"
    tag "$REPO" 1
    commit "$REPO" "every package with benchmarks changes"
    repo "$REPO" switch --quiet main

    benchmarked "$REPO" | wc -l | tr -d ' ' >"$WORK/packages"
    touch "$WORK/prepared"
}

# cache FROM TO: a build cache of its own in the state of another
cache() { rm -rf "$2" && cp -R "$1" "$2"; }

# measure SIDE CACHE: the peer's measurement of one side in a worktree, its output and its wall time
measure() {
    local tree=$WORK/tree-$1 started status=0
    rm -rf "$tree" && repo "$REPO" worktree prune
    started=$(now)
    repo "$REPO" worktree add --quiet --detach "$tree" "$1"
    (cd "$tree" && GOCACHE=$2 go test -run '^$' -bench . -benchmem -count="$COUNT" ./...) \
        >"$PEER/$1.part" 2>"$PEER/$1.err" || status=$?
    since "$started" >"$PEER/$1.seconds"
    [ "$status" = 0 ] || die "go test of $1 failed: see $PEER/$1.part and $PEER/$1.err"
    repo "$REPO" worktree remove --force "$tree"
    mv "$PEER/$1.part" "$PEER/$1.txt"
}

# The base is measured once for all cases, but counted in each. A candidate starts from the build cache that the base
# left behind, as it does when benchdiff measures one after the other.
peer() {
    local case started
    prepare
    command -v benchstat >/dev/null || go install golang.org/x/perf/cmd/benchstat@latest
    if ! [ -e "$PEER/base.txt" ]; then
        cache "$SEED" "$WORK/peer-cache-base"
        measure base "$WORK/peer-cache-base"
    fi
    for case in $CASES; do
        if ! [ -e "$PEER/$case.txt" ]; then
            if ! [ -e "$WORK/peer-cache-base" ]; then # a stored base: only its build is made up for
                cache "$SEED" "$WORK/peer-cache-base"
                (cd "$REPO" && GOCACHE=$WORK/peer-cache-base go test -run '^$' ./... >"$WORK/warm.log" 2>&1) || true
            fi
            cache "$WORK/peer-cache-base" "$WORK/peer-cache-$case"
            measure "$case" "$WORK/peer-cache-$case"
        fi
        if ! [ -e "$PEER/$case.csv" ]; then
            started=$(now)
            (cd "$PEER" && benchstat "base=base.txt" "$case=$case.txt" >"$case.benchstat")
            since "$started" >"$PEER/$case.benchstat.seconds"
            (cd "$PEER" && benchstat -format csv "base=base.txt" "$case=$case.txt" >"$case.csv" 2>"$WORK/benchstat.log")
        fi
    done
}

# Three runs a case: without any stored measurement, then twice with allocgate's own cache, empty at first.
own() {
    local case kind started status flags
    command -v "$ALLOCGATE" >/dev/null || die "no $ALLOCGATE: set ALLOCGATE"
    prepare
    for case in $CASES; do
        repo "$REPO" switch --quiet "$case"
        rm -rf "$WORK/own-cache" && mkdir "$WORK/own-cache"
        for kind in uncached first again; do
            [ "$kind" = again ] || cache "$SEED" "$WORK/allocgate-build-cache"
            flags=
            [ "$kind" = uncached ] && flags=--no-cache
            status=0
            started=$(now)
            # shellcheck disable=SC2086 # none or one
            (cd "$REPO" && GOCACHE=$WORK/allocgate-build-cache XDG_CACHE_HOME=$WORK/own-cache \
                "$ALLOCGATE" run --base base $flags --report terminal --report "json=$MINE/$case-$kind.json") \
                >"$MINE/$case-$kind.txt" 2>"$MINE/$case-$kind.err" || status=$?
            since "$started" >"$MINE/$case-$kind.seconds"
            echo "$status" >"$MINE/$case-$kind.status"
        done
        repo "$REPO" switch --quiet main
    done
}

table() {
    echo "$MODULE without $CUT: $(cat "$WORK/packages" 2>/dev/null || echo '?') packages with benchmarks, build cache: $START"
    # shellcheck disable=SC2086 # a list
    python3 "$HERE/speed/table.py" "$PEER" "$MINE" $CASES
}

[ $# -gt 0 ] || set -- prepare peer allocgate table
for part; do
    case $part in
    allocgate) own ;; # no function must bear the program's name
    prepare | peer | table) "$part" ;;
    *) die "no part '$part'; parts: prepare peer allocgate table" ;;
    esac
done
