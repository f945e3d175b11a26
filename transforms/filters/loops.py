"""Loops: how often a text says the same right after itself, as a decoder does that has lost its way.

`la la la la` says a word four times, `of the house of the house of` three words 2.3 times. What `repetition` measures
is another thing: how much of a text was said before at all, in long segments, as in a menu that was scraped twice.
"""

from __future__ import annotations

import numpy as np

from transforms.filters.points import Points, character_table
from transforms.once import once
from vocab.compiled import njit

LONGEST = 128
"""Characters of the longest unit that is looked for, a power of two."""

SPACELESS = 6
"""Characters that a loop takes at least, where its unit has no space: `www` and `XXX` are no loops."""

_SPACE, _LETTER = 1, 2
_GRAM = 4  # code points, 16 bits of each
_SLOT_BITS = 12
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def loops(texts: Points, asked: np.ndarray | None = None) -> np.ndarray:
    """How often each text says a unit with a letter in it in a row, at most: float32 (n,), 1 where nothing twice.

    The last time may be cut off, and counts by how much of the unit it has. The space behind a word does not count.

    Args:
        texts: the texts.
        asked: bool (n,), which of them to look at, the others have NaN; None: all.
    """
    rows = np.flatnonzero(np.ones(len(texts.offsets) - 1, bool) if asked is None else asked)
    found = np.full(len(texts.offsets) - 1, np.nan, np.float32)
    _count(texts.values, texts.offsets, rows, _table(), found)
    return found


@once
def _table() -> np.ndarray:
    def kind(_: str, category: str) -> int:
        return _SPACE if category == "Zs" else _LETTER if category[0] in "LM" else 0

    return character_table(kind)


@njit(cache=True, nogil=True)
def _count(values, offsets, rows, table, found):
    """A unit said twice leaves a run of characters that equal those a period before; it is nearly as long as the unit.

    Runs of units of up to four characters are followed as they come. Longer units leave runs of four characters at
    least: those that stood there within `LONGEST` characters before are found by a table.
    """
    newest, before = np.full(1 << _SLOT_BITS, -1, np.int32), np.empty(LONGEST, np.int32)
    done = np.empty(LONGEST + 1, np.int64)
    for r in rows:
        start, end, most = np.int64(offsets[r]), np.int64(offsets[r + 1]), 1.0
        half = (end - start) // 2
        done[:] = start
        if half > 0:
            most = _short(values, start, end, half, table, done)
        if half > _GRAM:
            most = max(most, _long(values, start, end, min(half, LONGEST), table, newest, before, done))
        found[r] = np.float32(most)


@njit(cache=True, nogil=True)
def _short(values, start, end, longest, table, done):
    """How often the text values[start:end] says a unit of one to four characters in a row, at most.

    `done`: as of `_long`.
    """
    most, last = 1.0, np.int64(table.shape[0])
    one, two, three, four = last, last, last, last  # the characters before
    run_1, run_2, run_3, run_4 = 0, 0, 0, 0  # of characters that are those so many before
    for i in range(start, end):
        here = np.int64(values[i])
        run_1 = run_1 + 1 if here == one else 0
        run_2 = run_2 + 1 if here == two else 0
        run_3 = run_3 + 1 if here == three else 0
        run_4 = run_4 + 1 if here == four else 0
        one, two, three, four = here, one, two, three
        # A single character is no unit with a space and a letter.
        if (run_1 >= SPACELESS - 1) | (run_2 >= 1) | (run_3 >= 2) | (run_4 >= 3):
            for period, run in ((1, run_1), (2, run_2), (3, run_3), (4, run_4)):
                said = run >= period or (0 < run == period - 1 and table[values[i + 1 - period]] == _SPACE)
                if said and i >= done[period] and period <= longest:
                    times, done[period] = _times(values, start, end, i, period, table)
                    most = max(most, times)
    return most


@njit(cache=True, nogil=True)
def _long(values, start, end, longest, table, newest, before, done):
    """How often the text values[start:end] says a unit of five to `longest` characters in a row, at most.

    Args:
        newest: int32, for each hash where four characters of it began last, all of them below `start`.
        before: int32 (LONGEST,), for where four of the same hash began before each of the last places.
        done: int64 (LONGEST + 1,), all `start`: up to where runs of each period were followed.
    """
    most, same, gram = 1.0, 0, np.uint64(0)
    for i in range(start, start + _GRAM - 1):
        gram = gram << np.uint64(16) ^ np.uint64(values[i])
    for i in range(start, end - _GRAM + 1):
        gram = gram << np.uint64(16) ^ np.uint64(values[i + _GRAM - 1])
        # A character again and again is a unit of one, which is said more often than any longer one.
        same = same + 1 if values[i + _GRAM - 1] == values[i + _GRAM - 2] else 0
        if same >= SPACELESS - 1:
            continue
        slot = gram * _GOLDEN >> np.uint64(64 - _SLOT_BITS)
        place = np.int64(newest[slot])
        while place >= max(start, i - longest):
            period = i - place
            if i >= done[period] and period > _GRAM and values[i] == values[place]:
                times, done[period] = _times(values, start, end, i, period, table)
                most = max(most, times)
            place = np.int64(before[place & (LONGEST - 1)])
        before[i & (LONGEST - 1)], newest[slot] = newest[slot], i
    return most


@njit(cache=True, nogil=True)
def _times(values, start, end, i, period, table):
    """How often a unit is said in the run around i, where the text equals itself a period before; and the run's end.

    1 where it is no unit that counts, or is not said twice.
    """
    first, last = i, i + 1
    while first > start + period and values[first - 1] == values[first - 1 - period]:
        first -= 1
    while last < end and values[last] == values[last - period]:
        last += 1
    # `la la.` lacks the space that `la la la` has behind its second word.
    ended = table[values[last - period]] == _SPACE and (last == end or table[values[last]] == 0)
    times = (last - first + period + ended) / period
    return times if times >= 2 and _is_said(values, last - period, period, last - first, table) else 1.0, last


@njit(cache=True, nogil=True)
def _is_said(values, start, period, run, table):
    """Whether values[start:start + period], which ends a loop, has a letter, and a space if the loop is short."""
    kinds = 0
    for i in range(start, start + period):
        kinds |= table[values[i]]
    return kinds & _LETTER > 0 and (kinds & _SPACE > 0 or run + period >= SPACELESS)
