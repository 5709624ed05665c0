#!/bin/sh
# Before `npm test`: sees to what tests need beside the gateway's own packages. A real redis-server, which the tests of
# the Redis journal start and kill themselves; the linters and client generators of test/clients, which have a lock of
# their own; a Java runtime, in which one of the generators runs; keepalived, ip and nft for the lab; a browser for the
# console; promtool for the alert rules. As root they are installed by apt-get.
# What cannot be had is said, with what will be left out; with CI=true it is a failure. Runs in any POSIX shell.
set -u

seconds_max=300
clients=$(dirname "$0")/clients

say() {
  printf 'test/setup.sh: %s\n' "$1" >&2
}

# What is missing, what is not tested without it, and how to have it.
leave_out() {
  if [ "${CI:-}" = true ]; then
    say "$1. CI=true: $2 must be tested, so this is a failure."
    exit 1
  fi
  say "$1. The tests of $2 are skipped; everything else is tested."
  say "To test it too: $3."
}

# apt-get may wait for another one's lock or a slow mirror; it is not waited for without end.
quietly() {
  if command -v timeout >/dev/null 2>&1; then
    timeout "$seconds_max" "$@" >/dev/null
  else
    "$@" >/dev/null
  fi
}

# The commands of a package, the package, and the words of leave_out.
have() {
  command=$1 package=$2 tested=$3
  if command -v "$command" >/dev/null 2>&1; then
    return
  fi
  how="apt-get install $package"
  if ! command -v apt-get >/dev/null 2>&1; then
    leave_out "$command is missing, and there is no apt-get to install it with" "$tested" "$how"
  elif [ "$(id -u)" -ne 0 ]; then
    leave_out "$command is missing, and only root can install it" "$tested" "$how"
  else
    say "$command is missing; installing $package by apt-get"
    install_package "$package"
    command -v "$command" >/dev/null 2>&1 || leave_out "$package could not be installed" "$tested" "$how"
  fi
}

install_package() {
  DEBIAN_FRONTEND=noninteractive
  # Installing starts a server as a service on many machines; the tests start their own, on a free port.
  RUNLEVEL=1
  export DEBIAN_FRONTEND RUNLEVEL
  quietly apt-get update -qq || say 'apt-get update failed; trying with the package lists that are here'
  quietly apt-get install -y -qq --no-install-recommends "$1"
}

# npm writes its own copy of the lock when it has installed what stands in it.
have_clients() {
  if [ "$clients/node_modules/.package-lock.json" -nt "$clients/package-lock.json" ]; then
    return
  fi
  say 'installing the linters and client generators of test/clients'
  quietly npm ci --silent --no-audit --no-fund --prefix "$clients" ||
    leave_out 'test/clients could not be installed' 'generated clients and the linting of the documents' \
      'npm ci --prefix test/clients'
}

have redis-server redis-server 'the Redis journal'
have java openjdk-17-jre-headless 'the client that is generated in Java'
have ip iproute2 'the lab with real keepalived'
have nft nftables 'the lab with real keepalived'
have keepalived keepalived 'the lab with real keepalived'
have chromium chromium 'the web console in a browser'
have promtool prometheus 'the alert rules'
have_clients
