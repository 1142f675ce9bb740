#!/bin/sh
# Restores in the one-off `restore` service, which alone may write to the data, whether the stack runs or not:
#   restore_backup.sh --interactive | --latest | NAME   [--only storage,auth] [--dry-run] [--yes] …
# Stop the services that use the data first: docker-compose stop mcp mcpo web
set -eu
if [ $# -eq 0 ]; then
  echo "usage: $0 --interactive | --latest | NAME [options of \`gofr-backup restore\`]" >&2
  exit 2
fi
. "$(dirname -- "$0")/compose.sh"
# shellcheck disable=SC2086 # empty must vanish
compose run --rm ${terminal} restore "$@"
