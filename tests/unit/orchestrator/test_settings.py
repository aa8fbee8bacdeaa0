from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from orchestrator import settings
from orchestrator.errors import SettingsInvalid

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
orthanc: {url: http://orthanc:8042}
timezone: Europe/Berlin
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "site.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problem(folder: Path, text: str) -> str:
    with pytest.raises(SettingsInvalid) as caught:
        settings.load(written(folder, text))
    return str(caught.value)


def test_two_keys_are_enough(tmp_path: Path) -> None:
    site = settings.load(written(tmp_path, GOOD))
    assert site.timezone.key == "Europe/Berlin"
    assert site.watch.incomplete_after == timedelta(hours=2)
    assert len(site.sha256) == 64


def test_an_unknown_key_is_named_with_its_line_and_the_key_that_was_meant(tmp_path: Path) -> None:
    text = GOOD + "watch:\n  incomplete_afte: 1h\n"
    assert "site.yaml:4: watch.incomplete_afte: unknown key; did you mean incomplete_after?" in problem(tmp_path, text)


def test_a_key_that_resembles_none_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    assert "site.yaml:3: zebra: unknown key; known here: orthanc, timezone" in problem(tmp_path, GOOD + "zebra: 1\n")


def test_a_missing_timezone_is_refused_because_results_would_sort_wrongly(tmp_path: Path) -> None:
    assert "timezone: missing, and mandatory" in problem(tmp_path, "orthanc: {url: http://orthanc:8042}\n")


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = problem(tmp_path, "orthanc: {url: orthanc}\ntimezone: Berlin\n")
    assert "site.yaml:1: orthanc.url" in text
    assert "site.yaml:2: timezone: 'Berlin' cannot be used: write a name of the IANA time zone database" in text


@pytest.mark.parametrize(("text", "seconds"), [("2h", 7200), ("500ms", 0.5), ("1.5 min", 90), ("7d", 604800)])
def test_durations_carry_their_unit(tmp_path: Path, text: str, seconds: float) -> None:
    site = settings.load(written(tmp_path, GOOD + f"watch: {{incomplete_after: {text}}}\n"))
    assert site.watch.incomplete_after.total_seconds() == seconds


@pytest.mark.parametrize("text", ["2", "h", "2 fortnights", "-1h"])
def test_a_duration_without_a_unit_is_refused_with_an_example(tmp_path: Path, text: str) -> None:
    assert "such as 2h" in problem(tmp_path, GOOD + f"watch: {{incomplete_after: {text}}}\n")


def test_a_password_file_that_is_not_there_is_refused_with_what_to_do(tmp_path: Path) -> None:
    text = "orthanc: {url: http://o:8042, username: w, password_file: /nowhere}\ntimezone: UTC\n"
    assert "write the secret into it" in problem(tmp_path, text)


def test_a_password_loses_its_line_end_and_nothing_else(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(" sp ace \n", encoding="utf-8")
    site = settings.load(
        written(tmp_path, f"orthanc: {{url: http://o:8042, username: w, password_file: {secret}}}\ntimezone: UTC\n")
    )
    assert site.orthanc.password() == " sp ace "


def test_a_file_that_is_no_yaml_is_refused_with_its_place(tmp_path: Path) -> None:
    assert "site.yaml: not YAML" in problem(tmp_path, "orthanc: {url: [\n")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="--site"):
        settings.load(tmp_path / "none.yaml")


def test_one_line_is_enough_for_a_destination_and_nothing_leaves_by_itself(tmp_path: Path) -> None:
    site = settings.load(written(tmp_path, GOOD + "delivery: {remote: PACS}\n"))
    assert site.delivery.remote == ("PACS",)
    assert not site.delivery.auto_transmit
    destination = site.destination("PACS")
    assert (destination.remote, destination.kind, destination.archive, destination.test) == (
        "PACS",
        "dicom",
        False,
        False,
    )


def test_a_model_differs_from_the_site_only_in_what_it_says(tmp_path: Path) -> None:
    text = GOOD + "delivery:\n  remote: [PACS, TEST]\n  study_date_within: 3d\n"
    text += "  models: {density: {auto_transmit: true, remote: TEST}, other: {remote: []}}\n"
    delivery = settings.load(written(tmp_path, text)).delivery
    density = delivery.for_model("density")
    assert (density.remote, density.auto_transmit, density.study_date_within.days) == (("TEST",), True, 3)
    assert delivery.for_model("other").remote == ()
    assert delivery.for_model("unnamed").remote == ("PACS", "TEST")


def test_an_unknown_key_of_a_destination_is_named_with_the_one_that_was_meant(tmp_path: Path) -> None:
    text = GOOD + "destinations:\n  PACS:\n    arkive: true\n"
    assert "site.yaml:5: destinations.PACS.arkive: unknown key; did you mean archive?" in problem(tmp_path, text)


def test_a_peer_is_no_archive_unless_somebody_can_be_asked(tmp_path: Path) -> None:
    text = GOOD + "destinations:\n  P: {kind: peer, archive: true}\n"
    assert "name in proven_by the destination that can" in problem(tmp_path, text)


def test_the_two_numbers_that_make_free_space_go_together(tmp_path: Path) -> None:
    assert "capacity and keep_free go together" in problem(tmp_path, GOOD + "retention: {capacity: 500GB}\n")
    site = settings.load(written(tmp_path, GOOD + "retention: {capacity: 1.5 TB, keep_free: 50GB}\n"))
    assert (site.retention.capacity, site.retention.keep_free) == (1_500_000_000_000, 50_000_000_000)


def test_a_size_without_a_unit_is_refused_with_an_example(tmp_path: Path) -> None:
    assert "such as 500GB" in problem(tmp_path, GOOD + "retention: {capacity: 500, keep_free: 50GB}\n")


@pytest.mark.parametrize("options", ["", "?sslmode=verify-full&sslrootcert=/run/ca.pem"])
def test_the_password_of_a_database_comes_from_a_file_and_is_not_shown(tmp_path: Path, options: str) -> None:
    (tmp_path / "password").write_text("secret-word\n", encoding="utf-8")
    address = f"postgresql+psycopg://wetread@db:5432/wetread{options}"
    text = GOOD + f"database: {address}\ndatabase_password_file: {tmp_path}/password\n"
    url = settings.load(written(tmp_path, text)).database_url()
    assert url.password == "secret-word"  # noqa: S105
    assert "secret-word" not in f"{url} {url!r}"


@pytest.mark.parametrize(
    "address",
    ["wetread:secret-word@db/wetread", "wetread@db/wetread?password=secret-word", "w@db/w?a=b&password=secret-word"],
)
def test_a_password_in_a_database_s_address_is_refused_and_not_repeated(tmp_path: Path, address: str) -> None:
    told = problem(tmp_path, GOOD + f"database: postgresql+psycopg://{address}\n")
    assert "site.yaml:3: database" in told
    assert "database_password_file" in told
    assert "secret-word" not in told


@pytest.mark.parametrize("address", ["mysql://x@y/z", "postgresql://wetread@db/wetread", "sqlite:///", "wetread.db"])
def test_a_database_of_another_kind_is_refused_with_what_would_be_right(tmp_path: Path, address: str) -> None:
    told = problem(tmp_path, GOOD + f"database: {address}\n")
    assert "sqlite:////folder/wetread.db" in told
    assert "postgresql+psycopg://user@host:5432/database" in told


def test_the_reports_of_a_model_may_differ_from_the_sites(tmp_path: Path) -> None:
    text = GOOD + "results: {models: {brdensity: {reports: [cad, sr]}}}\n"
    site = settings.load(written(tmp_path, text))
    assert site.composition("other").reports == ("sr",)
    assert site.composition("brdensity").reports == ("cad", "sr")


def test_a_result_has_some_report(tmp_path: Path) -> None:
    assert "site.yaml:3: results.reports" in problem(tmp_path, GOOD + "results: {reports: []}\n")


def test_how_a_result_hangs_is_unsaid_for_a_destination_until_somebody_says_it(tmp_path: Path) -> None:
    text = GOOD + "destinations: {PACS: {card_modality: MG, series_number: 500}}\n"
    destination = settings.load(written(tmp_path, text)).destination("PACS")
    assert (destination.card_modality, destination.series_number) == ("MG", 500)
    assert (destination.card_photometric_interpretation, destination.grade_in_series_description) == (None, None)
