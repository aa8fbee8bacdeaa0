# PostgreSQL as Debian ships it, for machines that reach no image registry. Users run postgres.
ARG BASE_IMAGE=debian:trixie-slim
FROM ${BASE_IMAGE}
# hadolint ignore=DL3008  # whatever the release has
RUN groupadd --gid 999 postgres && useradd --uid 999 --gid 999 --home-dir /var/lib/postgresql postgres && \
    mkdir /etc/postgresql-common && echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf && \
    apt-get update && \
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends postgresql-17 && \
    rm -rf /var/lib/apt/lists/* /var/lib/postgresql && install -d -o 999 -g 999 /var/lib/postgresql/data
COPY postgres-entrypoint /usr/local/bin/
ENV PATH=/usr/lib/postgresql/17/bin:/usr/local/bin:/usr/bin:/bin
USER 999:999
VOLUME /var/lib/postgresql/data
EXPOSE 5432
ENTRYPOINT ["postgres-entrypoint"]
