"""The override with mutual TLS: only who has a certificate of this site is answered."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from demo.waiting import until
from tests.compose.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PAIR = 2


@pytest.fixture(scope="module")
def site(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose only model is pixelstats, under mutual TLS."""
    del images
    with Site(tmp_path_factory.mktemp("site"), f"wetread-tls-{os.getpid()}", "tls") as composed:
        composed.up("orthanc", "orchestrator", "pixelstats", "prometheus")
        yield composed


def test_a_study_is_read_under_mutual_tls(site: Site, exam: Callable[[int], Path]) -> None:
    until(lambda: site.events("model_registered") or None, what="the model has shown its certificate", deadline_s=60)

    study = site.send(exam(40))

    site.results_of([study], PAIR)


def test_who_shows_no_certificate_is_not_answered(site: Site) -> None:
    program = (
        "import grpc\n"
        "from wetread.v1 import model_pb2, model_pb2_grpc\n"
        "def asks(channel):\n"
        "    try: model_pb2_grpc.ModelServiceStub(channel).Describe(model_pb2.DescribeRequest(), timeout=5)\n"
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

    samples = until(measured, what="Prometheus knows when certificates end", deadline_s=60)

    assert len(samples) == 2
