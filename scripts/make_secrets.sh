#!/bin/sh
# Makes the secrets docker/docker-compose.yml mounts, once: a random Redis password and dashboard password.
# Existing files are kept. The files must be readable by the containers' uids; the directory is closed to everybody else.
set -eu
dir=${1:-$(dirname "$0")/../docker/secrets}
mkdir -p "$dir"
chmod 0700 "$dir"
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
make() {
  [ -s "$dir/$1" ] && return 0
  printf '%s' "$2" >"$dir/$1"
  chmod 0444 "$dir/$1"
  echo "made $dir/$1"
}
make redis_url "redis://:$(random)@redis:6379"
make dashboard_password "$(random)"
