#!/bin/sh
# Record cgroup v1 memory situations as plain files.
#   record-v1.sh HOLD OUT DATA
# HOLD: the built hold.c; OUT: where the trees go; DATA: a folder on a real
# filesystem (its pages must be reclaimable page cache, so no tmpfs).
# Needs root and a writable v1 memory hierarchy. Every cgroup is made as a child
# of the cgroup this script runs in, so it stays inside that one's own limits,
# and every one is removed again, also after a failure.
# Only POSIX sh: the same script runs under a guest's busybox.
set -eu
hold=$1 out=$2 data=$3
files="memory.limit_in_bytes memory.usage_in_bytes memory.max_usage_in_bytes
memory.failcnt memory.stat memory.oom_control memory.memsw.limit_in_bytes
memory.memsw.usage_in_bytes memory.memsw.max_usage_in_bytes memory.memsw.failcnt
memory.soft_limit_in_bytes memory.use_hierarchy memory.swappiness cgroup.procs"

own=$(awk -F: '$2 == "memory" { print $3 }' /proc/self/cgroup)
case $own in / | '') own= ;; esac
top=/sys/fs/cgroup/memory$own/allocgate-record-$$
pid=
cleanup() {
	[ -z "$pid" ] || { kill -9 "$pid"; wait "$pid"; } 2>/dev/null || :
	rm -f "$data"/hold "$data"/hold-file "$data"/hold-ready
	for d in "$top"/*/child "$top"/* "$top"; do
		[ ! -d "$d" ] || rmdir "$d" || echo "left behind: $d" >&2
	done
}
trap cleanup EXIT
trap 'exit 130' INT TERM
mkdir -p "$out" "$top"
cp "$hold" "$data/hold"

# start CGROUP ARGS…: the shell moves itself before exec, so that every page of
# the process is charged to CGROUP. env -i: the recording holds nothing of ours.
start() {
	cg=$1; shift
	rm -f "$data/hold-ready"
	sh -c 'echo $$ >"$0/cgroup.procs" && cd "$1" && shift && exec env -i GOMEMLIMIT=50MiB GOGC=50 "$@"' \
		"$cg" "$data" ./hold "$@" hold-ready &
	pid=$!
}
await() {
	i=0
	until [ -s "$data/hold-ready" ]; do
		i=$((i + 1)); [ $i -lt 600 ] || { echo "not ready in time" >&2; exit 1; }
		kill -0 "$pid"; sleep 0.1
	done
	sleep 3 # memory.stat is flushed from per-CPU counts only every 2 s
}
stop() { { kill -9 "$pid"; wait "$pid"; } 2>/dev/null || :; pid=; }
record() { # CGROUP DIRECTORY
	mkdir -p "$2"
	for f in $files; do [ ! -e "$1/$f" ] || cat "$1/$f" >"$2/$f"; done
}
# PROC_FILES: by default only what names no machine (no cgroup path, no mounts).
record_proc() {
	mkdir -p "$1"
	for f in ${PROC_FILES:-status smaps_rollup stat environ cmdline}; do cat "/proc/$pid/$f" >"$1/$f"; done
}
group() { mkdir "$1"; [ "$2" = max ] || echo "$2" >"$1/memory.limit_in_bytes"; }
MIB=1048576

group "$top/healthy" $((64 * MIB))
start "$top/healthy" anon 20; await
record "$top/healthy" "$out/healthy"; record_proc "$out/healthy/proc"; stop

group "$top/page-cache" $((64 * MIB))
start "$top/page-cache" cache 200 hold-file; await
record "$top/page-cache" "$out/page-cache"; stop

group "$top/oom-killed" $((32 * MIB))
start "$top/oom-killed" grow 100
code=0; wait "$pid" || code=$?; pid=
[ $code -eq 137 ] || { echo "not killed by SIGKILL: $code" >&2; exit 1; }
sleep 3
record "$top/oom-killed" "$out/oom-killed"

group "$top/no-limit" $((128 * MIB)); group "$top/no-limit/child" max
start "$top/no-limit/child" anon 20; await
record "$top/no-limit" "$out/no-limit/parent"
record "$top/no-limit/child" "$out/no-limit/parent/child"; stop

group "$top/lazy-free" $((64 * MIB))
start "$top/lazy-free" lazyfree 40; await
record "$top/lazy-free" "$out/lazy-free"; record_proc "$out/lazy-free/proc"; stop
