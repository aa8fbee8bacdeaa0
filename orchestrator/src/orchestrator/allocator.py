"""How glibc's allocator treats a process that lives for months.

Each thread gets an arena of its own by default, and a large block that was freed once makes all blocks of its size
stay for ever. With forty threads that each compose a card of 2 MB now and then, that was half of the memory, and it
grew for hours (`python -m bench.soak`). Two arenas are enough for threads that share an interpreter; a block that is
larger than a megabyte goes back to the system when it is freed.
"""

from __future__ import annotations

import ctypes
from typing import Final

_ARENA_MAX: Final = -8
_MMAP_THRESHOLD: Final = -3
"""Parameters of mallopt(3), from glibc's malloc.h."""
_ARENAS: Final = 2
_LARGE_BYTES: Final = 1 << 20


def keep_memory_flat() -> bool:
    """Sets both; False where the C library has no such setting (musl). To be called before threads are started."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return False
    return bool(mallopt(_ARENA_MAX, _ARENAS)) and bool(mallopt(_MMAP_THRESHOLD, _LARGE_BYTES))
