#!/bin/sh
# Record cgroup v2 memory situations as plain files, in a guest started with
#   run.sh -o DIR record-v2.sh hold
# (hold: the built hold.c). Only POSIX sh and busybox.
set -eu
out=/out data=/data
files="memory.current memory.max memory.high memory.low memory.min memory.peak
memory.stat memory.events memory.events.local memory.swap.current memory.swap.max
memory.swap.events memory.oom.group cgroup.procs cgroup.controllers
cgroup.subtree_control cgroup.events memory.pressure"
proc_files="status smaps_rollup cgroup environ cmdline stat mountinfo"
top=/sys/fs/cgroup
MIB=1048576
pid=
cp /files/hold $data/hold

# start CGROUP ARGS…: the shell moves itself before exec, so that every page of
# the process is charged to CGROUP.
start() {
	cg=$1; shift
	rm -f $data/hold-ready
	sh -c 'echo $$ >"$0/cgroup.procs" && cd "$1" && shift && exec env -i GOMEMLIMIT=50MiB GOGC=50 "$@"' \
		"$cg" $data ./hold "$@" hold-ready &
	pid=$!
}
await() {
	i=0
	until [ -s $data/hold-ready ]; do
		i=$((i + 1)); [ $i -lt 1200 ] || { echo "not ready in time"; exit 1; }
		kill -0 $pid; sleep 0.1
	done
	sleep 3 # memory.stat is flushed from per-CPU counts only every 2 s
}
stop() { { kill -9 $pid; wait $pid; } 2>/dev/null || :; pid=; }
must_be_killed() {
	code=0; wait $pid || code=$?; pid=
	[ $code -eq 137 ] || { echo "not killed by SIGKILL: $code"; exit 1; }
	sleep 3
}
record() { # CGROUP DIRECTORY
	mkdir -p "$2"
	for f in $files; do [ ! -e "$1/$f" ] || cat "$1/$f" >"$2/$f"; done
}
record_proc() { mkdir -p "$1"; for f in $proc_files; do cat /proc/$pid/$f >"$1/$f"; done; }
group() { mkdir "$1"; echo "$2" >"$1/memory.max"; }

uname -srvm >$out/kernel

group $top/healthy $((64 * MIB))
start $top/healthy anon 20; await
record $top/healthy $out/healthy; record_proc $out/healthy/proc; stop

group $top/page-cache $((64 * MIB))
start $top/page-cache cache 200 hold-file; await
record $top/page-cache $out/page-cache; stop

group $top/oom-killed $((32 * MIB))
start $top/oom-killed grow 100; must_be_killed
record $top/oom-killed $out/oom-killed

# A group with children that have the controller may hold no process itself.
group $top/no-limit $((128 * MIB))
echo +memory >$top/no-limit/cgroup.subtree_control
group $top/no-limit/child max
start $top/no-limit/child anon 20; await
record $top/no-limit $out/no-limit/parent
record $top/no-limit/child $out/no-limit/parent/child; record_proc $out/no-limit/proc; stop

group $top/lazy-free $((64 * MIB))
start $top/lazy-free lazyfree 40; await
record $top/lazy-free $out/lazy-free; record_proc $out/lazy-free/proc; stop

# The limit that is reached is the parent's, the process killed is the child's:
# memory.events tells the two apart.
group $top/oom-by-ancestor $((32 * MIB))
echo +memory >$top/oom-by-ancestor/cgroup.subtree_control
group $top/oom-by-ancestor/child max
start $top/oom-by-ancestor/child grow 100; must_be_killed
record $top/oom-by-ancestor $out/oom-by-ancestor/parent
record $top/oom-by-ancestor/child $out/oom-by-ancestor/parent/child

# Last: the root itself has no limit and no usage file.
record $top $out/root
