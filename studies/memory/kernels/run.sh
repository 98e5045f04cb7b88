#!/usr/bin/env bash
# Run a shell script inside a real Debian kernel, under qemu's software emulation.
#
#   run.sh [OPTIONS] COMMAND-SCRIPT [FILE…]
#
#   -o DIR   copy what the guest left in /out to DIR (default: thrown away)
#   -t SEC   give up after SEC seconds, boot included (default 300)
#   -m MIB   memory of the guest (default 1024)
#   -p N     processors of the guest (default 1)
#   -c v2|v1 which cgroup hierarchy holds the memory controller (default v2)
#   -k PKG   Debian kernel package, a meta-package or an exact one
#            (default linux-image-cloud-amd64)
#   -M LIST  more kernel modules to load, comma separated (e.g. overlay)
#   -l FILE  keep everything the serial console printed in FILE
#
# COMMAND-SCRIPT runs as root under the interpreter its first line names, or
# /bin/sh. The only programs in the guest are those of busybox and the FILEs:
#   FILE          becomes /files/NAME (/files comes first in the guest's PATH)
#   FILE=/PATH    becomes /PATH
# A FILE may be a directory. The shared libraries of a dynamic program are
# copied along, to the same place they have here.
#
# What the script finds: /proc, /sys, /dev, a tmpfs on /tmp; an empty ext4 disk
# on /data (512 MiB; its page cache can be reclaimed, which that of /tmp
# cannot); and an empty /out, of which 256 MiB can be brought back. The FILEs and
# /out live in the guest's memory and may fill half of it. With -c v2, cgroup2 on /sys/fs/cgroup with memory,
# pids and cpu enabled for the children of the root; with -c v1, the v1 memory
# hierarchy on /sys/fs/cgroup/memory. There is no network and no swap (mkswap
# and swapon on a file in /data give one), and it starts in the root cgroup.
#
# stdout: what the script printed, stdout and stderr together, nothing else.
# Exit status: the script's own, but 124 for a timeout and 125 when the guest or
# this script failed. A script that itself ends with 124 or 125 is told apart by
# the message on stderr.
#
# Why software emulation: hosted CI runners and sandboxes often have no KVM, and
# a container cannot bring its own kernel. The cgroup files of a real kernel are
# what matters here, not speed.
#
# From Debian, through apt: the kernel package and busybox-static are downloaded
# and unpacked in a cache directory, never installed. qemu-system-x86 is
# installed when qemu-system-x86_64 is missing, which needs root. Also used and
# expected to be there: apt-get, dpkg-deb, e2fsprogs (mkfs.ext4), coreutils.
# The cache: $ALLOCGATE_VM_CACHE, or allocgate-vm in the user's cache directory.
# A kernel once unpacked is used again without asking apt: remove it to update.
set -euo pipefail

say() { printf 'run.sh: %s\n' "$*" >&2; }
fail() { say "$*"; exit 125; }
usage() { sed -n '2,/^set -e/{/^#/s/^# \{0,1\}//p}' "$0"; }

out='' seconds=300 memory=1024 processors=1 cgroup=v2 package=linux-image-cloud-amd64
modules='' log=''
while getopts o:t:m:p:c:k:M:l:h option; do
	case $option in
	o) out=$OPTARG ;;
	t) seconds=$OPTARG ;;
	m) memory=$OPTARG ;;
	p) processors=$OPTARG ;;
	c) cgroup=$OPTARG ;;
	k) package=$OPTARG ;;
	M) modules=${OPTARG//,/ } ;;
	l) log=$OPTARG ;;
	h) usage; exit 0 ;;
	*) usage >&2; exit 125 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -ge 1 ] || { usage >&2; exit 125; }
[[ $cgroup = v1 || $cgroup = v2 ]] || fail "-c is v1 or v2, not '$cgroup'"
script=$1; shift
[ -f "$script" ] || fail "no such script: $script"

cache=${ALLOCGATE_VM_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/allocgate-vm}
work=$(mktemp -d) qemu=''
finish() {
	# An interrupted run must not leave an emulator burning a processor.
	[ -z "$qemu" ] || kill "$qemu" 2>/dev/null || :
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 125' INT TERM HUP

### What comes from Debian ####################################################

# unpacked PACKAGE: the directory with the package's contents. It appears under
# its final name only when whole, so that an interrupted run leaves no half.
unpacked() {
	local package=$1 tree=$cache/$1 part
	if [ ! -d "$tree" ]; then
		mkdir -p "$cache"
		part=$(mktemp -d "$cache/part.XXXXXX")
		say "downloading $package"
		(cd "$part" && apt-get -qq download "$package") >"$part/log" 2>&1 ||
			{ cat "$part/log" >&2; rm -rf "$part"; fail "cannot download $package (try: apt-get update)"; }
		mkdir "$part/tree"
		dpkg-deb -x "$part"/*.deb "$part/tree"
		mv -T "$part/tree" "$tree" 2>/dev/null || [ -d "$tree" ] # another run was first
		rm -rf "$part"
	fi
	printf '%s\n' "$tree"
}

if ! command -v qemu-system-x86_64 >/dev/null; then
	say "installing qemu-system-x86"
	DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
		qemu-system-x86 >"$work/apt" 2>&1 || { cat "$work/apt" >&2; fail "cannot install qemu-system-x86"; }
fi
for tool in mkfs.ext4 dpkg-deb timeout; do
	PATH=$PATH:/usr/sbin:/sbin command -v $tool >/dev/null || fail "missing here: $tool"
done

# A meta-package holds no kernel, it depends on the newest one. Its answer is
# kept, so that a later run needs neither apt nor the network.
kernel_package() {
	local kept=$cache/$package.is name
	if [[ $package =~ ^linux-image-(unsigned-)?[0-9]+\.[0-9]+\.[0-9] ]]; then
		printf '%s\n' "$package"
		return
	fi
	if [ ! -s "$kept" ]; then
		name=$(apt-cache depends --no-recommends --no-suggests "$package" 2>/dev/null |
			awk '$1 == "Depends:" && $2 ~ /^linux-image-[0-9]/ { print $2; exit }')
		[ -n "$name" ] || fail "apt knows no kernel for $package (try: apt-get update)"
		mkdir -p "$cache"
		printf '%s\n' "$name" >"$kept"
	fi
	cat "$kept"
}
kernel=$(kernel_package)
kernel_tree=$(unpacked "$kernel")
busybox_tree=$(unpacked busybox-static)
busybox=$(find "$busybox_tree" -type f -path '*/bin/busybox' | head -n 1)
vmlinuz=$(find "$kernel_tree/boot" -name 'vmlinuz-*' | head -n 1)
[ -n "$vmlinuz" ] || fail "no kernel image in $kernel"
module_tree=$(find "$kernel_tree" -type d -path '*/lib/modules/*' -name kernel | head -n 1)

### The guest's file system ###################################################

root=$work/root
mkdir -p "$root"/{bin,sbin,usr/bin,usr/sbin,etc,proc,sys,dev,tmp,root,data,out,files,modules}
cp "$busybox" "$root/bin/busybox"
# Programs ask who they are.
echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
echo 'root:x:0:' >"$root/etc/group"

# add_module NAME: the module and, before it, those it needs, in loading order.
# A module says itself what it needs, so neither depmod nor modules.dep (which
# a package does not hold) is called for. Not found means built in.
order=()
add_module() {
	local name=${1//-/_} file needs need
	[ ! -e "$root/modules/$name.ko" ] || return 0
	file=$(find "$module_tree" -name "${name//_/[-_]}.ko*" | head -n 1)
	[ -n "$file" ] || return 0
	case $file in
	*.xz) "$busybox" xz -dc "$file" ;;
	*.gz) "$busybox" gzip -dc "$file" ;;
	*.ko) cat "$file" ;;
	*) fail "do not know how $file is packed" ;;
	esac >"$root/modules/$name.ko"
	needs=$(tr '\0' '\n' <"$root/modules/$name.ko" | sed -n 's/^depends=//p' | tr ',' ' ')
	for need in $needs; do add_module "$need"; done
	order+=("$name")
}
for name in virtio_pci virtio_blk ext4 $modules; do add_module "$name"; done
((${#order[@]} == 0)) || printf '%s\n' "${order[@]}" >"$root/modules/order"

# add_libraries PATH: those of every dynamic program below PATH. For anything
# else (a script, a static program) ldd fails, and nothing is to be copied.
add_libraries() {
	local library
	find "$1" -type f -perm /111 -exec ldd {} \; 2>/dev/null |
		awk '{ for (i = 1; i <= NF; i++) if ($i ~ /^\//) { sub(/:$/, "", $i); print $i; break } }' | sort -u |
		while read -r library; do
			case $library in *.so | *.so.*) ;; *) continue ;; esac
			[ -e "$root$library" ] || install -D -m 755 "$library" "$root$library"
		done
}
for file in "$@"; do
	to=/files/$(basename "${file%%=/*}")
	[[ $file != *=/* ]] || { to=/${file#*=/}; file=${file%%=/*}; }
	[ -e "$file" ] || fail "no such file: $file"
	mkdir -p "$root$(dirname "$to")"
	cp -RLp "$file" "$root$to"
	add_libraries "$file"
done
install -m 755 "$script" "$root/command"
[ "$(head -c 2 "$script")" = '#!' ] || { echo '#!/bin/sh'; cat "$script"; } >"$root/command"

# The marks hold a number that no script can print by chance, or by echoing
# this file.
mark=ALLOCGATE-VM-$$-$RANDOM$RANDOM
cat >"$root/init" <<INIT
#!/bin/busybox sh
mark=$mark cgroup=$cgroup
INIT
cat >>"$root/init" <<'INIT'
/bin/busybox mount -t proc proc /proc
/bin/busybox --install -s
export PATH=/files:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C.UTF-8
stop() {
	sync
	poweroff -f
	sleep 60 # PID 1 must not return: the kernel would panic
}
broken() { echo "=====$mark-BROKEN $*====="; stop; }
mount -t devtmpfs dev /dev 2>/dev/null
exec </dev/null >/dev/console 2>&1
stty -F /dev/console -onlcr # bytes arrive as written, without carriage returns
mount -t sysfs sys /sys || broken "no /sys"
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tmpfs tmp /tmp
ln -s /proc/self/fd /dev/fd
hostname guest
ip link set lo up
if [ -s /modules/order ]; then
	while read -r module; do
		insmod "/modules/$module.ko" || broken "module $module does not load"
	done </modules/order
fi
i=0
until [ -b /dev/vda ] && [ -b /dev/vdb ]; do
	i=$((i + 1)); [ $i -lt 100 ] || broken "the disks do not appear"
	sleep 0.1
done
mount -t ext4 /dev/vda /data && rmdir /data/lost+found || broken "no ext4 on /data"
if [ $cgroup = v2 ]; then
	mount -t cgroup2 cgroup2 /sys/fs/cgroup || broken "no cgroup2"
	grep -qw memory /sys/fs/cgroup/cgroup.controllers || broken "no memory controller on v2"
	echo "+memory +pids +cpu" >/sys/fs/cgroup/cgroup.subtree_control || broken "memory cannot be enabled"
else
	mount -t tmpfs cgroup /sys/fs/cgroup
	mkdir /sys/fs/cgroup/memory
	mount -t cgroup -o memory memory /sys/fs/cgroup/memory || broken "no memory controller on v1"
fi
echo "=====$mark-BEGIN====="
cd /root
# A child: whatever it does to itself (exec, kill -9, an OOM kill), PID 1 lives
# on to say how it ended. PID 1 itself can never be chosen by the OOM killer.
/command
code=$?
echo "=====$mark-END $code====="
cd /
# The second disk carries one bare tar archive: no file system to agree on.
tar -cf /dev/vdb -C /out . || broken "/out does not fit"
sync
echo "=====$mark-SAVED====="
stop
INIT
chmod 755 "$root/init"
# Not compressed: unpacking is emulated, copying is not.
(cd "$root" && find . | "$busybox" cpio -o -H newc -R 0:0) >"$work/initramfs" 2>"$work/cpio" ||
	{ cat "$work/cpio" >&2; fail "cannot make the initramfs"; }

truncate -s 512M "$work/data.img"
PATH=$PATH:/usr/sbin:/sbin mkfs.ext4 -q -F "$work/data.img"
truncate -s 256M "$work/out.img"

### The run ###################################################################

# panic=-1 and -no-reboot: a kernel panic ends the emulator instead of hanging.
# loglevel=1: the OOM killer's report would be mixed into the script's output
# (dmesg in the guest still has it). la57=off: five-level page tables only cost
# time here. mitigations=off: the same, against attacks that cannot happen.
arguments="console=ttyS0 quiet loglevel=1 panic=-1 mitigations=off"
[ "$cgroup" = v1 ] || arguments+=" cgroup_no_v1=all"
mkfifo "$work/console"
timeout -k 5 "$seconds" qemu-system-x86_64 \
	-machine q35 -accel tcg -cpu max,la57=off -m "$memory" -smp "$processors" \
	-nodefaults -no-user-config -display none -no-reboot -serial stdio \
	-kernel "$vmlinuz" -initrd "$work/initramfs" -append "$arguments" \
	-drive file="$work/data.img",format=raw,if=virtio,cache=unsafe \
	-drive file="$work/out.img",format=raw,if=virtio,cache=unsafe \
	</dev/null >"$work/console" 2>"$work/qemu" &
qemu=$!
# In the background: bash heeds a signal while it waits, but not while a
# foreground pipeline runs.
# Line by line, as it comes, so that a long run can be watched. The END mark may
# follow output that had no last newline: what stands before it is output too.
tee "${log:-/dev/null}" <"$work/console" | awk -v mark="=====$mark-" -v result="$work/result" '
	(at = index($0, mark)) {
		rest = substr($0, at + length(mark))
		if (rest ~ /^BEGIN=/) { inside = 1; next }
		if (inside && at > 1) printf "%s", substr($0, 1, at - 1)
		if (rest ~ /^END /) { inside = 0; sub(/^END /, "", rest); sub(/=.*/, "", rest); print "code " rest >result }
		else if (rest ~ /^BROKEN /) { inside = 0; print rest >result }
		else if (rest ~ /^SAVED=/) print "saved" >result
		fflush(); next
	}
	inside { print; fflush() }
' &
reader=$!
qemu_code=0
wait "$qemu" || qemu_code=$?
qemu=''
wait "$reader"

touch "$work/result"
if [ $qemu_code -eq 124 ] || { [ $qemu_code -eq 137 ] && [ $SECONDS -ge "$seconds" ]; }; then
	say "no end within $seconds s"
	exit 124
fi
[ $qemu_code -eq 0 ] || { cat "$work/qemu" >&2; fail "qemu ended with $qemu_code"; }
if ! grep -qx saved "$work/result"; then
	sed -n 's/^BROKEN //; s/=*$//; /^code /!p' "$work/result" >&2
	fail "the guest did not come to its end${log:+ (its console is in $log)}"
fi
if [ -n "$out" ]; then
	mkdir -p "$out"
	tar -xf "$work/out.img" -C "$out" --no-same-owner || fail "cannot unpack what the guest left"
fi
code=$(awk '$1 == "code" { print $2; exit }' "$work/result")
exit "$code"
