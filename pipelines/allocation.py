"""What becomes of memory that is no longer needed."""

from __future__ import annotations

import atexit
import contextlib
import gc

LARGE = 1 << 23
"""Bytes of a block that goes back to the system as soon as it is freed. Of much smaller ones the system would have to
clear the pages again and again, which took a tenth of the time of a run."""

SPARE = 1 << 23
"""Bytes of free memory that a heap keeps at its end."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def return_large_blocks() -> None:
    """Have large blocks go back to the system; where the C library is not glibc, nothing changes.

    glibc raises the bound from which it does so to the size of whatever block was freed, up to 32 MiB (mallopt(3),
    M_MMAP_THRESHOLD). What is below stays with the process, and of what a runner shuffles and packs between small
    objects that live on, hundreds of MB would.
    """
    import ctypes

    with contextlib.suppress(AttributeError, OSError, TypeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, LARGE)
        library.mallopt(_M_TRIM_THRESHOLD, SPARE)


def end_at_once() -> None:
    """Have the process end without a last search for garbage, which takes most of a second after Beam and numba."""
    atexit.register(gc.freeze)
