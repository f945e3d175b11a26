"""Where the words of entries meet in a sample: laid down once, so that an iteration of training looks nothing up."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from transforms.lexicon.entries import NO_ENTRY, Entries, Places, Side
from vocab.bits import prefetch
from vocab.compiled import kernel, njit

_AHEAD = 8
"""Places of a word whose texts are fetched into the processor's cache before their turn comes."""


class Links(NamedTuple):
    """Links of the words of n pairs' source texts: those of word w are from starts[w] to starts[w + 1].

    Attributes:
        starts: int64 (source words + 1,), see `Side.words`.
        ends: int32 (links, 2), the entry of the word and one of the other text, and which word of that text, from 0;
            ascending for each source word.
    """

    starts: np.ndarray
    ends: np.ndarray


def lay_links(source: Side, target: Side, places: Places, entries: Entries) -> Links:
    """All links of a sample of pairs.

    Takes time for each word of a source and each of its target; and 16 bytes for each link.

    Args:
        source: side of n pairs.
        target: the other side.
        places: of the source.
        entries: of both.
    """
    # Memory that is never written costs nothing.
    room = int((np.diff(source.offsets) * np.diff(target.offsets)).sum()) + 1
    by_word, bounds = np.empty((room, 2), np.int32), np.zeros(source.words.size + 1, np.int64)
    _by_word(places, *target[:2], entries.starts, entries.targets, target.size, bounds, by_word)
    laid = Links(np.zeros(source.words.size + 1, np.int64), np.empty((int(bounds[-1]), 2), np.int32))
    _in_order(places.words, bounds, by_word, *laid)
    return laid


@njit(cache=True, nogil=True)
def _by_word(places, words, offsets, entry_starts, entry_targets, size, bounds, links):
    """Write the links of all places, word by word; those of place k are from bounds[k] to bounds[k + 1]."""
    starts, texts, _ = places
    entry_of, rows = np.full(size, NO_ENTRY, np.int32), words.reshape((-1, 1))
    at = np.uint64(0)
    for e in range(1, starts.shape[0] - 1):
        # The first is of the empty word.
        for entry in range(entry_starts[e] + 1, entry_starts[e + 1]):
            entry_of[entry_targets[entry]] = entry
        for place in range(starts[e], starts[e + 1]):
            p, coming = texts[place], texts[min(place + _AHEAD, texts.shape[0] - 1)]
            prefetch(rows, np.uint64(offsets[coming]))
            at = _link(words, np.uint64(offsets[p]), np.uint64(offsets[p + 1]), entry_of, links, at)
            bounds[place + 1] = at
        for entry in range(entry_starts[e] + 1, entry_starts[e + 1]):
            entry_of[entry_targets[entry]] = NO_ENTRY


@kernel
def _link(words, first, end, entry_of, links, at):
    """Write the links of one place of a source word, from `at` on; returns where they end.

    There is no branch: whether two words have an entry cannot be foreseen.

    Args:
        words: int32, those of the target text are words[first:end].
        entry_of: int32 (target size,), the entry of each with the source word.
        links: see `Links.ends`; one more is written than there are.
    """
    for k in range(first, end):
        found = np.uint32(entry_of[np.uint32(words[k])])
        links[at, 0], links[at, 1] = found, k - first
        at += np.uint64(found != NO_ENTRY)
    return at


@njit(cache=True, nogil=True)
def _in_order(words, bounds, by_word, starts, links):
    """Write links in the order of their source words, see `Links`; `words` says which each place has."""
    for place in range(words.shape[0]):
        starts[words[place] + 1] = bounds[place + 1] - bounds[place]
    for w in range(starts.shape[0] - 1):
        starts[w + 1] += starts[w]
    for place in range(words.shape[0]):
        coming = min(place + _AHEAD, words.shape[0] - 1)
        prefetch(links, np.uint64(starts[words[coming]]))
        at = np.uint64(starts[words[place]])
        for k in range(np.uint64(bounds[place]), np.uint64(bounds[place + 1])):
            links[at, 0], links[at, 1] = by_word[k, 0], by_word[k, 1]
            at += np.uint64(1)
