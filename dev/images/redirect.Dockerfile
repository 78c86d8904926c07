# nft and the libraries it is linked to, for people who publish it: docker build -f dev/images/redirect.Dockerfile .
# What it contains and how it starts is the same as in definitions.ts (a test compares them).
FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends nftables
RUN set -e; \
    install -D /usr/sbin/nft /out/usr/sbin/nft; \
    for library in $(ldd /usr/sbin/nft | grep -o '/[^ ]*'); do install -D "$library" "/out$library"; done; \
    mkdir -p /out/etc; install -d -m 1777 /out/tmp; \
    printf 'root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n' > /out/etc/passwd; \
    printf 'root:x:0:\nnonroot:x:65532:\n' > /out/etc/group; \
    printf 'passwd: files\ngroup: files\nhosts: files dns\n' > /out/etc/nsswitch.conf

FROM scratch
COPY --from=build /out /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
WORKDIR /
USER 0:0
ENTRYPOINT ["/usr/sbin/nft"]
