# One image for every process. The command selects the process, for example `node dist/auth.cjs` for a bundle.
# Operators' commands run from the sources, for example `medconnect-ops migrate`.
#
# Node runs TypeScript directly, except below node_modules. So each workspace stays in its folder, and
# node_modules/@medconnect/* stay the links to these folders that npm made.

# Copies only the package files. So a change of code does not invalidate the cached stages that install
# packages.
FROM node:24-bookworm-slim AS manifests
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY proto/package.json proto/
COPY platform/package.json platform/
COPY topology/package.json topology/
COPY services/auth/package.json services/auth/
COPY services/scheduling/package.json services/scheduling/
COPY services/clinical/package.json services/clinical/
COPY services/billing/package.json services/billing/
COPY console/package.json console/
COPY gateway/package.json gateway/
COPY clients/typescript/package.json clients/typescript/
COPY ops/package.json ops/
COPY deploy/package.json deploy/
COPY dev/package.json dev/
COPY test/package.json test/
COPY bench/package.json bench/
COPY docs/package.json docs/

# No dependency needs its install scripts for the generation of code, so they are skipped.
FROM manifests AS contract
RUN npm ci --ignore-scripts
COPY proto proto
RUN node proto/generate.mjs

FROM contract AS bundles
COPY platform platform
COPY services services
COPY gateway gateway
COPY topology topology
COPY ops ops
COPY deploy deploy
COPY clients/typescript clients/typescript
COPY console console
RUN node clients/typescript/generator/generate.ts && node console/build.mjs && node deploy/bundles/build.mjs

FROM manifests AS dependencies
RUN npm ci --omit=dev --ignore-scripts && find node_modules/@scalar -name "*.map" -delete

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 METRICS_PORT=9464
# deploy/bundles/node-flags.ts explains these flags.
ENV NODE_OPTIONS="--max-semi-space-size=8 --v8-pool-size=1" MALLOC_ARENA_MAX=1
WORKDIR /app
# Folders that volumes are mounted on, with the owner that each volume takes over. User 999 runs MySQL and
# Redis. User 1000 runs our processes, which read the certificates. See the service "volumes" in
# docker-compose.yml.
RUN install -d -o 999 -g 999 /volumes/mysql /volumes/redis \
 && for name in ca auth scheduling clinical billing gateway clients; do install -d -o 1000 -g 1000 -m 700 /certs/$name; done
COPY --from=dependencies /app ./
COPY --from=contract /app/proto/gen proto/gen
COPY platform platform
COPY services services
COPY gateway gateway
COPY topology topology
COPY ops ops
COPY deploy deploy
COPY docs/guides docs/guides
COPY --from=bundles /app/console/gen console/gen
COPY --from=bundles /app/dist dist
RUN ln -s /app/ops/medconnect-ops.mjs /usr/local/bin/medconnect-ops
# Shown by the metric build_info: docker build --build-arg BUILD_COMMIT="$(git rev-parse HEAD)" .
ARG BUILD_COMMIT=unknown
ENV BUILD_COMMIT=$BUILD_COMMIT
# The user `node`, as a number, because Kubernetes' runAsNonRoot requires a number. All files belong to root,
# so a process cannot change its code.
USER 1000:1000
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 CMD ["node", "-e", \
  "http.get({ port: process.env.METRICS_PORT, path: '/readyz' }, (r) => process.exit(r.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
CMD ["node", "dist/gateway.cjs"]
