"""Which words may translate each other: those that meet in enough pairs of texts.

An entry is a word of the source and one of the target. Entries lie in one table, in the order of their source's number
and then of their target's (CSR), and both directions of translation use the same. The empty word of either side is in
an entry with every word of the other, so that any word may come from nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vocab.bits import trailing_zeros
from vocab.compiled import kernel, njit

NO_ENTRY = 0
"""The entry of both empty words, which never translate each other."""

_MOST_COUNTED = 1 << 10

_COUNT, _SHARE = np.int64(36), np.int64(1 << 10)
"""How often two words meet and what they share then are one number, for which one addition does: the count stands above
so many bits, and below it the sum of shares, in such parts of one. There is room for 2^26 pairs."""

_SHARES = (np.int64(1) << _COUNT) - 1

_ONE, _SIX, _LAST = np.uint64(1), np.uint64(6), np.uint64(63)


class Side(NamedTuple):
    """One side of n pairs of texts: the words of text i are at offsets[i]:offsets[i + 1].

    Attributes:
        words: int32 (w,), numbers of words, none of them 0.
        offsets: int64 (n + 1,).
        size: every number is less.
    """

    words: np.ndarray
    offsets: np.ndarray
    size: int

    def take(self, rows: np.ndarray) -> Side:
        """Some of the texts, by number (int64), in that order."""
        offsets = np.zeros(rows.size + 1, np.int64)
        np.cumsum(np.diff(self.offsets)[rows], out=offsets[1:])
        return Side(_gathered(self.words, self.offsets, rows, offsets), offsets, self.size)


class Entries(NamedTuple):
    """Entries of a source word e are those from starts[e] to starts[e + 1].

    Attributes:
        starts: int64 (source words + 1,).
        targets: int32 (entries,), ascending for each source word.
        shared: float64 (entries,), how often the words translate each other if all words of two texts do in equal
            parts; with the empty word, how often the other is there.
    """

    starts: np.ndarray
    targets: np.ndarray
    shared: np.ndarray


class Places(NamedTuple):
    """Where each word of a side stands: word e at the places from starts[e] to starts[e + 1].

    Attributes:
        starts: int64 (words + 1,).
        texts: int32 (places,), ascending for each word.
        words: int32 (places,), which of all words of the side it is, see `Side.words`.
    """

    starts: np.ndarray
    texts: np.ndarray
    words: np.ndarray

    @classmethod
    def of(cls, side: Side) -> Places:
        """All places of a side's words."""
        return cls(*_places(*side))


def find_entries(source: Side, target: Side, places: Places, *, at_least: int, most: int) -> Entries:
    """The entries of a sample of pairs.

    Takes time for each word of a source and each of its target; and 8 bytes for each word and 12 for each entry.

    Args:
        source: side of n pairs.
        target: the other side.
        places: of the source.
        at_least: pairs in which two words must meet to have an entry.
        most: entries that there may be; if there were more, words must meet in as many pairs as it takes.
    """
    different, empty = _different(*target), source.size + target.size - 1
    lengths = np.diff(source.offsets), np.diff(target.offsets)
    meetings = (np.int64(1) << _COUNT) + 2 * _SHARE // (lengths[0] + lengths[1])
    threshold, room = at_least, int((lengths[0] * lengths[1]).sum()) // at_least
    if room >= most - empty:
        threshold, room = _threshold(places, meetings, different, target.size, at_least, most - empty - 1)
    starts = np.zeros(source.size + 1, np.int64)
    targets, shared = np.empty(room + empty, np.int32), np.empty(room + empty)
    shared[: target.size] = np.bincount(target.words, minlength=target.size)
    _find(places, meetings, *different, target.size, threshold, starts, targets, shared)
    return Entries(starts, targets[: starts[-1]].copy(), shared[: starts[-1]].copy())


def _threshold(
    places: Places, meetings: np.ndarray, different: tuple[np.ndarray, ...], size: int, at_least: int, most: int
) -> tuple[int, int]:
    """In how many pairs words must meet, `at_least` or more, so that at most so many do; and how many do."""
    histogram = np.zeros(_MOST_COUNTED + 1, np.int64)
    _count(places, meetings, *different, size, histogram)
    # How many pairs of words meet so often or more often.
    enough = np.cumsum(histogram[::-1])[::-1]
    fitting = np.flatnonzero(enough <= max(0, most))
    threshold = max(at_least, int(fitting[0]) if fitting.size else _MOST_COUNTED)
    return threshold, int(enough[min(threshold, _MOST_COUNTED)])


@njit(cache=True, nogil=True)
def _gathered(words, offsets, rows, new_offsets):
    gathered = np.empty(new_offsets[-1], np.int32)
    for r in range(rows.shape[0]):
        gathered[new_offsets[r] : new_offsets[r + 1]] = words[offsets[rows[r]] : offsets[rows[r] + 1]]
    return gathered


@njit(cache=True, nogil=True)
def _places(words, offsets, size):
    """The three arrays of `Places`."""
    starts = np.zeros(size + 2, np.int64)
    for word in words:
        starts[word + 2] += 1
    for e in range(size):
        starts[e + 2] += starts[e + 1]
    texts, numbers = np.empty(words.shape[0], np.int32), np.empty(words.shape[0], np.int32)
    for p in range(offsets.shape[0] - 1):
        for k in range(offsets[p], offsets[p + 1]):
            place = starts[words[k] + 1]
            texts[place], numbers[place] = p, k
            starts[words[k] + 1] = place + 1
    return starts[:-1], texts, numbers


@njit(cache=True, nogil=True)
def _different(words, offsets, size):
    """The words of each text without repeats: int32, and where each text's start, int64 (n + 1,)."""
    different, new_offsets, seen = np.empty_like(words), np.zeros_like(offsets), np.full(size, -1, np.int64)
    count = 0
    for p in range(offsets.shape[0] - 1):
        for k in range(offsets[p], offsets[p + 1]):
            different[count] = words[k]
            count += seen[words[k]] != p
            seen[words[k]] = p
        new_offsets[p + 1] = count
    return different[:count], new_offsets


@kernel
def _meet(texts, first, end, meetings, words, offsets, counts, met):
    """Count in how many of some texts' pairs each target word is; returns how many words there are in `met`.

    Args:
        texts: int32, ascending, the texts are texts[first:end]; a repeat counts once.
        meetings: int64 (n,), what each pair counts.
        words, offsets: of the target, see `_different`.
        counts: int64 (target size,), zeros; gets the counts.
        met: int32 (target size + 1,); gets the words.
    """
    count, last = np.int64(0), np.int64(-1)
    for place in range(first, end):
        p = np.int64(texts[place])
        if p == last:
            continue
        last, meeting = p, meetings[p]
        for k in range(np.uint64(offsets[p]), np.uint64(offsets[p + 1])):
            word = np.uint32(words[k])
            before = counts[word]
            met[count] = word
            count += before == 0
            counts[word] = before + meeting
    return count


@njit(cache=True, nogil=True)
def _count(places, meetings, words, offsets, size, histogram):
    """How many pairs of words meet in 1, 2, … pairs of texts; the last number in `histogram` counts what is more."""
    starts, texts, _ = places
    counts, met = np.zeros(size, np.int64), np.empty(size + 1, np.int32)
    for e in range(1, starts.shape[0] - 1):
        for word in met[: _meet(texts, starts[e], starts[e + 1], meetings, words, offsets, counts, met)]:
            histogram[min(counts[word] >> _COUNT, histogram.shape[0] - 1)] += 1
            counts[word] = 0


@njit(cache=True, nogil=True)
def _find(places, meetings, words, offsets, size, threshold, entry_starts, entry_targets, shared):
    """Write entries; see `Entries`, `Places`, `_different`."""
    starts, texts, _ = places
    counts, met = np.zeros(size, np.int64), np.empty(size + 1, np.int32)
    marks, blocks = np.zeros(size // 64 + 1, np.uint64), np.zeros(size // 4096 + 1, np.uint64)
    for word in range(size):
        entry_targets[word] = word
    entry_starts[1] = entry = size
    for e in range(1, starts.shape[0] - 1):
        count = _meet(texts, starts[e], starts[e + 1], meetings, words, offsets, counts, met)
        entry_targets[entry], shared[entry] = 0, starts[e + 1] - starts[e]
        entry += 1
        for word in met[:count]:
            if counts[word] >> _COUNT >= threshold:
                _mark(np.uint32(word), marks, blocks)
            else:
                counts[word] = 0
        kept = _ascending(marks, blocks, met)
        for word in met[:kept]:
            entry_targets[entry], shared[entry] = word, (counts[word] & _SHARES) / _SHARE
            counts[word] = 0
            entry += 1
        entry_starts[e + 1] = entry
    shared[NO_ENTRY] = 0


@kernel
def _mark(number, marks, blocks):
    """Put a number, uint32, into a set.

    Args:
        marks: uint64, a bit for each number.
        blocks: uint64, a bit for each of `marks` that is not 0.
    """
    block = np.uint64(number) >> _SIX
    marks[block] |= _ONE << (np.uint64(number) & _LAST)
    blocks[block >> _SIX] |= _ONE << (block & _LAST)


@kernel
def _ascending(marks, blocks, numbers):
    """Move all numbers out of a set, see `_mark`, in ascending order; returns how many there were."""
    count = 0
    for k in range(blocks.shape[0]):
        while blocks[k]:
            block = (np.uint64(k) << _SIX) + trailing_zeros(blocks[k])
            blocks[k] &= blocks[k] - _ONE
            left = marks[block]
            marks[block] = 0
            while left:
                numbers[count] = (block << _SIX) + trailing_zeros(left)
                left &= left - _ONE
                count += 1
    return count
