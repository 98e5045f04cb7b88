#!/usr/bin/env bash
# Builds allocgate from the sources of the action.
set -euo pipefail

if ! command -v cargo >/dev/null; then
	echo "::error title=allocgate::There is no released allocgate for this version and platform, and no Rust" \
		"to build one: install Rust before this step, or name a program with the input binary" >&2
	exit 2
fi
mkdir -p "$(dirname "$BINARY")"
# Not where the repository is that is judged: cargo and rustup would do what its files say, run programs included.
cd "$GITHUB_ACTION_PATH"
target=${CARGO_TARGET_DIR:-${RUNNER_TEMP:?}/allocgate-target}
echo "::group::cargo build --release --locked"
CARGO_TARGET_DIR=$target cargo build --release --locked
echo "::endgroup::"
cp "$target/release/$(basename "$BINARY")" "$BINARY"
