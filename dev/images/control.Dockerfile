# The control plane, for people who publish it: docker build -f dev/images/control.Dockerfile -t REGISTRY/weft .
# What it contains and how it starts is the same as in definitions.ts (a test compares them).
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node dev/images/bundle.ts src/main.ts /out/app/main.mjs && node dev/images/page.ts /out/app/ui
# Node with the libraries it is linked to, and nothing else: no shell, no package manager.
RUN set -e; \
    install -D /usr/local/bin/node /out/usr/local/bin/node; \
    for library in $(ldd /usr/local/bin/node | grep -o '/[^ ]*'); do install -D "$library" "/out$library"; done; \
    mkdir -p /out/etc; install -d -m 1777 /out/tmp; \
    printf 'root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n' > /out/etc/passwd; \
    printf 'root:x:0:\nnonroot:x:65532:\n' > /out/etc/group; \
    printf 'passwd: files\ngroup: files\nhosts: files dns\n' > /out/etc/nsswitch.conf

FROM scratch
COPY --from=build /out /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ENV NODE_ENV=production
WORKDIR /app
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=4", "/app/main.mjs"]
