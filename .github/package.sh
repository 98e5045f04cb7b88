#!/usr/bin/env bash
# Builds the program for a target and packs it with its completions, man pages and licences:
# target/package/allocgate-vVERSION-TARGET.tar.gz. On Linux the program is static.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$1

cargo build --release --locked --target "$target"
version=$(sed -n 's|^version = "\([^"]*\)".*$|\1|p' Cargo.toml | head -n 1)
name=allocgate-v$version-$target
folder=target/package/$name
rm -rf "$folder"
mkdir -p "$folder/completions" "$folder/man"

program=target/$target/release/allocgate
[ -f "$program" ] || program=$program.exe
cp "$program" LICENSE-MIT LICENSE-APACHE README.md CHANGELOG.md "$folder"
case "$target" in
*-linux-*)
	if readelf --program-headers "$program" | grep -q INTERP; then
		echo "error: $program is not static" >&2
		exit 1
	fi
	;;
esac

# All targets run where they are built.
run=$folder/$(basename "$program")
"$run" completions bash >"$folder/completions/allocgate.bash"
"$run" completions fish >"$folder/completions/allocgate.fish"
"$run" completions zsh >"$folder/completions/_allocgate"
"$run" completions powershell >"$folder/completions/allocgate.ps1"
"$run" man --directory "$folder/man"

tar -czf "target/package/$name.tar.gz" -C target/package "$name"
