#!/usr/bin/env bash
# Ends the step as the verdict asks for.
set -euo pipefail

case "$INPUT_FAIL" in
true | false) fail=$INPUT_FAIL ;;
'')
	fail=true
	# The first stage has failed already; this one tells of it.
	if [ "$INPUT_MODE" = report ]; then fail=false; fi
	;;
*)
	echo "::error title=allocgate::the input fail is true or false" >&2
	exit 2
	;;
esac
# What could not even run is never a success.
case "${EXIT_CODE:-}" in
[0134]) if [ "$fail" = true ]; then exit "$EXIT_CODE"; fi ;;
*) exit 2 ;;
esac
