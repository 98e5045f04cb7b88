# What the three studies share; sourced, never run.
# A study sets HERE to its own directory before it sources this file.

ALLOCGATE=${ALLOCGATE:-allocgate}
case $ALLOCGATE in */*) ALLOCGATE=$(cd "$(dirname "$ALLOCGATE")" && pwd)/$(basename "$ALLOCGATE") ;; esac

die() { echo "$0: $*" >&2; exit 2; }

need() { for tool; do command -v "$tool" >/dev/null || die "$tool is needed"; done; }

now() { python3 -c 'import time; print("%.3f" % time.time())'; }

# since START: seconds since START, with one decimal
since() { python3 -c 'import sys, time; print("%.1f" % (time.time() - float(sys.argv[1])))' "$1"; }

# fetch MODULE@VERSION DIR: a writable copy of the module's source
fetch() {
    local source
    source=$(cd / && GOWORK=off go mod download -json "$1" |
        python3 -c 'import json, sys; print(json.load(sys.stdin).get("Dir", ""))') && [ -n "$source" ] ||
        die "cannot download $1"
    mkdir -p "$2" && cp -R "$source/." "$2" && chmod -R u+w "$2"
}

# repo DIR ...: git in DIR, whoever's configuration the machine has
repo() {
    local dir=$1
    shift
    GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 git -C "$dir" \
        -c user.name=study -c user.email=study@example.com -c core.autocrlf=false -c gc.auto=0 -c advice.detachedHead=false "$@"
}

# commit DIR MESSAGE: everything that is in DIR, ignored files too
commit() { repo "$1" add --all --force . && repo "$1" commit --quiet --message "$2"; }

# benchmarked DIR: import path, directory and name of each package that has benchmarks
benchmarked() {
    (cd "$1" && go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}} {{.Dir}} {{.Name}}{{end}}' ./...) |
        while read -r path dir name; do
            # A package without code of its own (name ends in _test) has nothing to change.
            case $name in *_test) continue ;; esac
            if grep -qsE '^func Benchmark[^a-z]' "$dir"/*_test.go; then echo "$path $dir $name"; fi
        done
}

# tag DIR NUMBER [NOT...]: changes the code of each package with benchmarks, except the named directories, so that every
# test binary that holds the package differs, and nothing allocates. The variable is written at start-up: the linker has
# to keep both it and the number.
tag() {
    local top=$1 number=$2
    shift 2
    benchmarked "$top" | while read -r _ dir name; do
        case " $* " in *" ${dir#"$top"/} "*) continue ;; esac
        cat >"$dir/study_tag.go" <<GO
package $name

var studyTag int

func init() { studyTag = $number }
GO
    done
}

# own_caches DIR: the Go build cache stays where it is, allocgate's own goes to DIR
own_caches() {
    GOCACHE=$(go env GOCACHE)
    XDG_CACHE_HOME=$1
    export GOCACHE XDG_CACHE_HOME
}
