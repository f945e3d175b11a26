"""chrF: how alike two texts are by their character n-grams, as translations are judged.

Popović, 2015: chrF: character n-gram F-score for automatic MT evaluation. As sacrebleu has it by default: n-grams of 1
to 6 characters, white space left out, recall counts twice as much as precision (chrF2), both are averaged over the
lengths that both texts have n-grams of.
"""

from __future__ import annotations

import numpy as np

from transforms.ascending import first_from
from transforms.filters.points import Points
from vocab.compiled import njit

ORDER = 6
"""Characters of the longest n-gram."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_SPACES = np.array(
    [
        *(*range(0x9, 0xE), *range(0x1C, 0x21), 0x85, 0xA0, 0x1680),
        *(*range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000),
    ],
    np.uint32,
)
"""What `str.isspace` says is white space."""


def chrf(found: Points, expected: Points) -> np.ndarray:
    """chrF2 of each text against another.

    Args:
        found: n texts, such as translations.
        expected: n texts, such as references.

    Returns:
        float32 (n,) in [0, 1]; 0 where a side has nothing but white space.
    """
    scores = np.zeros(len(found.offsets) - 1, np.float32)
    room = max(found.longest, expected.longest, 1)
    _score(*found, *expected, _SPACES, np.empty((4, room), np.uint64), scores)
    return scores


@njit(cache=True, nogil=True)
def _score(found, found_offsets, expected, expected_offsets, spaces, memory, scores):
    """`memory`: uint64 (4, characters of the longest text): letters of both sides, and their n-grams."""
    for r in range(scores.shape[0]):
        first = _letters(found, found_offsets[r], found_offsets[r + 1], spaces, memory[0])
        second = _letters(expected, expected_offsets[r], expected_offsets[r + 1], spaces, memory[1])
        precision, recall, orders = 0.0, 0.0, 0
        for n in range(1, min(ORDER, first, second) + 1):
            mine = _ngrams(memory[0, :first], n, memory[2])
            theirs = _ngrams(memory[1, :second], n, memory[3])
            shared = _shared(memory[2, :mine], memory[3, :theirs])
            precision += shared / mine
            recall += shared / theirs
            orders += 1
        if orders and precision + recall > 0:
            precision, recall = precision / orders, recall / orders
            scores[r] = np.float32(5 * precision * recall / (4 * precision + recall))


@njit(cache=True, nogil=True)
def _letters(values, start, end, spaces, letters):
    """Write what is not white space; returns how much it is."""
    count = 0
    for i in range(start, end):
        place = first_from(spaces, values[i])
        if place == spaces.shape[0] or spaces[place] != values[i]:
            letters[count] = np.uint64(values[i])
            count += 1
    return count


@njit(cache=True, nogil=True)
def _ngrams(letters, n, grams):
    """Write hashes of all n-grams, sorted; returns how many there are."""
    count = letters.shape[0] - n + 1
    for i in range(count):
        gram = np.uint64(0)
        for k in range(i, i + n):
            gram = (gram ^ letters[k]) * _GOLDEN
            gram ^= gram >> np.uint64(29)
        grams[i] = gram
    grams[:count].sort()
    return count


@njit(cache=True, nogil=True)
def _shared(first, second):
    """How many n-grams two sorted lists have in common, each as often as both have it."""
    i, j, shared = 0, 0, 0
    while i < first.shape[0] and j < second.shape[0]:
        if first[i] == second[j]:
            shared += 1
            i += 1
            j += 1
        elif first[i] < second[j]:
            i += 1
        else:
            j += 1
    return shared
