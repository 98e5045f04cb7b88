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
	[ -x "$INPUT_BINARY" ] || fail "the input binary names no program that can be run"
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
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$GITHUB_ACTION_PATH/Cargo.toml" | head -n 1)
directory=${RUNNER_TOOL_CACHE:-$RUNNER_TEMP}/allocgate/$version
mkdir -p "$directory"

checksum() {
	if command -v sha256sum >/dev/null; then sha256sum -c "$1"; else shasum -a 256 -c "$1"; fi
}

# 0: it is there; 1: there is no release to download; anything else is an attack or an accident.
released() {
	local repository=${GITHUB_ACTION_REPOSITORY:-}
	[ -n "$repository" ] && [ -n "$system" ] && [ -n "$target" ] || return 1
	case "$version" in *-*) return 1 ;; esac
	local name=allocgate-v$version-$target
	local url=${GITHUB_SERVER_URL:-https://github.com}/$repository/releases/download/v$version
	local get=(curl --fail --silent --show-error --location --retry 3 --connect-timeout 20 --max-time 300)
	# Relative names: tar takes C: for the name of a host.
	cd "$directory"
	rm -f "$name.tar.gz" SHA256SUMS
	"${get[@]}" -o SHA256SUMS "$url/SHA256SUMS" || return 1
	"${get[@]}" -o "$name.tar.gz" "$url/$name.tar.gz" || return 1
	# Two spaces, as sha256sum writes it; a star in front of a name means binary.
	grep -E "^[0-9a-f]{64} [ *]$name\.tar\.gz\$" SHA256SUMS >"$name.sha256" ||
		fail "the release v$version lists no checksum of $name.tar.gz"
	checksum "$name.sha256" >/dev/null ||
		fail "$name.tar.gz is not what the release v$version lists: its checksum differs"
	tar -xzf "$name.tar.gz"
	rm -f "$name.tar.gz"
	[ -x "$name/allocgate$exe" ]
}

if (released); then
	output build false
	output binary "$directory/allocgate-v$version-$target/allocgate$exe"
	exit 0
elif [ $? -ne 1 ]; then
	exit 2
fi

# A build is kept under what it is made of.
cd "$GITHUB_ACTION_PATH"
sources=$(find Cargo.toml Cargo.lock src -type f | LC_ALL=C sort | while read -r file; do
	printf '%s %s\n' "$file" "$(git hash-object --no-filters "$file")"
done | git hash-object --stdin)
directory=${RUNNER_TEMP:?}/allocgate-build
output build true
output directory "$directory"
output binary "$directory/allocgate$exe"
output key "allocgate-${RUNNER_OS:-$(uname -s)}-${RUNNER_ARCH:-$(uname -m)}-$sources"
