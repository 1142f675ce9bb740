#!/bin/sh
# Backs up now, in the running `backup` service: backup_now.sh [daily|weekly|monthly] [--json]
set -eu
. "$(dirname -- "$0")/compose.sh"
# shellcheck disable=SC2086 # empty must vanish
compose exec ${terminal} backup gofr-backup now "$@"
