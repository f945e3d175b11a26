"""How much the target is a copy of the source: Dice's coefficient of their trigrams of letters.

Case, punctuation and spacing are folded as for deduplication (`transforms.shingles.folding_table`). Trigrams count as
often as they occur; a word has one at each of its ends, too. A copy has 1, two languages of one script hardly 0.3.
"""

from __future__ import annotations

import numpy as np

from transforms.filters.points import Points
from transforms.shingles import IGNORED, folding_table
from vocab.compiled import njit

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MARKED = np.uint64(64 - 12)  # a mark for each value of a hash's upper 12 bits: a few of a hundred are in vain


def similarity(source: Points, target: Points) -> np.ndarray:
    """Dice's coefficient of each pair's trigrams: float32 (n,) in [0, 1]; 0 where a side has no letters or numbers."""
    found = np.zeros(len(source.offsets) - 1, np.float32)
    longest = max(source.longest, target.longest) + 2
    slots = 1 << (4 * longest).bit_length()
    keys, counts = np.zeros(slots, np.uint64), np.zeros(slots, np.int32)
    marks = np.zeros(1 << (64 - int(_MARKED)), np.uint8)
    _compare(*source, *target, folding_table(), np.empty((2, longest + 1), np.uint64), marks, keys, counts, found)
    return found


@njit(cache=True, nogil=True)
def _compare(source, source_offsets, target, target_offsets, table, memory, marks, keys, counts, found):
    """`memory`: uint64 (2, more than the longest text's trigrams); `marks` as of `_among`, the others of `_shared`."""
    for r in range(found.shape[0]):
        first = _trigrams(source, source_offsets[r], source_offsets[r + 1], table, memory[0])
        text, other = (
            source[source_offsets[r] : source_offsets[r + 1]],
            target[target_offsets[r] : target_offsets[r + 1]],
        )
        # Half of the pairs of some corpora.
        if text.size == other.size and (text == other).all():
            found[r] = np.float32(first > 0)
            continue
        second = _trigrams(target, target_offsets[r], target_offsets[r + 1], table, memory[1])
        if first and second:
            # Two languages share few: most of those that they do not are told apart by a mark.
            right = _among(memory[1, :second], memory[0, :first], marks)
            left = _among(memory[0, :first], memory[1, :right], marks) if right else 0
            shared = _shared(memory[0, :left], memory[1, :right], keys, counts) if left else 0
            found[r] = np.float32(2 * shared) / np.float32(first + second)


@njit(cache=True, nogil=True)
def _among(trigrams, others, marks):
    """Move those of some trigrams that may be among others to the front; returns how many they are.

    Args:
        trigrams, others: uint64.
        marks: uint8, all 0 before and after: whether a hash is one of the others'.
    """
    for trigram in others:
        marks[trigram * _GOLDEN >> _MARKED] = 1
    kept = 0
    for i in range(trigrams.size):
        trigram = trigrams[i]
        trigrams[kept] = trigram  # no branch: whether it stays cannot be foreseen
        kept += np.int64(marks[trigram * _GOLDEN >> _MARKED])
    for trigram in others:
        marks[trigram * _GOLDEN >> _MARKED] = 0
    return kept


@njit(cache=True, nogil=True)
def _shared(first, second, keys, counts):
    """How many trigrams two texts have in common.

    Args:
        first, second: uint64, the trigrams of both; none is 0.
        keys: uint64, a power of two of at least 4 * their number, all 0 before and after: trigrams, by their hash.
        counts: int32, as many, all 0 before and after: how often each is left.
    """
    bits, shared = np.uint64(1), 0
    while (1 << bits) < 4 * first.size:
        bits += np.uint64(1)
    for trigram in first:
        slot = _slot(trigram, keys, bits)
        keys[slot] = trigram
        counts[slot] += 1
    for trigram in second:
        slot = _slot(trigram, keys, bits)
        left = np.int32(counts[slot] > 0)  # no branch: whether it is cannot be foreseen
        shared += left
        counts[slot] -= left
    keys[: 1 << bits] = 0
    counts[: 1 << bits] = 0
    return shared


@njit(cache=True, nogil=True, forceinline=True)
def _slot(trigram, keys, bits):
    """The slot of a trigram, or the empty one where it would be."""
    slot, last = trigram * _GOLDEN >> (np.uint64(64) - bits), (np.uint64(1) << bits) - np.uint64(1)
    while keys[slot] and keys[slot] != trigram:
        slot = (slot + np.uint64(1)) & last
    return slot


@njit(cache=True, nogil=True)
def _trigrams(values, start, end, table, trigrams):
    """Write the trigrams of a text's folded characters, three times 21 bits; what separates words is one 0.

    Returns:
        How many there are.
    """
    count, trigram, last = 0, np.uint64(0), np.uint64(0)
    for i in range(start, end + 1):
        character = table[values[i]] if i < end else np.uint32(0)
        letter = np.uint64(character) & np.uint64(0x1FFFFF)
        # No branch: where words end cannot be foreseen.
        counts = (letter != 0) | ((last != 0) & (character != IGNORED))
        trigram = (trigram << np.uint64(21) | letter) & np.uint64((1 << 63) - 1) if counts else trigram
        last = letter if counts else last
        trigrams[count] = trigram
        count += np.int64(counts & (trigram > np.uint64(0x1FFFFF)))  # the first character alone is none
    return count
