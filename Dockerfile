# The gateway, and the simulated pair, as one image. There is no build step: Node runs the TypeScript sources.
# The version is the one of the npm package `node` in package.json; test/deploy.test.ts holds them together.
# For a release: docker buildx build --provenance=mode=max --sbom=true, and both base images by digest (SECURITY.md).
ARG NODE_VERSION=24.21.0

FROM node:${NODE_VERSION}-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# --ignore-scripts: no package's script runs while the image is made. The one that matters in a checkout is that of
# the npm package `node`, which fetches a Node 24; here the image's own Node is used, so its binary stays away.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund
# Made here because the final image has no shell to make it with.
RUN install -d /var/lib/northgate

# glibc, libstdc++ and CA certificates of Debian 12, as the Node above was built for; no shell, no package manager.
FROM gcr.io/distroless/cc-debian12:nonroot
ENV NODE_ENV=production
COPY --from=packages /usr/local/bin/node /usr/local/bin/node
COPY package.json /app/
COPY --from=packages /app/node_modules /app/node_modules
COPY openapi /app/openapi
COPY src /app/src
# The embedded journal is made in the working directory, which is the one place that may be written to. 65532 is
# `nonroot`: a number, so that an orchestrator that insists on it can see that it is not root.
COPY --from=packages --chown=65532:65532 --chmod=0750 /var/lib/northgate /var/lib/northgate
WORKDIR /var/lib/northgate
VOLUME /var/lib/northgate
USER 65532:65532
EXPOSE 8080 9080
# Ready means: the journal answers and ESC was seen ready once. A switchover does not make a gateway unhealthy.
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
  CMD ["/usr/local/bin/node", "-e", "fetch('http://127.0.0.1:9080/readyz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# `node` on the file itself, never npm or npx: signals reach the gateway, and its exit code is the container's.
ENTRYPOINT ["/usr/local/bin/node", "/app/src/main.ts"]
CMD ["serve"]
