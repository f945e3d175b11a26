"""How much the target is a copy of the source: Dice's coefficient of their trigrams of letters.

Case, punctuation and spacing are folded as for deduplication (`transforms.shingles.folding_table`). Trigrams count as
often as they occur; a word has one at each of its ends, too. A copy has 1, two languages of one script hardly 0.3.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from transforms.filters.points import Points
from transforms.shingles import IGNORED, folding_table

_FREE = 8  # counters for each trigram of the source at least, so that two rarely share one
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def similarity(source: Points, target: Points) -> np.ndarray:
    """Dice's coefficient of each pair's trigrams: float32 (n,) in [0, 1]; 0 where a side has no letters or numbers."""
    found = np.zeros(len(source.offsets) - 1, np.float32)
    longest = max(source.longest, target.longest) + 2
    counts = np.zeros(1 << (_FREE * longest).bit_length(), np.int32)
    _compare(*source, *target, folding_table(), np.empty((2, 2 * longest), np.uint64), counts, found)
    return found


@njit(cache=True, nogil=True)
def _compare(source, source_offsets, target, target_offsets, table, memory, counts, found):
    """`memory`: uint64 (2, trigrams of the longest text); `counts`: int32, all 0 before and after."""
    for r in range(found.shape[0]):
        first = _trigrams(source, source_offsets[r], source_offsets[r + 1], table, memory[0])
        second = _trigrams(target, target_offsets[r], target_offsets[r + 1], table, memory[1])
        bits = np.uint64(3)
        while (1 << bits) < _FREE * first:
            bits += np.uint64(1)
        shift, shared = np.uint64(64) - bits, 0
        for trigram in memory[0, :first]:
            counts[trigram * _GOLDEN >> shift] += 1
        for trigram in memory[1, :second]:
            slot = trigram * _GOLDEN >> shift
            shared += counts[slot] > 0
            counts[slot] -= 1
        for row, count in ((0, first), (1, second)):
            for trigram in memory[row, :count]:
                counts[trigram * _GOLDEN >> shift] = 0
        if first and second:
            found[r] = np.float32(2 * shared) / np.float32(first + second)


@njit(cache=True, nogil=True)
def _trigrams(values, start, end, table, trigrams):
    """Write the trigrams of a text's folded characters, three times 21 bits; what separates words is one 0.

    Returns:
        How many there are.
    """
    count, trigram, last = 0, np.uint64(0), np.uint64(0)
    for i in range(start, end + 1):
        character = np.uint64(table[values[i]]) if i < end else np.uint64(0)
        if character == IGNORED or (character == 0 and last == 0):
            continue
        last = character & np.uint64(0x1FFFFF)
        trigram = (trigram << np.uint64(21) | last) & np.uint64((1 << 63) - 1)
        if trigram >> np.uint64(21):
            trigrams[count] = trigram
            count += 1
    return count
