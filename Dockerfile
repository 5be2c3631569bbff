# To pin the base by digest: --build-arg BASE=debian@sha256:...
ARG BASE=debian:12-slim

FROM ${BASE} AS build
WORKDIR /src
# Alone first, so that a change of the sources does not install everything again.
COPY dev ./
RUN ./dev install build
COPY . .
RUN ./dev build balance-service balancectl && strip build/bin/*

FROM ${BASE}
COPY dev /tmp/dev
RUN /tmp/dev install runtime && rm -rf /tmp/dev /var/lib/apt/lists/*
COPY --from=build /src/build/bin/ /usr/local/bin/
USER 65532:65532
EXPOSE 50051 9464
ENTRYPOINT ["/usr/local/bin/balance-service"]
CMD ["--config", "/etc/balance/config/config.yaml"]
