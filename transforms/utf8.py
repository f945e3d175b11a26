"""UTF-8 inside kernels."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def decode(data, i):
    """The code point that starts at byte i of valid UTF-8, and how many bytes it takes; int64 both."""
    byte = np.int64(data[i])
    if byte < 0x80:
        return byte, np.int64(1)
    second = np.int64(data[i + 1] & 0x3F)
    if byte < 0xE0:
        return (byte & 0x1F) << 6 | second, np.int64(2)
    third = np.int64(data[i + 2] & 0x3F)
    if byte < 0xF0:
        return (byte & 0x0F) << 12 | second << 6 | third, np.int64(3)
    return (byte & 0x07) << 18 | second << 12 | third << 6 | np.int64(data[i + 3] & 0x3F), np.int64(4)


@njit(cache=True, nogil=True)
def encode(point, out, written):
    """Append a code point to out[:written] (uint8); returns the new length."""
    if point < 0x80:
        out[written] = point
        return written + 1
    size = 2 if point < 0x800 else 3 if point < 0x10000 else 4
    for i in range(size - 1, 0, -1):
        out[written + i] = 0x80 | (point & 0x3F)
        point >>= 6
    out[written] = (0xF00 >> size & 0xFF) | point
    return written + size
