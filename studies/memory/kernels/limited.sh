#!/usr/bin/env bash
# The tests of commands under a limit, in a real kernel with cgroup v2 (or, with -c v1, with v1).
#
#   limited.sh [options of run.sh]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo test --locked --no-run --test memory_limited
tests=$(ls -t target/debug/deps/memory_limited-* | grep -v '\.d$' | head -1)
strip -o "$work/memory_limited" "$tests"
strip -o "$work/allocgate" target/debug/allocgate
cat >"$work/guest.sh" <<'EOF'
#!/bin/sh
export TMPDIR=/data ALLOCGATE_TEST_DISK=/data ALLOCGATE_TEST_PROGRAM=/files/allocgate
cd /data
uname -sr
/files/memory_limited --test-threads 1
status=$?
find /sys/fs/cgroup -name 'allocgate-*'
exit $status
EOF
"$here/run.sh" -m 2048 "$@" "$work/guest.sh" "$work/memory_limited" "$work/allocgate" "$(command -v setpriv)"
