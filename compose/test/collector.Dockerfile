# A receiver of OTLP from PyPI, for machines that reach no image registry: Datadog's test agent takes traces on 4318 and
# shows them at /test/session/traces there. Users run Jaeger.
ARG BASE_IMAGE=python:3.11-slim
FROM ${BASE_IMAGE}
RUN --mount=type=cache,target=/root/.cache/pip python -m pip install "ddapm-test-agent==1.69.1"
USER 10003:10003
WORKDIR /tmp
EXPOSE 4318
ENTRYPOINT ["ddapm-test-agent", "--host=0.0.0.0"]
