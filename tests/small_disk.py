"""A real file system of a few megabytes, for tests that fill it."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Self

import pytest

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

PRIVILEGE = () if os.geteuid() == 0 else ("sudo", "-n")
_BLOCK = 4096


class SmallDisk:
    """A tmpfs, mounted while the block lasts; skips the test where this user may not mount."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder = folder
        self._megabytes = megabytes
        self._ballast = folder / "ballast"
        self._mounted = False

    def mount(self) -> str:
        """Makes it; the reason where this user may not, else empty."""
        self.folder.mkdir()
        options = f"size={self._megabytes}m,uid={os.getuid()},gid={os.getgid()},mode=0700"
        command = [*PRIVILEGE, "mount", "-t", "tmpfs", "-o", options, "wetread-small-disk", self.folder]
        try:
            mounted = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError as error:
            return str(error)
        self._mounted = mounted.returncode == 0
        return "" if self._mounted else mounted.stderr.strip() or "mount failed"

    def unmount(self) -> None:
        """Takes it away with all that is on it. May be called again."""
        if self._mounted:
            subprocess.run([*PRIVILEGE, "umount", "--lazy", self.folder], check=True)
        self._mounted = False

    def __enter__(self) -> Self:
        if refused := self.mount():
            pytest.skip(f"needs to mount a small file system, as root or by sudo: {refused}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.unmount()

    @property
    def free(self) -> int:
        """In bytes."""
        return shutil.disk_usage(self.folder).free

    def fill(self, *, leaving: int = 0) -> None:
        """Something else takes all the room but so many bytes."""
        with self._ballast.open("ab") as file:
            while (excess := self.free - leaving) >= _BLOCK:
                with suppress(OSError):  # others write too, so that less may be free by now: look again
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), excess - excess % _BLOCK)

    def make_room(self) -> None:
        """It goes away."""
        self._ballast.unlink(missing_ok=True)
