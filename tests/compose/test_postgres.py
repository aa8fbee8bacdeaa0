"""Three orchestrators on one PostgreSQL, by compose.postgres.yaml. The tests share one site and run in their order."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from demo.waiting import until
from tests.compose.site import COMPOSE, DEADLINE_S, REPLICAS, Site, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PAIR = 2
SERVICES = ("orthanc", "orchestrator", "pixelstats", "prometheus")


OVERRIDE = COMPOSE / "compose.postgres.yaml"


@pytest.fixture(scope="module")
def site(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose only model is pixelstats; it starts with one orchestrator on SQLite."""
    del images
    with Site(tmp_path_factory.mktemp("site"), f"wetread-postgres-{os.getpid()}", "postgres") as composed:
        composed.files.remove(OVERRIDE)
        composed.up("orthanc", "orchestrator", "pixelstats")
        until(lambda: composed.events("model_registered") or None, what="the model is known", deadline_s=DEADLINE_S)
        composed.files.append(OVERRIDE)
        yield composed


def test_a_site_moves_from_sqlite_and_starts_as_three(site: Site, exam: Callable[[int], Path]) -> None:
    read_before = site.send(exam(59))
    site.results_of([read_before], PAIR)

    site.compose("stop", "orchestrator")
    site.compose("run", "--rm", "orchestrator", "migrate", "--from", "sqlite:////var/lib/wetread/wetread.db")
    site.up(*SERVICES)

    assert len(site.containers("orchestrator")) == REPLICAS
    until(lambda: site.events("model_registered") or None, what="the model is known", deadline_s=DEADLINE_S)
    site.doctor()
    assert len(site.archive.results(read_before)) == PAIR


def test_all_share_one_database_and_prometheus_sees_each(site: Site, exam: Callable[[int], Path]) -> None:
    study = site.send(exam(60))

    site.results_of([study], PAIR)

    def all_up() -> bool | None:
        up = [sample["value"][1] for sample in site.query('up{job="orchestrator"}')]
        return up == ["1"] * REPLICAS or None

    until(all_up, what="every orchestrator is scraped", deadline_s=DEADLINE_S)
    pages = [container["NetworkSettings"]["Ports"]["8080/tcp"][0] for container in site.inspect("orchestrator")]
    assert {page["HostIp"] for page in pages} == {"127.0.0.1"}
    assert len({page["HostPort"] for page in pages}) == REPLICAS


def test_only_who_knows_the_password_is_let_into_the_database(site: Site) -> None:
    asking = ("psql", "--host=postgres", "--username=wetread", "--no-password", "--tuples-only", "--command=SELECT 7")
    password = (site.folder / "secrets/database-password").read_text(encoding="utf-8")

    assert site.compose("exec", "--no-TTY", "--env", f"PGPASSWORD={password}", "postgres", *asking).strip() == "7"
    with pytest.raises(AssertionError, match="password authentication failed"):
        site.compose("exec", "--no-TTY", "--env", "PGPASSWORD=guessed", "postgres", *asking)
    (database,) = site.inspect("postgres")
    assert database["HostConfig"]["ReadonlyRootfs"]
    assert password not in str(database["Config"]["Env"])


def test_the_database_is_copied_as_the_guide_says(site: Site) -> None:
    copy = site.compose("exec", "--no-TTY", "postgres", "pg_dump", "--username", "wetread", "wetread")

    assert "COPY public.jobs " in copy


def test_when_the_leader_s_container_is_killed_the_others_finish_its_work_once(
    site: Site, exam: Callable[[int], Path]
) -> None:
    exams = [exam(seed) for seed in range(61, 65)]
    leader = until(lambda: _leader(site), what="somebody leads", deadline_s=DEADLINE_S)
    with site.held("pixelstats"):
        studies = site.in_work(exams)

        run("docker", "kill", leader)

        until(lambda: _leader(site), what="another one leads", deadline_s=DEADLINE_S)

    site.results_of(studies, PAIR)
    assert len(site.containers("orchestrator")) == REPLICAS - 1
    site.doctor()
    site.compose("up", "--detach", "--wait", "--no-recreate", "orchestrator")
    assert len(site.containers("orchestrator")) == REPLICAS


def test_an_upgrade_of_all_of_them_finishes_what_was_in_work_once(site: Site, exam: Callable[[int], Path]) -> None:
    exams = [exam(seed) for seed in range(65, 68)]
    site.compose("build", "orchestrator", timeout_s=600, WETREAD_VERSION="0.1.1")
    with site.held("pixelstats"):
        studies = site.in_work(exams)

        site.compose("up", "--detach", "--no-deps", "orchestrator", WETREAD_VERSION="0.1.1")

    site.results_of(studies, PAIR)
    images = [container["Config"]["Image"] for container in site.inspect("orchestrator")]
    assert images == ["wetread/orchestrator:0.1.1"] * REPLICAS
    site.doctor()


def _leader(site: Site) -> str | None:
    """The running container that has come to lead, and no other has after it."""
    since = {
        events[-1]["timestamp"]: container
        for container in site.containers("orchestrator")
        if (events := site.events("leader_changed", container=container))
    }
    return since[max(since)] if since else None
