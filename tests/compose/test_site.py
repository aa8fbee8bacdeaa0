"""The composed site as a user meets it. The tests of this file share one site and run in their order."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from demo.waiting import until
from tests.compose.site import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.compose.site import Site

COLD_START_S = 180
JOIN_S = 10
PAIR = 2


def test_a_cold_site_gives_its_first_result_within_three_minutes(
    site: Site, exam: Callable[[int], Path], record_property: Callable[[str, object], None]
) -> None:
    first = exam(1)
    started = time.monotonic()
    site.up()

    study = site.send(first)
    site.results_of([study], PAIR, deadline_s=COLD_START_S)

    elapsed_s = time.monotonic() - started
    record_property("cold_up_to_first_result_s", round(elapsed_s, 1))
    assert elapsed_s < COLD_START_S


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

    until(all_up, what="every target is up", deadline_s=60)
    until(lambda: site.query("wetread_result_seconds_count") or None, what="the first result is counted", deadline_s=60)
    rules = site.http("PROMETHEUS_PORT", "/api/v1/rules").json()["data"]["groups"]
    assert [rule["name"] for group in rules for rule in group["rules"] if rule["health"] == "err"] == []
    assert rules


def test_a_second_model_joins_with_one_command_and_gets_the_next_study_within_ten_seconds(
    site: Site, exam: Callable[[int], Path], record_property: Callable[[str, object], None]
) -> None:
    before = site.inspect("orchestrator")[0]["State"]["StartedAt"]
    second = exam(2)
    started = time.monotonic()

    site.compose("up", "--detach", "pixelstats")
    until(
        lambda: [event for event in site.events("model_registered") if event["model"] == "pixelstats"] or None,
        what="the orchestrator knows pixelstats",
        deadline_s=60,
    )
    joined_s = time.monotonic() - started
    record_property("second_model_joined_s", round(joined_s, 1))
    study = site.send(second)

    site.results_of([study], 2 * PAIR)
    assert joined_s < JOIN_S
    assert site.inspect("orchestrator")[0]["State"]["StartedAt"] == before, "adding a model restarts nothing"


def test_nothing_is_lost_and_nothing_comes_twice_when_containers_are_killed(
    site: Site, exam: Callable[[int], Path]
) -> None:
    studies = [site.send(exam(10))]
    site.kill("orchestrator")
    studies.append(site.send(exam(11)))
    site.kill("brdensity")
    studies.append(site.send(exam(12)))
    until(lambda: site.events("prediction_requested") or None, what="something is in work", deadline_s=60)
    site.kill("orchestrator")

    site.results_of(studies, 2 * PAIR, deadline_s=180)
    uids = [[one.dataset.SOPInstanceUID for one in site.archive.results(study)] for study in studies]
    assert all(len(set(found)) == 2 * PAIR for found in uids)


def test_three_replicas_of_a_model_share_its_studies(site: Site, exam: Callable[[int], Path]) -> None:
    site.compose("up", "--detach", "--wait", "--no-recreate", "--scale", "brdensity=3", "brdensity")
    until(
        lambda: len(_endpoints(site, "model_registered", "brdensity")) >= 3 or None,
        what="the orchestrator knows all three",
        deadline_s=60,
    )
    exams = [exam(seed) for seed in range(20, 26)]
    seen = len(site.events("prediction_requested"))

    studies = [site.send(one) for one in exams]
    site.results_of(studies, 2 * PAIR, deadline_s=180)

    asked = [event for event in site.events("prediction_requested")[seen:] if event["model"] == "brdensity"]
    assert len({event["endpoint"] for event in asked}) == 3


def test_an_upgrade_of_the_orchestrator_finishes_what_was_in_work(site: Site, exam: Callable[[int], Path]) -> None:
    exams = [exam(seed) for seed in range(30, 34)]
    site.compose("build", "orchestrator", timeout_s=600, WETREAD_VERSION="0.1.1")
    queued = len(site.events("job_queued"))
    studies = [site.send(one) for one in exams]
    until(lambda: len(site.events("job_queued")) > queued or None, what="a job is in work", deadline_s=60)
    stored = sum(len(site.archive.results(study)) for study in studies)

    site.compose("up", "--detach", "--no-deps", "orchestrator", WETREAD_VERSION="0.1.1")

    assert stored < 2 * PAIR * len(studies), "nothing was in flight any more: the test proves nothing"

    site.results_of(studies, 2 * PAIR, deadline_s=180)
    assert site.inspect("orchestrator")[0]["Config"]["Image"] == "wetread/orchestrator:0.1.1"
    assert site.inspect("orchestrator")[0]["RestartCount"] == 0


def test_taking_it_down_leaves_nothing(site: Site) -> None:
    site.compose("--profile", "*", "down", "--volumes", "--timeout", "5")

    label = f"label=com.docker.compose.project={site.name}"
    for kind in (("ps", "--all"), ("volume", "ls"), ("network", "ls")):
        assert run("docker", *kind, "--quiet", "--filter", label) == ""


def _endpoints(site: Site, name: str, model: str) -> set[str]:
    return {event["endpoint"] for event in site.events(name) if event["model"] == model and "endpoint" in event}
