from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wetread_sdk.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = bytes(range(200))


@pytest.fixture(params=[10**6, 0, 100], ids=["in memory", "on disk", "moved to disk on the way"])
def spool(request: pytest.FixtureRequest, tmp_path: Path) -> Spool:
    made = Spool(tmp_path, request.param)
    for start in range(0, len(CONTENT), 30):
        made.append(CONTENT[start : start + 30])
    return made


def test_a_window_reads_like_a_file_of_its_own(spool: Spool) -> None:
    with spool.window(50, 100) as window:
        assert window.read(10) == CONTENT[50:60]
        assert window.tell() == 10
        assert window.seek(-5, io.SEEK_END) == 95
        assert window.read() == CONTENT[145:150]
        assert window.read(1) == b""
        window.seek(0)
        assert window.read() == CONTENT[50:150]


def test_windows_do_not_disturb_each_other(spool: Spool) -> None:
    with spool.window(0, 50) as first, spool.window(50, 50) as second:
        assert first.read(5) + second.read(5) + first.read(5) == CONTENT[:5] + CONTENT[50:55] + CONTENT[5:10]


def test_nothing_with_a_name_lies_on_the_disk(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 10)
    spool.append(CONTENT)

    assert spool.on_disk
    assert list(tmp_path.iterdir()) == []


def test_few_bytes_never_touch_the_disk(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "not there", 200)
    spool.append(CONTENT)

    assert not spool.on_disk
    with pytest.raises(FileNotFoundError):
        spool.append(b"1")


def test_closing_twice_is_allowed(spool: Spool) -> None:
    spool.close()
    spool.close()


@given(st.lists(st.binary(max_size=40), max_size=8), st.integers(0, 100))
def test_what_goes_in_comes_out(parts: list[bytes], limit: int) -> None:
    from pathlib import Path  # noqa: PLC0415 - fixtures do not mix with hypothesis
    from tempfile import gettempdir  # noqa: PLC0415

    spool = Spool(Path(gettempdir()), limit)
    for part in parts:
        spool.append(part)

    assert spool.read_at(0, 10**6) == b"".join(parts)
    assert spool.size_bytes == sum(map(len, parts))
    assert spool.on_disk == (spool.size_bytes > limit)
    spool.close()
