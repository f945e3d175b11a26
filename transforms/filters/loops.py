"""Loops: how often a text says the same right after itself, as a decoder does that has lost its way.

`la la la la` says a word four times, `of the house of the house of` three words 2.3 times. What `repetition` measures
is another thing: how much of a text was said before at all, in long segments, as in a menu that was scraped twice.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numba import njit

from transforms.filters.points import Points, character_table

LONGEST = 128
"""Characters of the longest unit that is looked for."""

SPACELESS = 6
"""Characters that a loop takes at least, where its unit has no space: `www` and `XXX` are no loops."""

_SPACE, _LETTER = 1, 2


def loops(texts: Points) -> np.ndarray:
    """How often each text says a unit with a letter in it in a row, at most: float32 (n,), 1 where nothing twice.

    The last time may be cut off, and counts by how much of the unit it has. The space behind a word does not count.
    """
    found = np.ones(len(texts.offsets) - 1, np.float32)
    _count(texts.values, texts.offsets, _table(), found)
    return found


@cache
def _table() -> np.ndarray:
    def kind(_: str, category: str) -> int:
        return _SPACE if category == "Zs" else _LETTER if category[0] in "LM" else 0

    return character_table(kind)


@njit(cache=True, nogil=True)
def _count(values, offsets, table, found):
    """A unit said twice leaves a run of characters that equal those a period before; it is nearly as long as the unit.

    So it is enough to look where every period begins, and to follow what is found to both sides.
    """
    for r in range(found.shape[0]):
        start, end = np.int64(offsets[r]), np.int64(offsets[r + 1])
        most = 1.0
        for period in range(1, min(LONGEST, (end - start) // 2) + 1):
            i, step = start + period, max(period - 1, 1)
            while i < end:
                if values[i] != values[i - period]:
                    i += step
                    continue
                first, last = i, i + 1
                while first > start + period and values[first - 1] == values[first - 1 - period]:
                    first -= 1
                while last < end and values[last] == values[last - period]:
                    last += 1
                # `la la.` lacks the space that `la la la` has behind its second word.
                ended = table[values[last - period]] == _SPACE and (last == end or table[values[last]] == 0)
                times = (last - first + period + ended) / period
                if times > most and times >= 2 and _is_said(values, last - period, period, last - first, table):
                    most = times
                i += step * ((last - i) // step + 1)
        found[r] = np.float32(most)


@njit(cache=True, nogil=True)
def _is_said(values, start, period, run, table):
    """Whether values[start:start + period], which ends a loop, has a letter, and a space if the loop is short."""
    kinds = 0
    for i in range(start, start + period):
        kinds |= table[values[i]]
    return kinds & _LETTER > 0 and (kinds & _SPACE > 0 or run + period >= SPACELESS)
