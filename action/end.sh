#!/usr/bin/env bash
# Ends the step as the verdict asks for.
set -euo pipefail

fail=$INPUT_FAIL
if [ -z "$fail" ]; then
	fail=true
	# The first stage has failed already; this one tells of it.
	if [ "$INPUT_MODE" = report ]; then fail=false; fi
fi
code=${EXIT_CODE:-2}
# What could not even run is never a success.
if [ "$fail" = true ] || [ "$code" -eq 2 ]; then exit "$code"; fi
