"""Text that repeats itself: the share of it that an LZ77 parse copies from further up.

What a text says twice word by word over a whole segment is a machine's stutter, a menu scraped twice, a table.
A parse (Ziv and Lempel, 1977) finds it in one pass: where the next characters of a segment's length have occurred
before, as many as go on equal are copied from where they occurred last.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from transforms.filters.points import Points

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def repeated(texts: Points, *, segment: int) -> np.ndarray:
    """The share of each text's characters that are in a repetition of `segment` characters or more.

    Args:
        texts: the texts.
        segment: characters, at least 1.

    Returns:
        float32 (n,) in [0, 1).
    """
    found = np.zeros(len(texts.offsets) - 1, np.float32)
    places = np.full(1 << (2 * texts.longest + 1).bit_length(), -1, np.int32)
    _parse(texts.values, texts.offsets, segment, places, found)
    return found


@njit(cache=True, nogil=True)
def _parse(values, offsets, segment, places, found):
    """`places`: int32, a power of two of at least twice the longest text, all -1: where each hash occurred last."""
    for r in range(found.shape[0]):
        start, end = np.int64(offsets[r]), np.int64(offsets[r + 1])
        if end - start < segment + 1:
            continue
        bits = np.uint64(1)
        while (1 << bits) < 2 * (end - start):
            bits += np.uint64(1)
        copied = _copied(values, start, end, segment, places, np.uint64(64) - bits)
        places[: 1 << bits] = -1
        found[r] = np.float32(copied) / np.float32(end - start)


@njit(cache=True, nogil=True)
def _copied(values, start, end, segment, places, shift):
    """Characters of the text values[start:end] that are copied."""
    copied, until = 0, start  # what is before `until` is parsed
    hash_, power = np.uint64(0), np.uint64(1)
    for i in range(start, start + segment):
        hash_ = hash_ * _GOLDEN + np.uint64(values[i])
        power *= _GOLDEN
    for i in range(start, end - segment + 1):
        slot, last = _find(values, i, segment, places, hash_, shift)
        if i >= until and last >= 0:
            until = i + segment
            while until < end and values[until] == values[last + until - i]:
                until += 1
            copied += until - i
        places[slot] = i
        if i + segment < end:
            hash_ = hash_ * _GOLDEN + np.uint64(values[i + segment]) - np.uint64(values[i]) * power
    return copied


@njit(cache=True, nogil=True)
def _find(values, i, segment, places, hash_, shift):
    """The slot of the segment at i, and where it occurred last; -1 if nowhere."""
    mixed = (hash_ ^ hash_ >> np.uint64(32)) * _GOLDEN
    slot = mixed >> shift
    mask = (np.uint64(1) << (np.uint64(64) - shift)) - np.uint64(1)
    while places[slot] >= 0:
        last, same = np.int64(places[slot]), True
        for k in range(segment):
            if values[last + k] != values[i + k]:
                same = False
                break
        if same:
            return slot, last
        slot = (slot + np.uint64(1)) & mask
    return slot, np.int64(-1)
