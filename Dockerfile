# The image of one node: Node, LiteFS, the app and its production packages. Nothing of Hoplite is compiled,
# for Node runs TypeScript as it is. It holds no secret; those come from the environment.

# Images are named by version for people and by digest for the builder, since whoever owns a tag can move it. A new
# digest: docker buildx imagetools inspect node:24.21.0-bookworm-slim

# LiteFS from its source, by the hashes of tools/litefs/go.sum, and built as scripts/setup/go-tools.js does: the same
# program that all tests run. Static.
FROM golang:1.26.8-bookworm@sha256:a688600ca24f8a4d3ca77f95b0dd40704a9fc787c826660eb7ba0b641b8b175d AS litefs
WORKDIR /litefs
COPY tools/litefs/go.mod tools/litefs/go.sum ./
RUN env CGO_ENABLED=0 GOTOOLCHAIN=local \
  go build -mod=readonly -buildvcs=false -trimpath -o /usr/local/bin/litefs \
  -ldflags '-s -w -X main.Version=v0.5.14' github.com/superfly/litefs/cmd/litefs

# The Node of package.json. Debian, since better-sqlite3 and setpriv are tested with it.
FROM node:24.21.0-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6 AS base
WORKDIR /app
ENV NODE_ENV=production

FROM base AS packages
COPY package.json package-lock.json .npmrc ./
# No package that the app needs has an install script.
RUN npm ci --omit=dev --ignore-scripts

FROM base
# fuse3 mounts for LiteFS, which also calls Consul over TLS. user_allow_other lets a mount be shared
# with another user also where LiteFS is not root.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates fuse3 \
  && rm -rf /var/lib/apt/lists/* \
  && echo user_allow_other >> /etc/fuse.conf
COPY --from=litefs /usr/local/bin/litefs /usr/local/bin/litefs
COPY --from=packages /app/node_modules node_modules
COPY package.json LICENSE litefs.yml ./
COPY scripts/entrypoint.sh scripts/
COPY migrations migrations
COPY src src
RUN ln -s /app/src/cli/hoplite.ts /usr/local/bin/hoplite

# What dies young is looked through each 4 MB, and a start that finds compiled code on the volume needs no TypeScript
# compiler: together 100 MB less (docs/performance.md, "Memory").
ENV NODE_OPTIONS=--max-semi-space-size=4 NODE_COMPILE_CACHE=/data/hoplite/.cache

# Both on the volume: the node's own files, and LiteFS's.
ENV DATA_DIR=/data/hoplite LITEFS_DATA_DIR=/data/litefs

# As root, since LiteFS mounts; the app is started as the user "node".
CMD ["/app/scripts/entrypoint.sh"]
