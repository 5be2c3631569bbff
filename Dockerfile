# `./dev image` builds this without Docker; `docker build .` does too.
# To pin the base by digest: --build-arg BASE=debian@sha256:...
ARG BASE=debian:12-slim
# An image that was made of the first stage before, where that is at hand.
ARG DEPENDENCIES=dependencies

FROM ${BASE} AS dependencies
# `./dev image` mounts this machine's cache of compiled objects there.
ENV CCACHE_DIR=/ccache
WORKDIR /src
# Alone, so that a change of the sources does not install everything again.
COPY dev ./
RUN apt-get update && apt-get upgrade -y && ./dev install build

FROM ${DEPENDENCIES} AS build
WORKDIR /src
COPY . .
RUN ./dev build balance-service balancectl
# Empty: build no tests and run none.
ARG TESTS=unit
RUN test -z "${TESTS}" || { ./dev build tests/unit/all && ctest --preset release -L "${TESTS}"; }
# Of the commit, in seconds since 1970, so that the same sources and packages give the same image.
ARG SOURCE_DATE_EPOCH=0
RUN image/runtime_root.py /runtime build balance-service balance-service-grpc balancectl

FROM build AS sandbox-build
RUN ./dev build upstream-sandbox && image/runtime_root.py /sandbox build upstream-sandbox

# Both upstreams with play money, for k8s/overlays/dev: --target sandbox.
FROM scratch AS sandbox
COPY --from=sandbox-build /sandbox /
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/upstream-sandbox"]

FROM scratch
COPY --from=build /runtime /
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="balance-service" \
      org.opencontainers.image.description="Balances of a trading desk from two venues, by gRPC" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
USER 65532:65532
EXPOSE 50051 9464
ENTRYPOINT ["/usr/local/bin/balance-service"]
CMD ["--config", "/etc/balance/config/config.yaml"]
