"""A table of what each source word translates to, made to be asked for every two words of two texts.

Most pairs of words have no entry. So a word's entries are a small hash table of their own, a row, next to which lie
eight bits for each of its slots, one of them set for each entry: a word's row stays in the processor's cache while
all words of the other text are held against it, and nearly all that are not in it are told by a bit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ONE, _THREE, _SEVEN, _UPPER = np.uint64(1), np.uint64(3), np.uint64(7), np.uint64(40)


class Rows(NamedTuple):
    """Entries by source word.

    Attributes:
        starts: int64 (source words,), the first slot of each word's row.
        masks: uint64 (source words,), eight times the slots of each row, which are a power of two, less 1; 0 for a word
            without entries.
        marks: uint8 (slots,), see `is_marked`.
        targets: int32 (slots,), the target word of an entry; 0 in an empty slot.
        gains: float32 (slots, 2), what is known of each entry.
    """

    starts: np.ndarray
    masks: np.ndarray
    marks: np.ndarray
    targets: np.ndarray
    gains: np.ndarray


def rows(source: np.ndarray, target: np.ndarray, gains: np.ndarray, source_size: int) -> Rows:
    """Lay out entries.

    Args:
        source, target: int32 (entries,), numbers of words; no target is 0, no two entries have the same words.
        gains: float32 (entries, 2), what is known of each.
        source_size: every number of a source word is less.
    """
    counts = np.bincount(source, minlength=source_size)
    # At least two slots an entry, so that one is always empty.
    slots = np.where(counts, 2 << np.ceil(np.log2(np.maximum(counts, 1))).astype(np.int64), 0)
    starts, total = np.cumsum(slots) - slots, max(int(slots.sum()), 1)
    masks = np.maximum(8 * slots - 1, 0).astype(np.uint64)
    laid = Rows(starts, masks, np.zeros(total, np.uint8), np.zeros(total, np.int32), np.zeros((total, 2), np.float32))
    _fill(source, target, gains, laid)
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
        start, mask: of the row; it is not empty.
        hash_: the word's `spread`.
    """
    bit = hash_ & mask
    return np.uint64(marks[start + np.int64(bit >> _THREE)]) >> (bit & _SEVEN) & _ONE


@njit(cache=True, nogil=True, inline="always")
def slot_of(targets, start, mask, hash_, target):
    """The slot of a target word in a row, or the empty one where it would be.

    Args:
        targets: see `Rows`.
        start, mask: of the row; it is not empty.
        hash_: the word's `spread`.
        target: its number.
    """
    slot, last = np.int64((hash_ & mask) >> _THREE), np.int64(mask >> _THREE)
    while targets[start + slot] != 0 and targets[start + slot] != target:
        slot = (slot + 1) & last
    return start + slot


@njit(cache=True, nogil=True)
def _fill(source, target, gains, laid):
    starts, masks, marks, targets, laid_gains = laid
    for k in range(source.shape[0]):
        start, mask, hash_ = starts[source[k]], masks[source[k]], spread(target[k])
        bit = hash_ & mask
        marks[start + np.int64(bit >> _THREE)] |= np.uint8(_ONE << (bit & _SEVEN))
        slot = slot_of(targets, start, mask, hash_, target[k])
        targets[slot] = target[k]
        laid_gains[slot] = gains[k]
