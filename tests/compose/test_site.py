"""The composed site as a user meets it. The tests of this file share one site and run in their order."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from demo.waiting import until
from tests.compose.site import DEADLINE_S, ROOT, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.compose.site import Site

PAIR = 2
EVERY_LINE_HAS = {"timestamp", "level", "event"}


def test_a_cold_site_reads_an_exam(site: Site, exam: Callable[[int], Path]) -> None:
    """How soon: `python -m bench.composed`."""
    site.up()

    study = site.send(exam(1))

    site.results_of([study], PAIR)


def test_strangers_are_not_let_into_the_archive(site: Site) -> None:
    assert site.http("ORTHANC_HTTP_PORT", "/system").status_code == 401


def test_containers_of_ours_run_as_nobody_and_can_write_nowhere(site: Site) -> None:
    for service in ("orchestrator", "brdensity"):
        (container,) = site.inspect(service)
        assert container["Config"]["User"] == "10001:10001"
        assert container["HostConfig"]["ReadonlyRootfs"]
        assert container["HostConfig"]["CapDrop"] == ["ALL"]
        assert container["HostConfig"]["Memory"] > 0
        assert container["RestartCount"] == 0


def test_ports_are_published_on_this_machine_only_and_models_have_none(site: Site) -> None:
    published = {
        service: [
            binding["HostIp"]
            for ports in site.inspect(service)[0]["NetworkSettings"]["Ports"].values()
            for binding in ports or []
        ]
        for service in ("orthanc", "orchestrator", "prometheus", "brdensity")
    }

    assert published.pop("brdensity") == []
    assert {address for addresses in published.values() for address in addresses} == {"127.0.0.1"}


def test_a_model_reaches_neither_archive_nor_internet(site: Site) -> None:
    program = (
        "import socket\n"
        "def reaches(host, port):\n"
        "    try: socket.create_connection((host, port), timeout=2).close()\n"
        "    except OSError: return False\n"
        "    return True\n"
        "print(reaches('orthanc', 8042), reaches('1.1.1.1', 443), reaches('127.0.0.1', 50051))\n"
    )

    assert site.compose("exec", "--no-TTY", "brdensity", "python", "-c", program).split() == ["False", "False", "True"]


def test_prometheus_sees_everything(site: Site) -> None:
    def all_up() -> bool | None:
        up = {sample["metric"]["job"]: sample["value"][1] for sample in site.query("up")}
        return up == dict.fromkeys(("orchestrator", "models", "orthanc", "prometheus"), "1") or None

    until(all_up, what="every target is up", deadline_s=DEADLINE_S)
    until(
        lambda: site.query("wetread_result_seconds_count") or None,
        what="the first result is counted",
        deadline_s=DEADLINE_S,
    )
    rules = site.http("PROMETHEUS_PORT", "/api/v1/rules").json()["data"]["groups"]
    assert [rule["name"] for group in rules for rule in group["rules"] if rule["health"] == "err"] == []
    assert rules


def test_a_second_model_joins_with_one_command_and_gets_the_next_study(site: Site, exam: Callable[[int], Path]) -> None:
    before = site.inspect("orchestrator")[0]["State"]["StartedAt"]

    site.compose("up", "--detach", "pixelstats")
    until(
        lambda: _endpoints(site, "pixelstats") or None, what="the orchestrator knows pixelstats", deadline_s=DEADLINE_S
    )
    study = site.send(exam(2))

    site.results_of([study], 2 * PAIR)
    assert site.inspect("orchestrator")[0]["State"]["StartedAt"] == before, "adding a model restarts nothing"


def test_nothing_is_lost_and_nothing_comes_twice_when_containers_are_killed(
    site: Site, exam: Callable[[int], Path]
) -> None:
    studies = [site.send(exam(10))]
    site.kill("orchestrator")
    studies.append(site.send(exam(11)))
    site.kill("brdensity")
    with site.held("pixelstats"):
        studies += site.in_work([exam(12)])
        site.kill("orchestrator")

    site.results_of(studies, 2 * PAIR)
    uids = [[one.dataset.SOPInstanceUID for one in site.archive.results(study)] for study in studies]
    assert all(len(set(found)) == 2 * PAIR for found in uids)


def test_three_replicas_of_a_model_share_its_studies(site: Site, exam: Callable[[int], Path]) -> None:
    site.compose("up", "--detach", "--wait", "--no-recreate", "--scale", "brdensity=3", "brdensity")
    until(
        lambda: len(_endpoints(site, "brdensity")) >= 3 or None,
        what="the orchestrator knows all three",
        deadline_s=DEADLINE_S,
    )
    seen = len(site.events("prediction_requested"))
    exams = map(exam, range(100, 200))
    studies = [site.send(next(exams)) for _ in range(6)]

    def all_asked() -> bool | None:
        """More come until each has been needed."""
        studies.append(site.send(next(exams)))
        asked = [event for event in site.events("prediction_requested")[seen:] if event["model"] == "brdensity"]
        return len({event["endpoint"] for event in asked}) == 3 or None

    until(all_asked, what="each container is asked", deadline_s=DEADLINE_S)
    site.results_of(studies, 2 * PAIR)


@pytest.mark.parametrize("service", ["orchestrator", "brdensity", "pixelstats"])
def test_every_line_of_a_container_is_one_event_in_json(site: Site, service: str) -> None:
    """After all that has happened to them here: starts, work, kills, an orderly stop."""
    lines = site.lines(service)

    events = [json.loads(line) if line.startswith("{") else {"line": line} for line in lines]
    assert len(events) > 1
    assert [event for event in events if not event.keys() >= EVERY_LINE_HAS] == []


def test_an_upgrade_of_the_orchestrator_finishes_what_was_in_work(site: Site, exam: Callable[[int], Path]) -> None:
    exams = [exam(seed) for seed in range(30, 34)]
    site.compose("build", "orchestrator", timeout_s=600, WETREAD_VERSION="0.1.1")
    with site.held("brdensity", "pixelstats"):
        studies = site.in_work(exams)

        site.compose("up", "--detach", "--no-deps", "orchestrator", WETREAD_VERSION="0.1.1")

    site.results_of(studies, 2 * PAIR)
    assert site.inspect("orchestrator")[0]["Config"]["Image"] == "wetread/orchestrator:0.1.1"
    assert site.inspect("orchestrator")[0]["RestartCount"] == 0
    site.doctor()


def test_a_model_that_is_written_as_the_guide_says_gets_the_last_hour_s_studies(
    site: Site, exam: Callable[[int], Path], tmp_path: Path
) -> None:
    """The guide's own files in an empty folder, and its own commands; only the site has another name here."""
    study = site.send(exam(70))
    site.results_of([study], 2 * PAIR)
    guide = (ROOT / "docs/add-a-model.md").read_text(encoding="utf-8").partition("## Write one")[2]
    files = dict(re.findall(r"^`([\w.]+)`.*?^```\w+\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL))
    build, start = re.findall(r"^    (docker (?:build|run) (?:.*\\\n)*.*)$", guide, re.MULTILINE)
    assert files.keys() == {"model.yaml", "model.py", "Dockerfile"}
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    name = f"{site.name}-brightness"

    run("sh", "-ec", build, cwd=tmp_path, timeout_s=600, DOCKER_BUILDKIT="0")
    run(
        "sh",
        "-ec",
        start.replace("--name brightness", f"--name {name}").replace("wetread_models", f"{site.name}_models"),
    )
    try:
        site.results_of([study], 3 * PAIR)
    finally:
        run("docker", "rm", "--force", name)


def test_taking_it_down_leaves_nothing(site: Site) -> None:
    site.compose("--profile", "*", "down", "--volumes", "--timeout", "5")

    label = f"label=com.docker.compose.project={site.name}"
    for kind in (("ps", "--all"), ("volume", "ls"), ("network", "ls")):
        assert run("docker", *kind, "--quiet", "--filter", label) == ""


def _endpoints(site: Site, model: str) -> set[str]:
    return {
        event["endpoint"]
        for event in site.events("model_registered")
        if event["model"] == model and "endpoint" in event
    }
