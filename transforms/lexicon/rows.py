"""A table of what each source word translates to, made to be asked for every two words of two texts.

Most pairs of words have no entry. So a word's entries are a small hash table of their own, a row, next to which lie
thirty-two bits for each of its slots, one of them set for each entry: a word's row stays in the processor's cache while
all words of the other text are held against it, and nearly all that are not in it are told by a bit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vocab.compiled import njit

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ONE, _FIVE, _LAST, _UPPER = np.uint64(1), np.uint64(5), np.uint64(31), np.uint64(32)


class Rows(NamedTuple):
    """Entries by source word.

    Attributes:
        heads: int64 (source words, 2), the first slot of each word's row; and 32 times its slots, which are a power
            of two, less 1, or 0 for a word without entries.
        marks: uint32 (slots, 1), see `is_marked`.
        slots: float32 (slots, 4), the target word of an entry, 0 in an empty slot; and what is known of it. They lie
            in one line of the processor's cache.
    """

    heads: np.ndarray
    marks: np.ndarray
    slots: np.ndarray


def rows(source: np.ndarray, target: np.ndarray, gains: np.ndarray, source_size: int) -> Rows:
    """Lay out entries.

    Args:
        source, target: int32 (entries,), numbers of words; no target is 0, nor more than 2^24, from where on a float32
            tells no numbers apart; no two entries have the same words.
        gains: float32 (entries, 2), what is known of each.
        source_size: every number of a source word is less.
    """
    counts = np.bincount(source, minlength=source_size)
    # At least two slots an entry, so that one is always empty.
    sizes = np.where(counts, 2 << np.ceil(np.log2(np.maximum(counts, 1))).astype(np.int64), 0)
    heads, total = np.stack([np.cumsum(sizes) - sizes, np.maximum(32 * sizes - 1, 0)], axis=1), max(int(sizes.sum()), 1)
    laid = Rows(heads, np.zeros((total, 1), np.uint32), np.zeros((total, 4), np.float32))
    _fill(source, target, gains, *laid)
    return laid


@njit(cache=True, nogil=True, inline="always")
def spread(target):
    """A hash of a target word's number, uint64, for the functions below."""
    return np.uint64(target) * _GOLDEN >> _UPPER


@njit(cache=True, nogil=True, inline="always")
def is_marked(marks, start, mask, hash_):
    """1 where a row may hold a target word, 0 where it does not (uint64).

    Args:
        marks: see `Rows`.
        start, mask: uint64, of the row; it is not empty.
        hash_: the word's `spread`.
    """
    bit = hash_ & mask
    return np.uint64(marks[start + (bit >> _FIVE), 0]) >> (bit & _LAST) & _ONE


@njit(cache=True, nogil=True, inline="always")
def slot_of(slots, start, mask, hash_, target):
    """The slot of a target word in a row, or the empty one where it would be, uint64.

    Args:
        slots: see `Rows`.
        start, mask: uint64, of the row; it is not empty.
        hash_: the word's `spread`.
        target: its number.
    """
    number, slot, last = np.float32(target), (hash_ & mask) >> _FIVE, mask >> _FIVE
    while slots[start + slot, 0] != 0 and slots[start + slot, 0] != number:
        slot = (slot + _ONE) & last
    return start + slot


@njit(cache=True, nogil=True)
def _fill(source, target, gains, heads, marks, slots):
    for k in range(source.shape[0]):
        start, mask, hash_ = np.uint64(heads[source[k], 0]), np.uint64(heads[source[k], 1]), spread(target[k])
        bit = hash_ & mask
        marks[start + (bit >> _FIVE), 0] |= np.uint32(_ONE << (bit & _LAST))
        slot = slot_of(slots, start, mask, hash_, target[k])
        slots[slot, 0], slots[slot, 1], slots[slot, 2] = target[k], gains[k, 0], gains[k, 1]
