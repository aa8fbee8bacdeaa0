"""What a site may set about a model container, all of it by environment variables."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MIB = 2**20


class SettingInvalid(Exception):
    """An environment variable that cannot be understood; the text names it and says what would be right."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files of mutual TLS."""

    certificate: Path
    """WETREAD_TLS_CERTIFICATE: this container's certificate chain."""
    key: Path
    """WETREAD_TLS_KEY: its private key."""
    client_ca: Path
    """WETREAD_TLS_CLIENT_CA: who may sign a caller's certificate; callers without one are refused."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, with its variable, unit, default and the reason for it."""

    declaration: Path = Path("model.yaml")
    """WETREAD_DECLARATION: the model's declaration; by default in the working directory, as BentoML projects are."""
    grpc_host: str = "0.0.0.0"  # noqa: S104 - a container's port is published by whoever runs it
    """WETREAD_GRPC_HOST: address to listen on."""
    grpc_port: int = 50051
    """WETREAD_GRPC_PORT: port of ModelService, health and reflection; 0 takes any free one."""
    http_port: int = 3000
    """WETREAD_HTTP_PORT: port of /metrics, and under BentoML of /readyz and /livez; 0 for none outside BentoML."""
    tls: TlsFiles | None = None
    """Set when all three WETREAD_TLS_* are: only callers with a certificate are answered. Default: plain text."""
    image_digest: str = ""
    """WETREAD_IMAGE_DIGEST: `sha256:…` of the container image, which only whoever starts the container can know."""
    spool_dir: Path = Path(tempfile.gettempdir())
    """WETREAD_SPOOL_DIR: where studies that are too large for memory lie while they are read; unlinked at once."""
    spool_above_bytes: int = 64 * MIB
    """WETREAD_SPOOL_ABOVE_BYTES: what one call may hold in memory; 64 MiB take most screening exams."""
    concurrency: int = 0
    """WETREAD_CONCURRENCY: calls taken at once; 0 and anything above the declaration's limit mean that limit."""
    drain_s: float = 25.0
    """WETREAD_DRAIN_S: how long calls may go on after SIGTERM; below Kubernetes' 30 s."""
    log_level: str = "INFO"
    """WETREAD_LOG_LEVEL: DEBUG, INFO, WARNING or ERROR."""


def from_environment(environment: Mapping[str, str]) -> Settings:
    """The settings that these variables make. Raises `SettingInvalid`."""
    known: dict[str, object] = {}
    for field, read in _READERS.items():
        name = f"WETREAD_{field.upper()}"
        if environment.get(name):
            known[field] = _read(name, environment[name], read)
    return Settings(tls=_tls(environment), **known)  # type: ignore[arg-type]  # each reader gives its field's type


def _read(name: str, text: str, read: Callable[[str], object]) -> object:
    try:
        return read(text)
    except ValueError as error:
        raise SettingInvalid(f"{name} is {text!r}: {error}") from error


def _tls(environment: Mapping[str, str]) -> TlsFiles | None:
    names = ("WETREAD_TLS_CERTIFICATE", "WETREAD_TLS_KEY", "WETREAD_TLS_CLIENT_CA")
    given = [Path(environment[name]) for name in names if environment.get(name)]
    if not given:
        return None
    if len(given) < len(names):
        missing = [name for name in names if not environment.get(name)]
        raise SettingInvalid(f"mutual TLS needs all of {', '.join(names)}; missing: {', '.join(missing)}")
    for path in given:
        if not path.is_file():
            raise SettingInvalid(f"there is no file {path}, named by WETREAD_TLS_*")
    return TlsFiles(*given)


def _port(text: str) -> int:
    port = _whole_number(text)
    if port >= 2**16:
        raise ValueError("must be a port, 0 to 65535")
    return port


def _whole_number(text: str) -> int:
    if not text.isdecimal():
        raise ValueError("must be a whole number, not negative")
    return int(text)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.0 <= seconds < float("inf"):
        raise ValueError("must be a number of seconds, not negative")
    return seconds


def _level(text: str) -> str:
    if text.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
    return text.upper()


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise ValueError("is no folder")
    return Path(text)


def _digest(text: str) -> str:
    algorithm, _, digits = text.partition(":")
    if algorithm != "sha256" or len(digits) != 64 or set(digits) - set("0123456789abcdef"):  # noqa: PLR2004 - SHA-256
        raise ValueError("must be sha256: and 64 lower-case hexadecimal digits")
    return text


_READERS: dict[str, Callable[[str], object]] = {
    "declaration": Path,
    "grpc_host": str,
    "grpc_port": _port,
    "http_port": _port,
    "image_digest": _digest,
    "spool_dir": _folder,
    "spool_above_bytes": _whole_number,
    "concurrency": _whole_number,
    "drain_s": _seconds,
    "log_level": _level,
}
