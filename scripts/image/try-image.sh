#!/bin/sh
# Builds the image and starts it alone, as who pulls it would: it must say its version, answer /healthz, and end
# with 0 when it is told to. Needs Docker and curl.
#
#   scripts/image/try-image.sh [TAG]
set -eu
cd "$(dirname "$0")/../.."
image=${1:-hoplite:try}

docker build --tag "$image" .
echo "version $(docker run --rm "$image" hoplite --version)"

container=$(docker run --detach --publish 127.0.0.1::8080 \
  --env HOST=0.0.0.0 --env BASE_URL=http://localhost:8080 --env ADMIN_KEY=only-for-this-short-trial "$image")
trap 'docker rm --force "$container" >/dev/null' EXIT

address=$(docker port "$container" 8080/tcp)
if ! curl --silent --show-error --fail --retry 30 --retry-delay 1 --retry-all-errors "http://$address/healthz"; then
  docker logs "$container"
  echo "the image does not answer /healthz" >&2
  exit 1
fi

docker stop --time 30 "$container" >/dev/null
code=$(docker inspect --format '{{.State.ExitCode}}' "$container")
if [ "$code" != 0 ]; then
  docker logs "$container"
  echo "the image ended with $code instead of 0" >&2
  exit 1
fi
