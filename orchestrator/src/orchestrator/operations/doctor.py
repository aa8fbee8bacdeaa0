"""Before the first day: what Orthanc and a destination can do, tried, and what endangers us."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from orchestrator.compose.rejection_note import rejection_note
from orchestrator.deliver import rehearsal
from orchestrator.deliver.rehearsal import Finding
from orchestrator.errors import DiskFull, SettingsInvalid
from orchestrator.orthanc.remotes import remote_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from orchestrator.jobs.room import Room
    from orchestrator.orthanc.client import OrthancClient
    from orchestrator.settings import Site

DEFAULTS: Mapping[str, Any] = {
    "OverwriteInstances": False,
    "HttpCompressionEnabled": True,
    "StableAge": 60,
    "MaximumStorageSize": 0,
    "MaximumPatientCount": 0,
    "LuaScripts": (),
}
"""What holds for a key that Orthanc's own file leaves out (1.10; later ones compress no more, but say so)."""
_DANGEROUS = (
    ("OverwriteInstances", True, "an object that comes again replaces ours unseen; set it to false"),
    ("HttpCompressionEnabled", True, "costs 140 ms of Orthanc's time per mammogram; set it to false"),
)
_CLOCKS_DIFFER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the people of the PACS ask for."""

    our_ae_title: str
    our_dicom_port: int
    their_ae_title: str
    their_address: str

    def lines(self) -> tuple[str, ...]:
        """The sheet, and the firewall lines."""
        return (
            f"Orthanc's AE title        {self.our_ae_title}",
            f"Orthanc's DICOM port      {self.our_dicom_port} (storage commitment reports come here)",
            f"destination's AE title    {self.their_ae_title}",
            f"destination's address     {self.their_address}",
            f"firewall: Orthanc → {self.their_address} TCP: C-ECHO, C-STORE, C-FIND, N-ACTION",
            f"firewall: destination → Orthanc TCP {self.our_dicom_port}: N-EVENT-REPORT",
            "classes sent: Secondary Capture, Comprehensive 3D SR (or 88.33, 88.22), Key Object Selection",
            "where asked for: Segmentation, Mammography CAD SR",
        )


def disk(room: Room) -> Finding:
    """Whether the ledger's disk has room for new studies."""
    try:
        room.require()
    except DiskFull as error:
        return Finding("the ledger's disk has room", good=False, said=str(error))
    return Finding("the ledger's disk has room", good=True, said="")


def orthanc(archive: OrthancClient, configuration: Mapping[str, Any] | None, now: datetime) -> list[Finding]:
    """What Orthanc is and how it is set; its own file says what its REST API does not tell."""
    system = archive.call("GET", "/system")
    found = [Finding("Orthanc answers", good=True, said=f"version {system['Version']}, AE title {system['DicomAet']}")]
    found.append(_clock(archive, now))
    found.append(_plugins(archive))
    told = {**(DEFAULTS if configuration is not None else {}), **system, **(configuration or {})}
    found += [_setting(told, *one) for one in _DANGEROUS]
    found += [_stable_age(told), _recycling(told), _routing(told)]
    return found


def destination(archive: OrthancClient, site: Site, name: str, now: datetime) -> tuple[list[Finding], Sheet | None]:
    """What a destination can do, tried with a marked test patient; the sheet for its people."""
    wanted = site.destination(name)
    remote = remote_of(archive, wanted)
    if wanted.remote not in remote.names():
        there = ", ".join(remote.names()) or "none"
        said = f"Orthanc's configuration has no {wanted.kind} {wanted.remote}; it has: {there}"
        return [Finding(f"{name} is known to Orthanc", good=False, said=said)], None
    found = rehearsal.rehearse(archive, remote, wanted, rejection_note, now)
    return found, _sheet(archive, wanted.remote) if wanted.kind == "dicom" else None


def _sheet(archive: OrthancClient, alias: str) -> Sheet:
    system = archive.call("GET", "/system")
    theirs = archive.call("GET", f"/modalities/{alias}/configuration")
    address = f"{theirs['Host']}:{theirs['Port']}"
    return Sheet(theirs.get("LocalAet") or system["DicomAet"], system["DicomPort"], theirs["AET"], address)


def _clock(archive: OrthancClient, now: datetime) -> Finding:
    answer = archive.ask("GET", "/tools/now")
    theirs = datetime.strptime(answer.content.decode(), "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    apart = abs(theirs - now)
    return Finding("its clock is ours", good=apart <= _CLOCKS_DIFFER, said=f"{apart.total_seconds():.0f} s apart")


def _plugins(archive: OrthancClient) -> Finding:
    there = [str(one) for one in archive.call("GET", "/plugins")]
    return Finding("plugins", good=True, said=", ".join(there) or "none")


def _setting(told: Mapping[str, Any], key: str, dangerous: object, advice: str) -> Finding:
    if key not in told:
        return _unseen(key)
    bad = told[key] == dangerous
    return Finding(f"{key}: {told[key]}", good=not bad, said=advice if bad else "")


def _stable_age(told: Mapping[str, Any]) -> Finding:
    age = told.get("StableAge")
    if age is None:
        return _unseen("StableAge")
    good = 1 <= int(age) <= 300  # noqa: PLR2004 - five minutes
    return Finding(f"StableAge: {age} s", good=good, said="" if good else "every result waits that long; 60 is usual")


def _recycling(told: Mapping[str, Any]) -> Finding:
    """Orthanc deletes the oldest patients at a limit of either kind, unless it is told to reject what is new."""
    if not {"MaximumStorageSize", "MaximumPatientCount"} <= set(told):
        return _unseen("MaximumStorageMode Recycle")
    limited = any(int(told[key] or 0) > 0 for key in ("MaximumStorageSize", "MaximumPatientCount"))
    bad = limited and told.get("MaximumStorageMode", "Recycle") == "Recycle"
    advice = "Orthanc deletes studies that nobody has proven elsewhere; set MaximumStorageMode to Reject, or no limit"
    return Finding("nothing is recycled", good=not bad, said=advice if bad else "")


def _routing(told: Mapping[str, Any]) -> Finding:
    if "LuaScripts" not in told:
        return _unseen("LuaScripts (automatic routing)")
    scripts = told["LuaScripts"] or []
    said = f"{len(scripts)} Lua scripts: one that routes results sends them past our guards; see `hold: outside`"
    return Finding("no automatic routing", good=not scripts, said=said if scripts else "")


def _unseen(what: str) -> Finding:
    return Finding(what, good=False, said="not seen: its REST API does not tell", seen=False)


def how_to_see(findings: Sequence[Finding]) -> tuple[str, ...]:
    """What to type so that what could not be seen is; nothing where all was."""
    unseen = [one.what for one in findings if not one.seen]
    if not unseen:
        return ()
    return (
        f"{len(unseen)} settings of Orthanc could not be seen: {', '.join(unseen)}.",
        "They are only in its own file, or folder of files. Show it, copied here if Orthanc runs elsewhere:",
        "  wetread doctor --orthanc-config /etc/orthanc",
        "  docker compose cp orthanc:/etc/orthanc . && wetread doctor --orthanc-config orthanc",
        "(orthancteam/orthanc writes what it was told by environment variables to /tmp/orthanc.json)",
    )


def configurations(place: Path) -> Mapping[str, Any]:
    """Orthanc's own file, or all of a folder as Orthanc puts them together. Raises `SettingsInvalid`."""
    files = sorted(place.glob("*.json")) if place.is_dir() else [place]
    found: dict[str, Any] = {}
    for file in files:
        try:
            found |= configuration(file.read_text(encoding="utf-8"), str(file))
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsInvalid(f"{file}: cannot be read; name Orthanc's configuration file or its folder") from error
    if not files:
        raise SettingsInvalid(f"{place}: there is no .json file in it; name the folder with Orthanc's configuration")
    return found


def configuration(content: str, name: str) -> Mapping[str, Any]:
    """Orthanc's own file, which is JSON with comments. Raises `SettingsInvalid`."""
    plain = re.sub(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', lambda found: found[1] or "", content, flags=re.DOTALL)
    try:
        read = json.loads(plain)
    except ValueError as error:
        raise SettingsInvalid(f"{name}: not Orthanc's configuration: {error}") from error
    return dict(read)
