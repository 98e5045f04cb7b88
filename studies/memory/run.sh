#!/usr/bin/env bash
# What reading a large page of metrics costs, and sampling a command under a limit.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
allocgate=$(realpath "${ALLOCGATE:?the path of a release build of allocgate}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "a page of 200,000 series, one of 4,000 containers chosen (five times), and wc -l on it"
"$here/generate.py" --series 200000 >"$work/page.prom"
wc -lc <"$work/page.prom"
for _ in 1 2 3 4 5; do
	/usr/bin/time -f '  allocgate memory read: %e s, %M KiB' \
		"$allocgate" memory read "$work/page.prom" --selector '{container="container-7"}' >/dev/null
done
/usr/bin/time -f '  wc -l: %e s' wc -l "$work/page.prom" >/dev/null

echo "30 s at 10 Hz of a process with 1 GiB, and of 200 processes"
(cd "$here/../../testdata/memory/service" && go build -o "$work/service" .)
sampled() {
	"$allocgate" memory run --limit 4GiB --for 30s --report json="$work/report.json" --quiet -- "$@" || true
	python3 - "$work/report.json" <<'EOF'
import json, sys
run = json.load(open(sys.argv[1]))["memory"]["command"]
share = 100 * run["sampling_seconds"] / run["seconds"]
print(f"  {run['sampling_seconds']:.3f} s of CPU time in {run['seconds']:.1f} s: {share:.2f} % of a core,"
      f" {len(run['samples'])} samples, {run['enforced_by']}")
EOF
}
sampled "$work/service" -do "hold 1GiB; wait 60s"
sampled sh -c 'for i in $(seq 200); do sleep 60 & done; wait'
