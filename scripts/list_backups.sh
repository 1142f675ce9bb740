#!/bin/sh
# Lists the backups: list_backups.sh [--tier daily|weekly|monthly] [--json]
set -eu
. "$(dirname -- "$0")/compose.sh"
# shellcheck disable=SC2086 # empty must vanish
compose exec ${terminal} backup gofr-backup list "$@"
