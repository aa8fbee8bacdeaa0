"""A study of any size takes the same memory, on the disk it leaves nothing, and mutual TLS lets in who may."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import grpc
import pytest
from tests.dicom_factories import as_file, mammogram
from tests.fakes import models
from tests.fakes.model_caller import instances_of
from tests.fakes.predict_stream import header

from wetread.v1 import model_pb2, model_pb2_grpc
from wetread_sdk import running
from wetread_sdk.settings import TlsFiles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MIB = 2**20
CHUNK = bytes(MIB)

SERVED = """
import resource, sys
from pathlib import Path
from tests.fakes import models
from wetread_sdk import Findings, Study, running

def read_in_pieces(study: Study) -> Findings:
    with study.instances[0].file() as file:
        while file.read(2**20):
            pass
    return models.ANSWER

folder = Path(sys.argv[1])
settings = models.settings(folder, max_bytes=2**32, deadline_s=120, spool_above_bytes=2**24)
with running(models.Answering(read_in_pieces), settings) as served:
    print(served.address, flush=True)
    sys.stdin.readline()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)
"""
"""A model in a process of its own: its peak memory is then nobody else's."""


def long_stream(described: model_pb2.DescribeResponse, size_mib: int) -> Iterator[model_pb2.PredictRequest]:
    (instance,) = instances_of([as_file(mammogram())])
    yield header(described, models.NAME, models.VERSION, [instance])
    opened = model_pb2.InstanceHeader(sop_instance_uid=instance.reference.sop_instance_uid, header=instance.header)
    yield model_pb2.PredictRequest(instance=opened)
    for _ in range(size_mib):
        yield model_pb2.PredictRequest(chunk=model_pb2.PixelChunk(data=CHUNK))


def peak_memory_kib(folder: Path, size_mib: int) -> int:
    """Peak resident memory of a model process that has read one study of that size."""
    folder.mkdir()
    command = [sys.executable, "-c", SERVED, folder]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with grpc.insecure_channel(process.stdout.readline().strip()) as channel:
            stub = model_pb2_grpc.ModelServiceStub(channel)
            described = stub.Describe(model_pb2.DescribeRequest(), timeout=10)
            answered = stub.Predict(long_stream(described, size_mib), timeout=100)
        left_on_disk = [path.name for path in folder.iterdir() if path.name != "model.yaml"]
        said, _ = process.communicate("stop\n", timeout=30)
    assert answered.WhichOneof("result") == "prediction"
    assert left_on_disk == []
    return int(said)


def test_memory_is_flat_however_large_the_study_is(tmp_path: Path) -> None:
    small, large = peak_memory_kib(tmp_path / "small", 32), peak_memory_kib(tmp_path / "large", 512)

    assert large - small < 24 * 1024


@pytest.fixture
def pki(tmp_path: Path) -> Path:
    """A certificate authority, a server's and a client's certificate, and one of somebody else."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=tmp_path, check=True, capture_output=True)

    elliptic = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for authority in ("ca", "stranger"):
        openssl(
            "req", "-x509", *elliptic, "-keyout", f"{authority}.key", "-out", f"{authority}.pem", "-subj", "/CN=ca",
            "-days", "2",
        )  # fmt: skip
    for name in ("server", "client"):
        openssl("req", *elliptic, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", "/CN=localhost",
                "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")  # fmt: skip
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-out", f"{name}.pem", "-days", "2", "-copy_extensions", "copyall")  # fmt: skip
    return tmp_path


def described_over_tls(address: str, pki: Path, client: str) -> grpc.StatusCode:
    """What a caller with that certificate gets for Describe."""
    credentials = grpc.ssl_channel_credentials(
        (pki / "ca.pem").read_bytes(), (pki / f"{client}.key").read_bytes(), (pki / f"{client}.pem").read_bytes()
    )
    with grpc.secure_channel(address, credentials) as channel:
        try:
            model_pb2_grpc.ModelServiceStub(channel).Describe(model_pb2.DescribeRequest(), timeout=5)
        except grpc.RpcError as error:
            code: grpc.StatusCode = error.code()
            return code
    return grpc.StatusCode.OK


def test_with_mutual_tls_only_callers_with_a_certificate_are_answered(pki: Path) -> None:
    tls = TlsFiles(pki / "server.pem", pki / "server.key", pki / "ca.pem")
    with running(models.Answering(), models.settings(pki, tls=tls)) as served:
        codes = {name: described_over_tls(served.address, pki, name) for name in ("client", "stranger")}

    assert codes == {"client": grpc.StatusCode.OK, "stranger": grpc.StatusCode.UNAVAILABLE}
