"""The overrides for transport and traces, laid over one site: mutual TLS with models, DICOM over TLS, OpenTelemetry."""

from __future__ import annotations

import json
import os
import ssl
from typing import TYPE_CHECKING, Any

import pytest
from demo.sending import NotSent
from demo.waiting import until
from tests.compose.site import DEADLINE_S, Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PAIR = 2
SERVICES = ("orthanc", "orchestrator", "pixelstats", "prometheus", "jaeger")


@pytest.fixture(scope="module")
def site(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose only model is pixelstats."""
    del images
    overrides = ("tls", "dicom-tls", "traces")
    with Site(tmp_path_factory.mktemp("site"), f"wetread-overrides-{os.getpid()}", *overrides) as composed:
        composed.up(*SERVICES)
        until(
            lambda: composed.events("model_registered") or None, what="it shows its certificate", deadline_s=DEADLINE_S
        )
        yield composed


@pytest.fixture(scope="module")
def peer(site: Site) -> ssl.SSLContext:
    """A DICOM peer with a certificate of the site's authority."""
    context = ssl.create_default_context(cafile=str(site.folder / "certs/ca.pem"))
    context.load_cert_chain(site.folder / "certs/orthanc.pem", site.folder / "certs/orthanc.key")
    return context


def test_a_study_that_comes_over_dicom_tls_is_read_under_mutual_tls(
    site: Site, peer: ssl.SSLContext, exam: Callable[[int], Path]
) -> None:
    study = site.send(exam(40), tls=peer)

    site.results_of([study], PAIR)


def test_a_dicom_peer_without_a_certificate_or_without_tls_is_refused(site: Site, exam: Callable[[int], Path]) -> None:
    stranger = ssl.create_default_context(cafile=str(site.folder / "certs/ca.pem"))
    refused = exam(41)

    with pytest.raises(NotSent):
        site.send(refused, tls=stranger)
    with pytest.raises(NotSent):
        site.send(refused)


def test_who_shows_no_certificate_is_not_answered(site: Site) -> None:
    program = (
        "import grpc\n"
        "from wetread.v1 import model_pb2, model_pb2_grpc\n"
        "def asks(channel):\n"
        "    try: model_pb2_grpc.ModelServiceStub(channel).Describe(model_pb2.DescribeRequest(), timeout=15)\n"
        "    except grpc.RpcError: return 'refused'\n"
        "    return 'answered'\n"
        "ca = open('/run/secrets/models_ca', 'rb').read()\n"
        "name = (('grpc.ssl_target_name_override', 'models'),)\n"
        "print(asks(grpc.insecure_channel('models:50051')))\n"
        "print(asks(grpc.secure_channel('models:50051', grpc.ssl_channel_credentials(ca), name)))\n"
        "key, chain = (open(f'/run/secrets/orchestrator_{part}', 'rb').read() for part in ('key', 'certificate'))\n"
        "print(asks(grpc.secure_channel('models:50051', grpc.ssl_channel_credentials(ca, key, chain), name)))\n"
    )

    said = site.compose("exec", "--no-TTY", "orchestrator", "python", "-c", program).split()

    assert said == ["refused", "refused", "answered"]


def test_the_end_of_the_certificates_is_measured(site: Site) -> None:
    def measured() -> list[object] | None:
        return site.query("wetread_certificate_expires_timestamp_seconds - time()") or None

    samples = until(measured, what="Prometheus knows when certificates end", deadline_s=DEADLINE_S)

    assert len(samples) == 2


def test_one_trace_over_orchestrator_and_model_reaches_the_collector(
    site: Site, peer: ssl.SSLContext, exam: Callable[[int], Path]
) -> None:
    before = {span["trace"] for span in _spans(site)}
    study = site.send(exam(42), tls=peer)
    site.results_of([study], PAIR)

    def whole() -> list[dict[str, str]] | None:
        spans = [span for span in _spans(site) if span["trace"] not in before]
        return spans if {"predict", "Predict", "infer", "store"} <= {span["name"] for span in spans} else None

    spans = until(whole, what="every part of the job is there", deadline_s=DEADLINE_S)
    services = {span["name"]: span["service"] for span in spans}
    assert len({span["trace"] for span in spans}) == 1
    assert (services["predict"], services["Predict"]) == ("wetread", "pixelstats")


def _spans(site: Site) -> list[dict[str, str]]:
    """Trace, name and service of every span that the collector has decoded."""
    program = (
        "import urllib.request as u; print(u.urlopen('http://127.0.0.1:4318/test/session/traces').read().decode())"
    )
    requests = json.loads(site.compose("exec", "--no-TTY", "jaeger", "python", "-c", program))
    return [
        {"trace": span["trace_id"], "name": span["name"], "service": _service(resource)}
        for request in requests
        for resource in request.get("resource_spans", [])
        for scope in resource["scope_spans"]
        for span in scope["spans"]
    ]


def _service(resource: dict[str, Any]) -> str:
    attributes = {one["key"]: one["value"] for one in resource["resource"]["attributes"]}
    return str(attributes["service.name"]["string_value"])
