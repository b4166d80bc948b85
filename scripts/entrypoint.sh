#!/bin/sh
# What the image starts: alone with LITEFS_DIR unset, otherwise the guard, which starts LiteFS, which starts the app.
#
# litefs.yml takes everything that differs between nodes from the environment, and LiteFS knows no
# defaults. On Fly this program derives those variables from the platform's. A variable that is set
# already is kept, so the same image runs off Fly too.
set -eu
cd "$(dirname "$0")/.."

# LiteFS mounts as root; the app has no need to be root. setpriv becomes the program that it starts,
# so signals and exit codes pass as if it were not there.
if [ "$(id -u)" = 0 ]; then
  export RUN_AS='setpriv --reuid=node --regid=node --clear-groups --no-new-privs --'
  # The guard compiles as root into the same folder, each user below it in one of its own.
  install -d -o node -g node -m 0700 "$DATA_DIR" ${NODE_COMPILE_CACHE:+"$NODE_COMPILE_CACHE"}
fi

if [ -z "${LITEFS_DIR:-}" ]; then
  # shellcheck disable=SC2086 # the words of RUN_AS are meant to be split
  exec ${RUN_AS:-} node src/main.ts
fi

# On Fly the machine's id. Fly replays to it by this name, and replicas read it as their primary's.
export NODE_ID="${NODE_ID:-${FLY_MACHINE_ID:-$(hostname)}}"

export LITEFS_HTTP_ADDR="${LITEFS_HTTP_ADDR:-:20202}"

# The machine's name on the private network, and not its address, which a migration changes.
if [ -z "${LITEFS_ADVERTISE_URL:-}" ] && [ -n "${FLY_APP_NAME:-}" ]; then
  LITEFS_ADVERTISE_URL="http://$FLY_MACHINE_ID.vm.$FLY_APP_NAME.internal:20202"
fi
export LITEFS_ADVERTISE_URL="${LITEFS_ADVERTISE_URL:?must be set off Fly: the URL at which other nodes reach LiteFS here}"

# Only nodes of the primary region may become primary. Both names unset are not equal here: a node
# that does not know where it is does not compete.
if [ -z "${LITEFS_CANDIDATE:-}" ]; then
  LITEFS_CANDIDATE=false
  if [ -n "${FLY_REGION:-}" ] && [ "$FLY_REGION" = "${PRIMARY_REGION:-}" ]; then
    LITEFS_CANDIDATE=true
  fi
fi
export LITEFS_CANDIDATE

# From `fly consul attach`: https://:TOKEN@HOST/PREFIX/. Only the guard uses it.
export CONSUL_URL="${CONSUL_URL:-${FLY_CONSUL_URL:-}}"
: "${CONSUL_URL:?must be set: on Fly by fly consul attach, elsewhere to the URL of a Consul agent}"

# Where the lease lies in Consul. The number at the end is the way out when a cluster has to be
# founded anew (fly secrets set CONSUL_KEY=…/2): nodes of different keys do not know each other.
export CONSUL_KEY="${CONSUL_KEY:-hoplite/${FLY_APP_NAME:-fleet}/1}"

# Where the guard listens for LiteFS and the app; only this machine can reach it.
export GUARD_ADDR="${GUARD_ADDR:-127.0.0.1:8501}"
export GUARD_URL="${GUARD_URL:-http://$GUARD_ADDR}"

install -d -m 0700 "$LITEFS_DATA_DIR"
# Twice: the first one, which only looks at the environment, leaves compiled code behind, and the second one,
# which stays, does not load the TypeScript compiler (docs/guard.md, "Memory").
guard='node --max-semi-space-size=1 --no-maglev --no-turbofan src/guard/main.ts'
$guard --check
# shellcheck disable=SC2086 # the words are meant to be split
exec $guard
