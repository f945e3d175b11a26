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

NO_ENTRY = 0
"""The entry of both empty words, which never translate each other: a link of words that have no entry."""

_MOST_COUNTED = 1 << 10


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
    """

    starts: np.ndarray
    targets: np.ndarray


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

    Takes time and 4 bytes for each link; besides 12 bytes for each word and 4 for each entry.

    Args:
        source: side of n pairs.
        target: the other side.
        at_least: pairs in which two words must meet to have an entry.
        most: entries that there may be; if there were more, words must meet in as many pairs as it takes.
    """
    places = _places(source.words, source.offsets, source.size)
    histogram = np.zeros(_MOST_COUNTED + 1, np.int64)
    _count(places, target.words, target.offsets, target.size, histogram)
    # How many pairs of words meet so often or more often.
    enough = np.cumsum(histogram[::-1])[::-1]
    fitting = np.flatnonzero(enough <= max(0, most - source.size - target.size))
    threshold = max(at_least, int(fitting[0]) if fitting.size else _MOST_COUNTED)
    found = int(enough[min(threshold, _MOST_COUNTED)])
    bounds = np.zeros(source.offsets.size, np.int64)
    np.cumsum(np.diff(source.offsets) * np.diff(target.offsets), out=bounds[1:])
    entries = Entries(np.zeros(source.size + 1, np.int64), np.zeros(found + source.size + target.size - 1, np.int32))
    links = Links(np.empty(bounds[-1], np.int32), bounds)
    _lay_down(places, target.words, target.offsets, target.size, threshold, *entries, *links)
    return entries, links


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
def _met(pairs, words, offsets, counts, seen, met):
    """Count in how many of some pairs each target word is; returns how many words there are in `met`.

    Args:
        pairs: int32, ascending; a repeat counts once.
        words, offsets: of the target.
        counts: int32 (target size,), zeros; gets the counts.
        seen: int32 (target size,), -1; gets the last pair that each word is in.
        met: int32 (target size,); gets the words.
    """
    count, last = 0, -1
    for p in pairs:
        if p == last:
            continue
        last = p
        for k in range(offsets[p], offsets[p + 1]):
            word = words[k]
            if seen[word] != p:
                seen[word] = p
                met[count] = word
                count += counts[word] == 0
                counts[word] += 1
    return count


@njit(cache=True, nogil=True)
def _count(places, words, offsets, size, histogram):
    """How many pairs of words meet in 1, 2, … pairs of texts; the last number in `histogram` counts what is more."""
    starts, pairs, _ = places
    counts, seen, met = np.zeros(size, np.int32), np.full(size, -1, np.int32), np.empty(size + 1, np.int32)
    for e in range(1, starts.shape[0] - 1):
        for word in met[: _met(pairs[starts[e] : starts[e + 1]], words, offsets, counts, seen, met)]:
            histogram[min(counts[word], histogram.shape[0] - 1)] += 1
            counts[word], seen[word] = 0, -1


@njit(cache=True, nogil=True)
def _lay_down(places, words, offsets, size, threshold, entry_starts, entry_targets, links, bounds):
    starts, pairs, positions = places
    counts, seen, met = np.zeros(size, np.int32), np.full(size, -1, np.int32), np.empty(size + 1, np.int32)
    entry_of = np.full(size, NO_ENTRY, np.int32)
    for word in range(size):
        entry_targets[word] = word
    entry_starts[1] = entry = size
    for e in range(1, starts.shape[0] - 1):
        count = _met(pairs[starts[e] : starts[e + 1]], words, offsets, counts, seen, met)
        entry += 1  # the empty word of the target, number 0
        kept = 0
        for word in met[:count]:
            if counts[word] >= threshold:
                met[kept] = word
                kept += 1
            counts[word], seen[word] = 0, -1
        for word in np.sort(met[:kept]):
            entry_targets[entry], entry_of[word] = word, entry
            entry += 1
        entry_starts[e + 1] = entry
        for place in range(starts[e], starts[e + 1]):
            p = pairs[place]
            at = bounds[p] + positions[place] * (offsets[p + 1] - offsets[p])
            for k in range(offsets[p], offsets[p + 1]):
                links[at + k - offsets[p]] = entry_of[words[k]]
        for word in met[:kept]:
            entry_of[word] = NO_ENTRY
