#!/bin/sh
# record-v1.sh in a guest of its own, where /proc/PID/cgroup and mountinfo name
# no real machine:
#   run.sh -c v1 -o DIR record-v1-guest.sh hold record-v1.sh
set -eu
uname -srvm >/out/kernel
PROC_FILES="status smaps_rollup cgroup environ cmdline stat mountinfo" sh /files/record-v1.sh /files/hold /out /data
