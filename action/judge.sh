#!/usr/bin/env bash
# Runs allocgate once, for its verdict and a JSON report, and has everything else written from that:
# the job summary, the annotations, the outputs and the reports asked for. Never fails for a verdict: the
# last step does, so that what comes between can tell of it.
set -euo pipefail

notice() { # LEVEL MESSAGE: the message may hold text of others
	local text=${2//'%'/%25}
	text=${text//$'\r'/%0D}
	text=${text//$'\n'/%0A}
	echo "::$1 title=allocgate::$text"
}

output() { printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"; }

# Nothing could be judged: say so wherever somebody looks.
stop() { # MESSAGE
	notice error "$1"
	if [ "$INPUT_SUMMARY" = true ]; then
		# Indented, it is code, whatever it holds. To Markdown a carriage return ends a line, too.
		local text=${1//$'\r'/ }
		printf '## ⚠️ allocgate: could not run\n\n    %s\n' "${text//$'\n'/$'\n'    }" >>"$GITHUB_STEP_SUMMARY"
	fi
	output verdict error
	output exit-code 2
	exit 0
}

directory=${INPUT_REPORT_DIRECTORY:-$RUNNER_TEMP/allocgate-${INPUT_MODE//[^a-z]/}-$$}
mkdir -p -- "$directory"
# On Windows as programs that are not of this shell know it.
here() { pwd -W 2>/dev/null || pwd; }
directory=$(cd -- "$directory" && here)
case "$directory" in *$'\n'*) stop "the input report-directory is no folder" ;; esac
json=$directory/report.json

flags=()
lines() { # FLAG TEXT: the flag once for each line that is not blank; without a flag, the lines alone
	local line
	while IFS= read -r line; do
		line="${line#"${line%%[![:space:]]*}"}"
		line="${line%"${line##*[![:space:]]}"}"
		[ -z "$line" ] || flags+=("${1:+$1=}$line")
	done <<<"$2"
}

cd -- "$INPUT_WORKING_DIRECTORY" 2>/dev/null || stop "the input working-directory is no folder: $INPUT_WORKING_DIRECTORY"

# With the default depth of actions/checkout there is nothing to compare with.
deepen() {
	[ "$(git rev-parse --is-shallow-repository 2>/dev/null)" = true ] || return 0
	export GIT_TERMINAL_PROMPT=0
	local fetch=(git fetch --quiet --no-tags)
	case "${GITHUB_REF:-} $(git rev-parse HEAD)" in
	# Checked out is the merge, whose parents suffice, and not the head of the pull request.
	"refs/pull/"*"/merge ${GITHUB_SHA:-}") fetch+=(--depth=2 origin "+$GITHUB_SHA") ;;
	*) fetch+=(--unshallow origin) ;;
	esac
	# What is missing then allocgate says better.
	"${fetch[@]}" || notice warning "The checkout is shallow, and more of its history could not be fetched"
}

case "$INPUT_MODE" in
run)
	command -v go >/dev/null ||
		stop 'Go is not set up: add a step with actions/setup-go before this one'
	deepen
	flags+=(run)
	lines --base "$INPUT_BASE"
	lines --packages "$INPUT_PACKAGES"
	lines --bench "$INPUT_BENCH"
	lines --max-time "$INPUT_MAX_TIME"
	;;
check)
	flags+=(check)
	lines --baseline "$INPUT_BASELINE"
	lines --candidate "$INPUT_CANDIDATE"
	;;
memory)
	flags+=(memory check)
	;;
report)
	[ -n "$INPUT_REPORT" ] || stop "the mode report needs the input report: the JSON report to read"
	[ ! "$INPUT_REPORT" -ef "$json" ] || stop "the input report lies where the reports are to be written: $json"
	flags+=(report --exit-code)
	;;
*) stop "there is no mode \`$INPUT_MODE\`; it is run, check, memory or report" ;;
esac
rm -f -- "$json"
if [ "$INPUT_MODE" != report ]; then
	if [ "$INPUT_MODE" != run ] && [ -n "$INPUT_POLICY_FROM" ]; then deepen; fi
	lines --policy "$INPUT_POLICY"
	lines --policy-from "$INPUT_POLICY_FROM"
	lines '' "$INPUT_ARGS"
fi
flags+=("--report=json=$json" "--report=terminal")
# After the flags, so that no name is taken for one.
case "$INPUT_MODE" in
memory)
	flags+=(--)
	lines '' "$INPUT_MANIFESTS"
	;;
report) flags+=(-- "$INPUT_REPORT") ;;
esac

# The log of what runs here may be anybody's: until it has ended the runner takes no commands from it, and what it
# runs is not told where the runner reads them from.
errors=$(mktemp)
token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$token"
set +e
{
	env -u GITHUB_ENV -u GITHUB_PATH -u GITHUB_OUTPUT -u GITHUB_STATE -u GITHUB_STEP_SUMMARY \
		"$ALLOCGATE" "${flags[@]}" 2>&1 >&3 | tee -- "$errors" >&2
	code=${PIPESTATUS[0]}
} 3>&1
set -e
echo
echo "::$token::"
# They are not hard to find all the same. Nothing of ours is in them yet.
for file in "$GITHUB_OUTPUT" "$GITHUB_STEP_SUMMARY" "${GITHUB_ENV:-}" "${GITHUB_PATH:-}" "${GITHUB_STATE:-}"; do
	[ -z "$file" ] || : >"$file"
done

if [ ! -s "$json" ]; then
	message=$(sed -n '/^error: /,$p' "$errors" | sed '1s/^error: //')
	message=${message:0:4000}
	stop "${message:-allocgate ended with exit code $code and said nothing}"
fi

wanted=(--report "outputs=$directory/outputs.txt")
if [ "$INPUT_SUMMARY" = true ]; then wanted+=(--report "markdown=$directory/summary.md"); fi
names="directory=$directory"$'\n'"json=$json"
# shellcheck disable=SC2153 # not INPUT_REPORT misspelt
while read -r format; do
	case "$format" in
	'' | json) continue ;;
	html) file=report.html ;;
	sarif) file=report.sarif ;;
	junit) file=junit.xml ;;
	codequality) file=codequality.json ;;
	metrics) file=metrics.txt ;;
	csv) file=rows.csv ;;
	*)
		notice warning "there is no report \`$format\`: the input reports takes html, sarif, junit, codequality, metrics, csv"
		continue
		;;
	esac
	wanted+=(--report "$format=$directory/$file")
	names+=$'\n'"$format=$directory/$file"
done < <(tr -s ' ,\t\r' '\n' <<<"$INPUT_REPORTS")
told=0
"$ALLOCGATE" report --quiet --exit-code "$json" "${wanted[@]}" || told=$?
# What was killed while it wrote has left half a report; what was killed after that has not judged, either.
if [ "$told" -eq 2 ] || [ "$told" -ne "$code" ]; then
	stop "allocgate was cut off: it ended with exit code $code, and what it left is no report of that"
fi
{
	echo "$names"
	cat -- "$directory/outputs.txt"
} >>"$GITHUB_OUTPUT"
if [ "$INPUT_SUMMARY" = true ]; then cat -- "$directory/summary.md" >>"$GITHUB_STEP_SUMMARY"; fi
# Without --quiet: what is written to standard output is for the runner.
if [ "$INPUT_ANNOTATIONS" = true ]; then "$ALLOCGATE" report "$json" --report github; fi
