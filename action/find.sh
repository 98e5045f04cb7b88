#!/usr/bin/env bash
# Finds an allocgate to run: the one that is given, else the released one of this version for this
# platform, its checksum verified, else says that one is to be built.
#
# Outputs: binary (where it is or is to be), build (whether it is to be built), and for the cache of
# builds its key and directory.
set -euo pipefail

fail() {
	echo "::error title=allocgate::$1" >&2
	exit 2
}

output() { printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"; }

if [ -n "${INPUT_BINARY:-}" ]; then
	if [ ! -f "$INPUT_BINARY" ] || [ ! -x "$INPUT_BINARY" ]; then
		fail "the input binary names no program that can be run"
	fi
	# It is run from elsewhere, too.
	case "$INPUT_BINARY" in
	/* | [A-Za-z]:*) ;;
	*) INPUT_BINARY=$PWD/$INPUT_BINARY ;;
	esac
	output build false
	output binary "$INPUT_BINARY"
	exit 0
fi

exe=
case "${RUNNER_OS:-$(uname -s)}" in
Linux) system=unknown-linux-musl ;;
macOS | Darwin) system=apple-darwin ;;
Windows | MINGW* | MSYS*) system=pc-windows-msvc exe=.exe ;;
*) system= ;;
esac
case "${RUNNER_ARCH:-$(uname -m)}" in
X64 | x86_64) target=x86_64-$system ;;
ARM64 | arm64 | aarch64) target=aarch64-$system ;;
*) target= ;;
esac

# Releases are made of versions without a suffix; everything between two of them has one.
version=$(sed -n 's/^version = "\([^"]*\)".*$/\1/p' "$GITHUB_ACTION_PATH/Cargo.toml" | head -n 1)
name=allocgate-v$version-$target
# Nothing that an earlier job left is taken: it may have run anybody's code.
directory=${RUNNER_TEMP:?}/allocgate-release

checksum() {
	if command -v sha256sum >/dev/null; then sha256sum -c "$1"; else shasum -a 256 -c "$1"; fi
}

# 0: it is there; 1: there is no release to take; anything else is an attack or an accident.
# Called in a condition, where bash ends at no failure by itself: each step says what its own means.
released() {
	local repository=${ACTION_REPOSITORY:-}
	[ -n "$repository" ] && [ -n "$system" ] && [ -n "$target" ] || return 1
	case "$version" in *-*) return 1 ;; esac
	local url=${GITHUB_SERVER_URL:-https://github.com}/$repository/releases/download/v$version
	local get=(curl --fail --silent --show-error --location --retry 3 --connect-timeout 20 --max-time 300)
	rm -rf "$directory"
	mkdir -p "$directory" || return 2
	# Relative names: tar takes C: for the name of a host.
	cd "$directory" || return 2
	"${get[@]}" -o SHA256SUMS "$url/SHA256SUMS" || return 1
	# Two spaces, as sha256sum writes it; a star in front of a name means binary. Without such a line it is the
	# page of a login, or a release without this platform: what is built from the sources is as good.
	grep -E "^[0-9a-f]{64} [ *]$name\.tar\.gz\$" SHA256SUMS >"$name.sha256" || return 1
	"${get[@]}" -o "$name.tar.gz" "$url/$name.tar.gz" || return 1
	checksum "$name.sha256" >/dev/null ||
		fail "$name.tar.gz is not what the release v$version lists: its checksum differs"
	tar -xzf "$name.tar.gz" || fail "$name.tar.gz cannot be unpacked"
	rm -f "$name.tar.gz"
	[ -x "$name/allocgate$exe" ] || fail "$name.tar.gz holds no allocgate$exe"
}

if (released); then
	output build false
	output binary "$directory/$name/allocgate$exe"
	exit 0
elif [ $? -ne 1 ]; then
	exit 2
fi

# A build is kept under what it is made of and for: one that was linked with the C library of one system may not
# start on another.
cd "$GITHUB_ACTION_PATH"
files=$(find Cargo.toml Cargo.lock src -type f | LC_ALL=C sort)
hashes=$(git hash-object --no-filters --stdin-paths <<<"$files")
system=$(cat /etc/os-release 2>/dev/null || true)
sources=$(git hash-object --stdin <<<"$files $hashes $system")
directory=$RUNNER_TEMP/allocgate-build
output build true
output directory "$directory"
output binary "$directory/allocgate$exe"
output key "allocgate-${RUNNER_OS:-$(uname -s)}-${RUNNER_ARCH:-$(uname -m)}-$sources"
