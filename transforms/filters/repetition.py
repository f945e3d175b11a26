"""Text that repeats itself: the share of it that an LZ77 parse copies from further up.

What a text says twice word by word over a whole segment is a machine's stutter, a menu scraped twice, a table.
A parse (Ziv and Lempel, 1977) finds it in one pass: where the next characters of a segment's length have occurred
before, as many as go on equal are copied from where they occurred last.
"""

from __future__ import annotations

import numpy as np

from transforms.filters.points import Points
from vocab.compiled import njit

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_GRAM = 8  # code points, one every 8 bits
_SLOT_BITS = 12


def repeated(texts: Points, *, segment: int) -> np.ndarray:
    """The share of each text's characters that are in a repetition of `segment` characters or more.

    Args:
        texts: the texts.
        segment: characters, at least 1.

    Returns:
        float32 (n,) in [0, 1).
    """
    found = np.zeros(len(texts.offsets) - 1, np.float32)
    newest, before = np.full(1 << _SLOT_BITS, -1, np.int32), np.empty(texts.longest, np.int32)
    _parse(texts.values, texts.offsets, segment, newest, before, found)
    return found


@njit(cache=True, nogil=True)
def _parse(values, offsets, segment, newest, before, found):
    """`newest`, `before`: see `_copied`."""
    for r in range(found.shape[0]):
        start, end = np.int64(offsets[r]), np.int64(offsets[r + 1])
        if end - start > segment:
            found[r] = np.float32(_copied(values, start, end, segment, newest, before)) / np.float32(end - start)


@njit(cache=True, nogil=True)
def _copied(values, start, end, segment, newest, before):
    """Characters of the text values[start:end] that are copied.

    A segment can have occurred before only if each of its grams has. That is seldom so, and it is looked for only then,
    where its first gram was before.

    Args:
        newest: int32 (1 << _SLOT_BITS,), for each hash of a gram the place where it was last; below `start` all.
        before: int32, as long as the longest text: for each place of the text, that of the same hash before it.
    """
    copied, until = 0, start  # what is before `until` is parsed
    size = min(_GRAM, segment)
    gram, mask, run = np.uint64(0), ~np.uint64(0) >> np.uint64(8 * (_GRAM - size)), 0
    for i in range(start, start + size - 1):
        gram = gram << np.uint64(8) ^ np.uint64(values[i])
    for i in range(start, end - size + 1):
        gram = (gram << np.uint64(8) ^ np.uint64(values[i + size - 1])) & mask
        slot = gram * _GOLDEN >> np.uint64(64 - _SLOT_BITS)
        place = newest[slot]
        before[i - start], newest[slot] = place, i
        run = run + 1 if place >= start else 0
        first = i + size - segment
        if run > segment - size and first >= until:
            last = _last(values, start, first, segment, before)
            if last >= start:
                until = first + segment
                while until < end and values[until] == values[last + until - first]:
                    until += 1
                copied += until - first
    return copied


@njit(cache=True, nogil=True)
def _last(values, start, i, segment, before):
    """Where the segment at i occurred last, below `start` if nowhere."""
    place = np.int64(before[i - start])
    while place >= start:
        same = 0
        while same < segment and values[place + same] == values[i + same]:
            same += 1
        if same == segment:
            return place
        place = np.int64(before[place - start])
    return place
