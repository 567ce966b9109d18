# The mqnamesrv daemon on the newest LTS Node. Listens on 9876, and on 8876 for HTTP; runs as uid 3000, stops on SIGTERM.
# In place of RocketMQ's own image: its user, its home folder and its command lines are the same.
#
#   docker build --build-arg COMMIT=$(git rev-parse HEAD) -t mqnamesrv .
#   docker run -d -p 9876:9876 -p 127.0.0.1:8876:8876 --name namesrv mqnamesrv
#
# Behind a package registry or a certificate authority of your own, lend npm its settings for the time of the build
# (cafile=/run/secrets/npm-ca in that npmrc); nothing of them stays in the image:
#
#   docker build --secret id=npmrc,src=npmrc --secret id=npm-ca,src=ca.pem -t mqnamesrv .

FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# Without the scripts of the packages: the only one that the build needs is of esbuild, which works without it, and our own
# `prepublish` has no sources yet.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=secret,id=npm-ca \
    npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY scripts/build.mjs ./scripts/
COPY scripts/page/build.mjs ./scripts/page/
# Shown at /version and in the metrics.
ARG COMMIT=
# What prune leaves goes too: empty folders, and a list that names the registry the packages came from.
RUN npm run build \
    && if [ -n "$COMMIT" ]; then npm pkg set "gitHead=$COMMIT"; fi \
    && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
    && rm -f node_modules/.package-lock.json \
    && find node_modules -depth -type d -empty -delete
COPY bin ./bin
COPY conf ./conf
COPY LICENSE NOTICE scripts/image/healthcheck.ts scripts/image/entrypoint.sh ./
# In a clone made with umask 027 or 077, only the owner can read the files.
RUN chmod -R a+rX bin conf dist node_modules package.json LICENSE NOTICE healthcheck.ts entrypoint.sh

FROM node:24-slim
LABEL org.opencontainers.image.title="mqnamesrv" \
      org.opencontainers.image.description="A standalone RocketMQ NameServer" \
      org.opencontainers.image.licenses="Apache-2.0"
# Monitors and probes come from outside of the container; publish the HTTP port only to them, or set httpTokenFile. HOME is for users that
# the image does not know, such as those that OpenShift assigns.
ENV HOME=/home/rocketmq \
    NODE_ENV=production \
    MQNAMESRV_HTTP_BIND_ADDRESS=0.0.0.0
# The KV file is kept in $HOME/namesrv. The folders are made here so that a named volume mounted on them belongs to the daemon.
RUN groupadd --gid 3000 rocketmq && useradd --uid 3000 --gid 3000 --create-home --shell /bin/bash rocketmq \
    && install -d -o 3000 -g 3000 /home/rocketmq/namesrv /home/rocketmq/logs
# Unlike dash, bash becomes the command of `sh -c ./mqnamesrv`, as RocketMQ's own Helm chart starts it, so that SIGTERM reaches it.
RUN ln -sf bash /bin/sh
WORKDIR /opt/mqnamesrv
COPY --from=build /build/LICENSE /build/NOTICE /build/package.json /build/healthcheck.ts /build/entrypoint.sh ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY --from=build /build/bin ./bin
# The daemon's own, because an UPDATE_NAMESRV_CONFIG request writes this file and a .bak beside it, as in Java.
COPY --from=build --chown=3000:3000 /build/conf ./conf
# By number: Kubernetes cannot tell from a name that it is not root.
USER 3000:3000
# Where `sh mqnamesrv` finds the program; `kubectl exec … mqnamesrv status` finds it by the path.
ENV PATH=/opt/mqnamesrv/bin:$PATH
WORKDIR /opt/mqnamesrv/bin
EXPOSE 9876 8876
# Exec form throughout: Node itself is process 1, and SIGTERM reaches the daemon's own handler.
# A request on port 9876, as clients send it: the HTTP port may be off, and /readyz also fails while the daemon only waits for brokers.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
    CMD ["node", "/opt/mqnamesrv/healthcheck.ts"]
# A script that becomes Node.
ENTRYPOINT ["/opt/mqnamesrv/entrypoint.sh"]
CMD ["-c", "/opt/mqnamesrv/conf/namesrv.properties"]
