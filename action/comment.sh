#!/usr/bin/env bash
# Keeps the comment on the pull request up to date. Uses of the action that shared one would overwrite each other's,
# and a pass could hide a regression: unless the input comment-id names it, each has its own.
set -euo pipefail

id=$INPUT_COMMENT_ID
if [ -z "$id" ]; then
	sum=$(cksum <<<"$USE")
	id=use-${sum%% *}
fi
"$ALLOCGATE" comment --id "$id" "$REPORT"
