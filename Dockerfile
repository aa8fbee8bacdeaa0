# Every image of Wetread: what the lock says and nothing that builds. Context: this folder.
#
#   docker build --target orchestrator .      orchestrator | brdensity | pixelstats | sdk; `make images` builds them all
#
# The same inputs give the same image, digest for digest: times inside are SOURCE_DATE_EPOCH or zero. The root is the
# base image's without what installs software; it becomes one layer of its own, because what a later layer deletes still
# travels with the image. Dependencies are a stage before the sources: they take minutes and change seldom.

ARG BASE_IMAGE=python:3.11-slim

FROM ${BASE_IMAGE} AS lock
ARG UV_VERSION=0.13.9
RUN apt-get update && apt-get install --yes --no-install-recommends binutils && rm -rf /var/lib/apt/lists/*
RUN --mount=type=cache,target=/root/.cache/pip python -m pip install "uv==${UV_VERSION}"
ENV UV_PYTHON=/usr/local/bin/python3 \
    UV_PYTHON_DOWNLOADS=never \
    UV_PROJECT_ENVIRONMENT=/opt/wetread \
    UV_LINK_MODE=copy \
    UV_SYSTEM_CERTS=1
WORKDIR /source
COPY uv.lock pyproject.toml ./
COPY orchestrator/pyproject.toml orchestrator/
COPY proto/pyproject.toml proto/
COPY services/sdk/pyproject.toml services/sdk/
COPY services/brdensity/pyproject.toml services/brdensity/
COPY services/pixelstats/pyproject.toml services/pixelstats/
COPY compose/images/dependencies compose/images/strip-libraries compose/images/

# --- what goes into each: /opt/wetread, /usr/share/wetread, and its own ---------------------------------------------

FROM lock AS orchestrator-files
RUN --mount=type=cache,target=/root/.cache/uv compose/images/dependencies wetread
COPY . .
ARG SOURCE_DATE_EPOCH=0
RUN --mount=type=cache,target=/root/.cache/uv install -d -o 10001 -g 10001 /var/lib/wetread && \
    compose/images/finish wetread /var/lib/wetread

FROM lock AS model-lock
RUN --mount=type=cache,target=/root/.cache/uv compose/images/dependencies wetread-sdk

FROM model-lock AS brdensity-files
# cpu: tensorflow-cpu; gpu: tensorflow with CUDA's libraries from the lock, so that the host brings only its driver.
ARG HARDWARE=cpu
RUN --mount=type=cache,target=/root/.cache/uv compose/images/dependencies wetread-brdensity --extra "${HARDWARE}"
COPY . .
ARG SOURCE_DATE_EPOCH=0
# Weights lie in the image, so that its digest names them too.
RUN --mount=type=cache,target=/root/.cache/uv mkdir /opt/brdensity && \
    cp -r services/brdensity/model.yaml services/brdensity/declarations services/brdensity/weights /opt/brdensity/ && \
    compose/images/finish wetread-brdensity /opt/brdensity --extra "${HARDWARE}"

FROM model-lock AS pixelstats-files
COPY . .
ARG SOURCE_DATE_EPOCH=0
RUN --mount=type=cache,target=/root/.cache/uv mkdir /opt/pixelstats && \
    cp services/pixelstats/model.yaml /opt/pixelstats/ && \
    compose/images/finish wetread-pixelstats /opt/pixelstats

FROM model-lock AS sdk-files
COPY . .
ARG SOURCE_DATE_EPOCH=0
RUN --mount=type=cache,target=/root/.cache/uv mkdir /opt/model && compose/images/finish wetread-sdk /opt/model

# --- what they share ------------------------------------------------------------------------------------------------

FROM ${BASE_IMAGE} AS trimmed
COPY compose/images/trim /trim
RUN /trim

FROM scratch AS runtime
COPY --from=trimmed / /
ENV PATH=/opt/wetread/bin:/usr/local/bin:/usr/bin:/bin \
    LANG=C.UTF-8 \
    HOME=/tmp \
    PYTHONPYCACHEPREFIX=/tmp/pycache \
    PYTHONUNBUFFERED=1
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG BASE_IMAGE
LABEL org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="${BASE_IMAGE}"

FROM runtime AS model
WORKDIR /tmp
EXPOSE 50051 3000
# Ready: the weights are loaded and the gRPC port is open. Ten minutes are for a machine that is very busy.
# In bash, because a Python for each look costs a tenth of a second.
HEALTHCHECK --interval=10s --timeout=5s --start-period=600s --start-interval=1s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/3000; printf 'GET /readyz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3; head -n 1 <&3 | grep -q ' 200 '"]

# --- the images -----------------------------------------------------------------------------------------------------

# What a model of your own starts from (docs/add-a-model.md); it keeps pip for what else you install.
FROM ${BASE_IMAGE} AS sdk
RUN --mount=type=bind,from=sdk-files,target=/mnt /mnt/source/compose/images/place /opt/wetread /opt/model
ENV PATH=/opt/wetread/bin:/usr/local/bin:/usr/bin:/bin \
    LANG=C.UTF-8 \
    HOME=/tmp \
    PIP_PYTHON=/opt/wetread/bin/python \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONPYCACHEPREFIX=/tmp/pycache \
    PYTHONUNBUFFERED=1 \
    WETREAD_DECLARATION=/opt/model/model.yaml
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Wetread SDK" \
      org.opencontainers.image.description="What a model for Wetread is built on" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /opt/model
EXPOSE 50051 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=600s --start-interval=1s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/3000; printf 'GET /readyz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3; head -n 1 <&3 | grep -q ' 200 '"]
USER 10001:10001
ENTRYPOINT ["json-lines"]
CMD ["python", "model.py"]

# Both by json-lines: libraries in C++ (TensorFlow, gRPC) write lines of their own.
FROM model AS pixelstats
LABEL org.opencontainers.image.title="pixelstats" \
      org.opencontainers.image.description="The shortest model: mean and standard deviation of pixels, served to Wetread"
RUN --mount=type=bind,from=pixelstats-files,target=/mnt \
    /mnt/source/compose/images/place /opt/wetread /usr/share/wetread /opt/pixelstats
ENV WETREAD_DECLARATION=/opt/pixelstats/model.yaml
USER 10001:10001
ENTRYPOINT ["json-lines", "pixelstats"]

FROM model AS brdensity
ARG HARDWARE=cpu
LABEL org.opencontainers.image.title="brdensity (${HARDWARE})" \
      org.opencontainers.image.description="BI-RADS breast density, served to Wetread; demonstration weights"
RUN --mount=type=bind,from=brdensity-files,target=/mnt \
    /mnt/source/compose/images/place /opt/wetread /usr/share/wetread /opt/brdensity
ENV BRDENSITY_HOME=/opt/brdensity \
    BENTOML_HOME=/tmp/bentoml \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 10001:10001
ENTRYPOINT ["json-lines", "brdensity"]
CMD ["serve"]

FROM runtime AS orchestrator
LABEL org.opencontainers.image.title="Wetread orchestrator" \
      org.opencontainers.image.description="Runs machine-learning models on the studies that reach an Orthanc server"
RUN --mount=type=bind,from=orchestrator-files,target=/mnt \
    /mnt/source/compose/images/place /opt/wetread /usr/share/wetread /var/lib/wetread
WORKDIR /var/lib/wetread
VOLUME /var/lib/wetread
EXPOSE 8080
# Ready: ledger and archive can be reached. The port is `web.port` of the site file.
HEALTHCHECK --interval=10s --timeout=5s --start-period=600s --start-interval=1s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080; printf 'GET /readyz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3; head -n 1 <&3 | grep -q ' 200 '"]
USER 10001:10001
ENTRYPOINT ["wetread"]
CMD ["run"]
