"""Which words may translate each other: those that meet in enough pairs of texts.

An entry is a word of the source and one of the target. Entries lie in one table, in the order of their source's number
and then of their target's (CSR), and both directions of translation use the same. The empty word of either side is in
an entry with every word of the other, so that any word may come from nothing.

Where two words meet in a pair of texts, there is a link: the number of their entry. Links are laid down once, so that
an iteration of training looks nothing up.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from vocab.bits import prefetch, trailing_zeros
from vocab.compiled import kernel

NO_ENTRY = 0
"""The entry of both empty words, which never translate each other: a link of words that have no entry."""

_MOST_COUNTED = 1 << 10

_AHEAD = 8
"""Places of a word whose links are fetched into the processor's cache before their turn comes."""

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
        shared: float64 (entries, 2), how often the target word has come from the source word, and the reverse, if each
            came from all words of the other text in equal parts. Any word may have come from the empty word alone.
    """

    starts: np.ndarray
    targets: np.ndarray
    shared: np.ndarray


class Links(NamedTuple):
    """Links of n pairs of texts.

    Attributes:
        entries: int32 (links,); those of pair p from bounds[p] on: of its first source word and each target word, and
            so on.
        bounds: int64 (n + 1,).
    """

    entries: np.ndarray
    bounds: np.ndarray


def find_entries(source: Side, target: Side, *, at_least: int, most: int) -> tuple[Entries, Links]:
    """The entries of a sample of pairs, and its links.

    Takes time and 4 bytes for each link; besides 16 bytes for each word and 20 for each entry.

    Args:
        source: side of n pairs.
        target: the other side.
        at_least: pairs in which two words must meet to have an entry.
        most: entries that there may be; if there were more, words must meet in as many pairs as it takes.
    """
    places, different = _places(source.words, source.offsets, source.size), _different(*target)
    bounds = np.zeros(source.offsets.size, np.int64)
    np.cumsum(np.diff(source.offsets) * np.diff(target.offsets), out=bounds[1:])
    links, empty = Links(np.empty(bounds[-1], np.int32), bounds), source.size + target.size - 1
    threshold, room = at_least, int(bounds[-1]) // at_least
    if room >= most - empty:
        threshold, room = _threshold(places, different, target.size, at_least, most - empty - 1)
    starts, targets = np.zeros(source.size + 1, np.int64), np.empty(room + empty, np.int32)
    shared = np.empty((room + empty, 2))
    texts = source.offsets, target.words, target.offsets
    _lay_down(places, *texts, different, target.size, threshold, starts, targets, shared, *links)
    return Entries(starts, targets[: starts[-1]].copy(), shared[: starts[-1]]), links


def _threshold(
    places: tuple[np.ndarray, ...], different: tuple[np.ndarray, ...], size: int, at_least: int, most: int
) -> tuple[int, int]:
    """In how many pairs words must meet, `at_least` or more, so that at most so many do; and how many do."""
    histogram = np.zeros(_MOST_COUNTED + 1, np.int64)
    _count(places, *different, size, histogram)
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
    """Where each word stands.

    Returns:
        starts: int64 (size + 1,), the places of word e are from starts[e] to starts[e + 1].
        pairs: int32, ascending for each word.
        positions: int32, in the text.
    """
    starts = np.zeros(size + 2, np.int64)
    for word in words:
        starts[word + 2] += 1
    for e in range(size):
        starts[e + 2] += starts[e + 1]
    pairs, positions = np.empty(words.shape[0], np.int32), np.empty(words.shape[0], np.int32)
    for p in range(offsets.shape[0] - 1):
        for k in range(offsets[p], offsets[p + 1]):
            place = starts[words[k] + 1]
            pairs[place], positions[place] = p, k - offsets[p]
            starts[words[k] + 1] = place + 1
    return starts[:-1], pairs, positions


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


@njit(cache=True, nogil=True)
def _met(pairs, words, offsets, counts, met):
    """Count in how many of some pairs each target word is; returns how many words there are in `met`.

    Args:
        pairs: int32, ascending; a repeat counts once.
        words, offsets: of the target, see `_different`.
        counts: int32 (target size,), zeros; gets the counts.
        met: int32 (target size + 1,); gets the words.
    """
    count, last = 0, -1
    for p in pairs:
        if p == last:
            continue
        last = p
        for k in range(offsets[p], offsets[p + 1]):
            met[count] = words[k]
            count += counts[words[k]] == 0
            counts[words[k]] += 1
    return count


@njit(cache=True, nogil=True)
def _count(places, words, offsets, size, histogram):
    """How many pairs of words meet in 1, 2, … pairs of texts; the last number in `histogram` counts what is more."""
    starts, pairs, _ = places
    counts, met = np.zeros(size, np.int32), np.empty(size + 1, np.int32)
    for e in range(1, starts.shape[0] - 1):
        for word in met[: _met(pairs[starts[e] : starts[e + 1]], words, offsets, counts, met)]:
            histogram[min(counts[word], histogram.shape[0] - 1)] += 1
            counts[word] = 0


@njit(cache=True, nogil=True)
def _lay_down(
    places,
    source_offsets,
    words,
    offsets,
    different,
    size,
    threshold,
    entry_starts,
    entry_targets,
    shared,
    links,
    bounds,
):
    """Write entries and links; see `Entries`, `Links`, `_places`, `_different`."""
    starts, pairs, positions = places
    column = links.reshape((-1, 1))
    counts, met = np.zeros(size, np.int32), np.empty(size + 1, np.int32)
    entry_of = np.full(size, NO_ENTRY, np.int32)
    marks, blocks = np.zeros(size // 64 + 1, np.uint64), np.zeros(size // 4096 + 1, np.uint64)
    for word in range(size):
        entry_targets[word] = word
    shared[:size] = 0
    for word in words:
        shared[word, 0] += 1
    entry_starts[1] = entry = size
    for e in range(1, starts.shape[0] - 1):
        count = _met(pairs[starts[e] : starts[e + 1]], *different, counts, met)
        entry_targets[entry], shared[entry, 0], shared[entry, 1] = 0, 0, starts[e + 1] - starts[e]
        entry += 1
        for word in met[:count]:
            if counts[word] >= threshold:
                _mark(np.uint32(word), marks, blocks)
            counts[word] = 0
        kept = _ascending(marks, blocks, met)
        for word in met[:kept]:
            entry_targets[entry], entry_of[word] = word, entry
            shared[entry, 0], shared[entry, 1] = 0, 0
            entry += 1
        entry_starts[e + 1] = entry
        for place in range(starts[e], starts[e + 1]):
            p = pairs[place]
            n = offsets[p + 1] - offsets[p]
            at = bounds[p] + positions[place] * n
            part, part_back = 1 / (source_offsets[p + 1] - source_offsets[p]), 1 / n
            coming = np.uint64(min(place + _AHEAD, pairs.shape[0] - 1))
            q = pairs[coming]
            prefetch(column, np.uint64(bounds[q] + positions[coming] * (offsets[q + 1] - offsets[q])))
            _link(words, np.uint64(offsets[p]), np.uint64(n), entry_of, part, part_back, shared, links, np.uint64(at))
        for word in met[:kept]:
            entry_of[word] = NO_ENTRY
    shared[NO_ENTRY] = 0


@kernel
def _link(words, first, count, entry_of, part, part_back, shared, links, at):
    """Write the links of one place of a source word, and add to what its entries share.

    Args:
        words: int32, those of the target text are words[first : first + count].
        entry_of: int32 (target size,), the entry of each with the source word.
        part, part_back: one in the words of the source text, and one in those of the target text.
        shared: see `Entries`.
        links: int32, written from `at` on.
    """
    for k in range(count):
        found = np.uint32(entry_of[np.uint32(words[first + k])])
        links[at + k] = found
        shared[found, 0] += part
        shared[found, 1] += part_back


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
