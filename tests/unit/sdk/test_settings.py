from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from wetread_sdk import settings
from wetread_sdk.settings import SettingInvalid, Settings, TlsFiles, from_environment


def test_an_empty_environment_gives_the_documented_defaults() -> None:
    assert from_environment({}) == Settings()
    assert (Settings().grpc_port, Settings().http_port, Settings().declaration) == (50051, 3000, Path("model.yaml"))


def test_every_setting_is_read_from_its_variable(tmp_path: Path) -> None:
    read = from_environment(
        {
            "WETREAD_DECLARATION": "/srv/model.yaml",
            "WETREAD_GRPC_HOST": "127.0.0.1",
            "WETREAD_GRPC_PORT": "1",
            "WETREAD_HTTP_PORT": "2",
            "WETREAD_IMAGE_DIGEST": "sha256:" + "a" * 64,
            "WETREAD_SPOOL_DIR": str(tmp_path),
            "WETREAD_SPOOL_ABOVE_BYTES": "3",
            "WETREAD_CONCURRENCY": "4",
            "WETREAD_DRAIN_S": "5.5",
            "WETREAD_LOG_LEVEL": "debug",
        }
    )

    assert read == Settings(
        Path("/srv/model.yaml"), "127.0.0.1", 1, 2, None, "sha256:" + "a" * 64, tmp_path, 3, 4, 5.5, "DEBUG"
    )


def test_every_field_names_its_variable_in_its_docstring() -> None:
    source = Path(settings.__file__).read_text()

    assert [f.name for f in fields(Settings) if f.name != "tls" and f"WETREAD_{f.name.upper()}:" not in source] == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("WETREAD_GRPC_PORT", "grpc", "must be a whole number"),
        ("WETREAD_GRPC_PORT", "70000", "must be a port"),
        ("WETREAD_CONCURRENCY", "-1", "must be a whole number, not negative"),
        ("WETREAD_DRAIN_S", "inf", "must be a number of seconds"),
        ("WETREAD_LOG_LEVEL", "LOUD", "must be DEBUG"),
        ("WETREAD_SPOOL_DIR", "/no/such/folder", "is no folder"),
        ("WETREAD_IMAGE_DIGEST", "latest", "must be sha256:"),
    ],
)
def test_a_setting_that_is_not_understood_is_named(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingInvalid, match=f"{name} is '{value}'.*{said}"):
        from_environment({name: value})


def test_mutual_tls_needs_all_three_files(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("certificate.pem", "key.pem", "ca.pem")]
    for path in paths:
        path.touch()
    names = ("WETREAD_TLS_CERTIFICATE", "WETREAD_TLS_KEY", "WETREAD_TLS_CLIENT_CA")
    environment = {name: str(path) for name, path in zip(names, paths, strict=True)}

    assert from_environment(environment).tls == TlsFiles(*paths)
    with pytest.raises(SettingInvalid, match="missing: WETREAD_TLS_CLIENT_CA"):
        from_environment({name: environment[name] for name in names[:2]})
    with pytest.raises(SettingInvalid, match=r"there is no file .*gone\.pem"):
        from_environment(environment | {"WETREAD_TLS_KEY": str(tmp_path / "gone.pem")})
