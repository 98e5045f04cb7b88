#!/usr/bin/env bash
# The library forbids unsafe code, so that no sanitizer is needed and runs are fast.
# Runs every fuzz target for some seconds, seeded with the real output in testdata.
# Usage: fuzz/run.sh SECONDS [TARGET…]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:?usage: fuzz/run.sh SECONDS [TARGET…]}
shift
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(go_text go_test_json benchfmt source go_source policy check exposition manifest saved_report profile query)

for target in "${targets[@]}"; do
	corpus=fuzz/corpus/$target
	mkdir -p "$corpus"
	case $target in
	go_source) find "$(go env GOROOT)/src/strings" "$(go env GOROOT)/src/sort" -name '*_test.go' -size -64k -exec cp {} "$corpus" \; ;;
	exposition) find testdata/memory/metrics testdata/memory/engines -type f -size -64k -exec cp {} "$corpus" \; ;;
	policy) find testdata -name '*.toml' -exec cp {} "$corpus" \; ;;
	profile)
		# Packed, any change would only break the packing.
		(cd "$(go env GOROOT)/src/strings" && go test -run '^$' -bench 'Builder|Repeat' -benchtime 10x -memprofilerate 1 \
			-o /dev/null -memprofile "$OLDPWD/$corpus/strings.pb.gz" >/dev/null)
		gunzip -f "$corpus/strings.pb.gz"
		;;
	saved_report)
		for pair in testdata/measured/*.txt; do
			cargo run --quiet -- check "$pair" "$pair" --quiet --report json="$corpus/$(basename "$pair").json" || true
		done
		;;
	query) # A filter, three projections, and names.
		for filter in '*' '.name:Sort -/n:(1k OR /^2/)' 'goos:/^[^a-c]\d{2,}(?i:x)\b/ OR .unit:"ns/op"'; do
			for row in .fullname '/n@num,.config' '.name@(Sort "A b")'; do
				printf '%s\n' "$filter" .config "$row" .file 'Sort/n=1k-8' 'Sort/n=2k' Map >"$corpus/$(echo "$filter$row" | cksum | cut -d' ' -f1)"
			done
		done
		;;
	manifest) find testdata/memory/manifests -type f -exec cp {} "$corpus" \; ;;
	*) find testdata/wild testdata/measured -type f -size -64k -exec cp {} "$corpus" \; ;;
	esac
	cargo +nightly fuzz run --sanitizer none "$target" -- -max_total_time="$seconds" -max_len="${MAX_LEN:-1024}" \
		-timeout=10 -rss_limit_mb=2048 -print_final_stats=1
done
