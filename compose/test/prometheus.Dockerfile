# Prometheus as Debian ships it, for machines that reach no image registry. Users run prom/prometheus.
ARG BASE_IMAGE=debian:trixie-slim
FROM ${BASE_IMAGE}
# hadolint ignore=DL3008  # whatever the release has
RUN apt-get update && apt-get install --yes --no-install-recommends prometheus && \
    rm -rf /var/lib/apt/lists/* /etc/prometheus/* && \
    install -d -o 65534 -g 65534 /prometheus
USER 65534:65534
WORKDIR /prometheus
VOLUME /prometheus
EXPOSE 9090
ENTRYPOINT ["/usr/bin/prometheus"]
