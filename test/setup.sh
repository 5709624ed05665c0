#!/bin/sh
# Before `npm test`: sees to a real redis-server, which the tests of the Redis journal start and kill themselves.
# As root it is installed by apt-get; otherwise it is said what will be left out. With CI=true a missing server is a
# failure. Runs in any POSIX shell, with any Node or none.
set -u

seconds_max=300

say() {
  printf 'test/setup.sh: %s\n' "$1" >&2
}

give_up() {
  if [ "${CI:-}" = true ]; then
    say "$1. CI=true: the Redis journal must be tested, so this is a failure."
    exit 1
  fi
  say "$1. The tests of the Redis journal are skipped; everything else is tested."
  say 'To test it too: apt-get install redis-server (7.0 or newer).'
  exit 0
}

# apt-get may wait for another one's lock or a slow mirror; it is not waited for without end.
quietly() {
  if command -v timeout >/dev/null 2>&1; then
    timeout "$seconds_max" "$@" >/dev/null
  else
    "$@" >/dev/null
  fi
}

install_redis() {
  DEBIAN_FRONTEND=noninteractive
  # Installing starts the server as a service on many machines; the tests start their own, on a free port.
  RUNLEVEL=1
  export DEBIAN_FRONTEND RUNLEVEL
  quietly apt-get update -qq || say 'apt-get update failed; trying with the package lists that are here'
  quietly apt-get install -y -qq --no-install-recommends redis-server
}

if command -v redis-server >/dev/null 2>&1; then
  exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
  give_up 'redis-server is missing, and there is no apt-get to install it with'
fi
if [ "$(id -u)" -ne 0 ]; then
  give_up 'redis-server is missing, and only root can install it'
fi
say 'redis-server is missing; installing it by apt-get'
if install_redis && command -v redis-server >/dev/null 2>&1; then
  say "installed: $(redis-server --version)"
  exit 0
fi
give_up 'redis-server could not be installed'
