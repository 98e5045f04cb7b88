#!/usr/bin/env bash
# Builds allocgate from the sources of the action.
set -euo pipefail

if ! command -v cargo >/dev/null; then
	echo "::error title=allocgate::There is no released allocgate for this version and platform, and no Rust" \
		"to build one: install Rust before this step, or name a program with the input binary" >&2
	exit 2
fi
mkdir -p "$(dirname "$BINARY")"
target=${CARGO_TARGET_DIR:-${RUNNER_TEMP:?}/allocgate-target}
echo "::group::cargo build --release --locked"
CARGO_TARGET_DIR=$target cargo build --release --locked --manifest-path "$GITHUB_ACTION_PATH/Cargo.toml"
echo "::endgroup::"
cp "$target/release/$(basename "$BINARY")" "$BINARY"
