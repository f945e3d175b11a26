"""Memory for large tables in which kernels look things up at random."""

from __future__ import annotations

import mmap

import numpy as np
from numpy.typing import DTypeLike

_PAGE = 1 << 21
"""Bytes of a large page on most processors."""


def in_large_pages(shape: tuple[int, int], dtype: DTypeLike) -> np.ndarray:
    """Zeros, from the start of a page of 2 MiB; memory is taken as it is touched, 2 MiB at a time where the system can.

    A processor remembers where some thousand pages are. In a table of more small ones nearly every look-up would cost
    it another, to find the page. And rows of 64 bytes lie in one line of its cache instead of two.
    """
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = mmap.mmap(-1, size + _PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        memory.madvise(mmap.MADV_HUGEPAGE)
    everything = np.frombuffer(memory, np.uint8)
    first = -everything.ctypes.data % _PAGE
    return everything[first : first + size].view(dtype).reshape(shape)
