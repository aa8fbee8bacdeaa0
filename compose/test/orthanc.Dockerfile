# Orthanc as Debian ships it, for machines that reach no image registry. Users run orthancteam/orthanc.
ARG BASE_IMAGE=debian:trixie-slim
FROM ${BASE_IMAGE}
# hadolint ignore=DL3008  # whatever the release has
RUN apt-get update && apt-get install --yes --no-install-recommends orthanc orthanc-dicomweb && \
    rm -rf /var/lib/apt/lists/* /etc/orthanc/* && \
    echo '{"Plugins": ["/usr/share/orthanc/plugins/libOrthancDicomWeb.so"]}' >/etc/orthanc/plugins.json && \
    chmod 0755 /var/lib/orthanc && install -d -o 10002 -g 10002 /var/lib/orthanc/db
USER 10002:10002
VOLUME /var/lib/orthanc/db
EXPOSE 4242 8042
ENTRYPOINT ["/usr/sbin/Orthanc"]
CMD ["/etc/orthanc"]
