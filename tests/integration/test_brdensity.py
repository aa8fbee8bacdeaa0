"""brdensity as a site runs it: BentoML's process with our gRPC server in it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import grpc
import pytest
from demo.processes import free_port
from demo.services import SCRIPTS
from tests.e2e import published
from tests.fakes.predict_stream import stream
from tests.promtool import follows_conventions

from wetread.v1 import model_pb2, model_pb2_grpc
from wetread_contract.findings import Classification, Findings, ScopeLevel
from wetread_contract.wire import answer_from_proto

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.integration

START_S = 180.0


class Served:
    """One `brdensity serve`."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.http, grpc_port = free_port(), free_port()
        self.address = f"127.0.0.1:{grpc_port}"
        self._log = folder / "brdensity.log"
        given = {"WETREAD_GRPC_PORT": str(grpc_port), "WETREAD_HTTP_PORT": str(self.http), **environment}
        with self._log.open(
            "ab"
        ) as log:  # appending: a file that is read here must not move the place of writing there
            self.process = subprocess.Popen(
                [SCRIPTS / "brdensity", "serve"],
                env=environment_of(folder) | given,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
            )

    def status(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def text(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}", timeout=5) as answer:
            content: bytes = answer.read()
        return content.decode()

    def await_ready(self) -> None:
        wait, tick = threading.Event(), 0.2
        for _ in range(int(START_S / tick)):
            if self.status("/readyz") == 200:
                return
            assert self.process.poll() is None, self.log()
            wait.wait(tick)
        raise AssertionError(self.log())

    def log(self) -> str:
        return self._log.read_text()

    def predict(self, name: str, files: list[bytes], timeout_s: float = 60) -> Findings:
        with grpc.insecure_channel(self.address) as channel:
            stub = model_pb2_grpc.ModelServiceStub(channel)
            described = stub.Describe(model_pb2.DescribeRequest(), timeout=5)
            answer = answer_from_proto(stub.Predict(stream(described, name, "1.0.0", files), timeout=timeout_s))
        assert isinstance(answer, Findings), answer
        return answer

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def environment_of(folder: Path) -> dict[str, str]:
    import os  # noqa: PLC0415 - here only

    store = folder / "bentoml"
    store.mkdir(exist_ok=True)
    return {**os.environ, "BENTOML_HOME": str(store), "BENTOML_DO_NOT_TRACK": "True"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    process = Served(tmp_path_factory.mktemp("brdensity"))
    process.await_ready()
    yield process
    if process.process.poll() is None:
        process.stop()


@pytest.fixture(scope="module")
def exam(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("exam")
    command = [SCRIPTS / "brdensity", "phantom", "--grade", "C", "--seed", "7", "--out", folder]
    subprocess.run([*command, "--acquired-at", "2026-11-24T09:30:00"], check=True)
    return [path.read_bytes() for path in sorted(folder.glob("*.dcm"))]


def test_the_demonstration_network_grades_an_exam_and_says_what_it_is(served: Served, exam: list[bytes]) -> None:
    answer = served.predict("brdensity", exam)

    graded = [each for each in answer.findings if isinstance(each, Classification)]
    levels = [each.scope.level for each in graded]
    assert "demonstration weights, not for clinical use" in answer.notices
    assert graded[0].chosen.label in {"C", "D"}
    assert levels == [ScopeLevel.STUDY, *[ScopeLevel.LATERALITY] * 2, *[ScopeLevel.INSTANCE] * 4]


def test_operations_are_bentomls(served: Served, exam: list[bytes]) -> None:
    served.predict("brdensity", exam)

    metrics = served.text("/metrics")
    assert served.status("/readyz") == served.status("/livez") == 200
    assert 'wetread_model_answers_total{category="' in metrics
    assert "wetread_model_inference_seconds_count" in metrics
    ours = [line for line in metrics.splitlines() if re.match(r"(# \w+ )?wetread_", line)]
    follows_conventions("\n".join([*ours, ""]).encode())


def test_sigterm_lets_calls_end_and_log_lines_are_json(tmp_path: Path, exam: list[bytes]) -> None:
    process = Served(tmp_path)
    process.await_ready()
    with grpc.insecure_channel(process.address) as channel:
        stub = model_pb2_grpc.ModelServiceStub(channel)
        described = stub.Describe(model_pb2.DescribeRequest(), timeout=5)
        reached = threading.Event()
        go_on = threading.Event()

        def halting() -> Iterator[model_pb2.PredictRequest]:
            requests = list(stream(described, "brdensity", "1.0.0", exam))
            yield from requests[:-1]
            reached.set()
            go_on.wait(30)
            yield requests[-1]

        call = stub.Predict.future(halting(), timeout=60)
        assert reached.wait(30)
        process.process.send_signal(signal.SIGTERM)
        while "draining_started" not in process.log():
            assert process.process.poll() is None
        go_on.set()
        answered = call.result()
    process.process.wait(60)

    events = [json.loads(line)["event"] for line in process.log().splitlines() if line.startswith('{"timestamp"')]
    ours = ["model_ready", "draining_started", "prediction_answered", "model_stopped"]
    assert answered.WhichOneof("result") == "prediction"
    assert [event for event in events if event in ours] == ours, "BentoML's own lines stand between them"


def test_the_published_model_gives_the_published_probabilities(tmp_path: Path) -> None:
    published.require()
    subprocess.run(
        [SCRIPTS / "brdensity", "import", published.DATA], check=True, env=environment_of(tmp_path), capture_output=True
    )
    declaration = published.ROOT / "services/brdensity/declarations/nyu-histogram.yaml"
    process = Served(tmp_path, WETREAD_DECLARATION=str(declaration))
    process.await_ready()
    files = [path.read_bytes() for path in published.wrapped(tmp_path / "exam")]
    answer = process.predict("brdensity-nyu-histogram", files)
    process.stop()

    (graded,) = (each for each in answer.findings if isinstance(each, Classification))
    found = {scored.category.label: scored.score for scored in graded.scores}
    assert found == pytest.approx(published.PROBABILITIES, abs=2e-3)
    assert graded.chosen.label == "B"
