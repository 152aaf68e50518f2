# syntax=docker/dockerfile:1
# One image for every service of the fleet: `api`, `worker`, `reconciler`, `migrate`, `simulate`, the CLI, and the
# sample MCP server. Pin the base by its digest where you build for production:
#   docker build --build-arg NODE_IMAGE=node:24-bookworm-slim@sha256:… .
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS dashboard
WORKDIR /fleet
COPY package.json package-lock.json ./
COPY scripts scripts
COPY packages packages
COPY services services
RUN npm ci --no-audit --no-fund

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /fleet
COPY package.json package-lock.json ./
COPY scripts/prepare.mjs scripts/prepare.mjs
COPY packages packages
COPY services services
RUN npm ci --omit=dev --no-audit --no-fund

FROM ${NODE_IMAGE}
WORKDIR /fleet
ENV NODE_ENV=production
COPY --from=dependencies /fleet ./
COPY --from=dashboard /fleet/services/api/public services/api/public
COPY LICENSE README.md ./
USER 1000:1000
# Node 24 runs the sources as they are. It is the first process: it ends at SIGTERM by itself and starts no orphans
# (children of stdio servers are in process groups that the worker ends).
ENTRYPOINT ["node", "services/cli/src/main.ts"]
CMD ["--help"]
