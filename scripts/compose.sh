# shellcheck shell=sh
# Sourced by the scripts beside it: reaches the compose stack with whichever compose is installed.
# COMPOSE_FILE, COMPOSE_PROJECT_NAME and DOCKER_HOST are honoured as compose itself does.

compose() {
  if [ -z "${COMPOSE_FILE:-}" ]; then
    set -- -f "$(dirname -- "$0")/../docker/docker-compose.yml" "$@"
  fi
  if docker compose version >/dev/null 2>&1; then
    exec docker compose "$@"
  elif command -v docker-compose >/dev/null 2>&1; then
    exec docker-compose "$@"
  fi
  echo "$(basename -- "$0"): docker compose cannot be run" >&2
  echo "  why: neither \`docker compose\` nor \`docker-compose\` works here" >&2
  echo "  to do: install Docker with its compose plugin, or run \`npx gofr-backup\` without containers" >&2
  exit 69
}

# A terminal inside only when there is one outside: a script's output must not get carriage returns.
if [ -t 0 ] && [ -t 1 ]; then terminal=''; else terminal='-T'; fi
