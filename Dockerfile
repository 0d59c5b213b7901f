# One image for every process. The command selects it, such as `node dist/auth.cjs` for a bundle. Operators' commands run
# from the sources, such as `node ops/migrate.ts`.
#
# Node runs TypeScript directly, except below node_modules. So the workspaces stay in their folders, and
# node_modules/@medconnect/* stay npm's links to them.

# Only the files that decide about dependencies, so that a change of code keeps the stages that install them cached.
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
COPY gateway/package.json gateway/
COPY ops/package.json ops/
COPY deploy/package.json deploy/
COPY dev/package.json dev/
COPY test/package.json test/
COPY bench/package.json bench/

# No dependency needs its install scripts here.
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
RUN node deploy/bundles/build.mjs

FROM manifests AS dependencies
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 METRICS_PORT=9464
# Reasons: deploy/bundles/node-flags.ts.
ENV NODE_OPTIONS="--max-semi-space-size=8 --v8-pool-size=1" MALLOC_ARENA_MAX=1
WORKDIR /app
# Owners of the volumes: the user of MySQL and Redis, and ours for the certificates. See the service "volumes" in
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
COPY --from=bundles /app/dist dist
# The user `node`, by number for Kubernetes' runAsNonRoot. All files belong to root, so a process cannot change its code.
USER 1000:1000
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 CMD ["node", "-e", \
  "http.get({ port: process.env.METRICS_PORT, path: '/readyz' }, (r) => process.exit(r.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
CMD ["node", "dist/gateway.cjs"]
