"""UTF-8 inside kernels."""

from __future__ import annotations

import numpy as np

from vocab.bits import count_ones, load_eight
from vocab.compiled import njit

_EACH, _LOW, _HIGH = np.uint64(0x0101010101010101), np.uint64(0x7F7F7F7F7F7F7F7F), np.uint64(0x8080808080808080)


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


@njit(cache=True, nogil=True, forceinline=True)
def decode_any(data, i, end):
    """What starts at byte i of data[:end], which may be anything.

    Returns:
        A code point and how many bytes it takes; or -1 and how many bytes are no UTF-8, as many as Python replaces by
        one U+FFFD (Unicode, 3.9, "maximal subpart"). int64 both.
    """
    byte = np.int64(data[i])
    if byte < 0x80:
        return byte, np.int64(1)
    if i + 4 <= end:
        # What continues a character is 0x80 to 0xBF, and less than 0x40 if the upper bit is turned.
        second, third, fourth = np.int64(data[i + 1]) ^ 0x80, np.int64(data[i + 2]) ^ 0x80, np.int64(data[i + 3]) ^ 0x80
        if byte < 0xE0:
            if second < 0x40 and byte >= 0xC2:
                return (byte & 0x1F) << 6 | second, np.int64(2)
        elif byte < 0xF0:
            point = (byte & 0x0F) << 12 | second << 6 | third
            if (second | third) < 0x40 and point >= 0x800 and point >> 11 != 0x1B:
                return point, np.int64(3)
        else:
            point = (byte & 0x0F) << 18 | second << 12 | third << 6 | fourth
            if (second | third | fourth) < 0x40 and 0x10000 <= point < 0x110000 and byte < 0xF5:
                return point, np.int64(4)
    size, whole = _well_formed(data, i, end)
    return decode(data, i)[0] if whole else np.int64(-1), size


@njit(cache=True, nogil=True)
def _well_formed(data, i, end):
    """How many bytes from byte i on, no ASCII, may begin a character (Unicode, table 3-7), and whether they are one."""
    byte = data[i]
    size = np.int64(0 if byte < 0xC2 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4 if byte < 0xF5 else 0)
    low = 0xA0 if byte == 0xE0 else 0x90 if byte == 0xF0 else 0x80
    high = 0x9F if byte == 0xED else 0x8F if byte == 0xF4 else 0xBF
    for k in range(1, size):
        if i + k >= end or not low <= data[i + k] <= high:
            return np.int64(k), False
        low, high = 0x80, 0xBF
    return max(size, np.int64(1)), size > 0


@njit(cache=True, nogil=True)
def previous(data, i):
    """Where the character starts that ends before byte i of valid UTF-8."""
    i -= 1
    while data[i] & 0xC0 == 0x80:
        i -= 1
    return i


@njit(cache=True, nogil=True)
def count_characters(data, start, end):
    """How many code points the valid UTF-8 data[start:end] has: bytes that continue none."""
    continuing, i = np.uint64(0), start
    while i + 8 <= end:
        eight = load_eight(data, i)
        continuing += count_ones(eight & ~(eight << np.uint64(1)) & _HIGH)
        i += 8
    count = i - start - np.int64(continuing)
    while i < end:
        count += data[i] & 0xC0 != 0x80
        i += 1
    return count


@njit(cache=True, nogil=True, forceinline=True)
def equal_bytes(eight, byte):
    """The highest bit of each of eight bytes (uint64) that is `byte`."""
    difference = eight ^ (_EACH * byte)
    return ~((difference & _LOW) + _LOW | difference) & _HIGH
