"""What translation probabilities are learnt from: a first guess by how words share the texts that they are in.

Training that begins with any word as likely as any other takes iterations to find out what counting says at once: a
word that is in every text shares all of them, and explains none. So words are weighed by the share that one has in all
that the other has (as the Dice coefficient does: Melamed, "Models of Translational Equivalence among Words", 2000).
Model 1 ends at the same probabilities wherever it begins, but gets there sooner from here.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from transforms.lexicon.entries import NO_ENTRY, Entries


def guess(entries: Entries, target_size: int) -> np.ndarray:
    """Probabilities to begin training with: in proportion to what two words share, and to the square of its share.

    Args:
        entries: pairs of words.
        target_size: every number of a target word is less.

    Returns:
        float64 (entries, 2): of the target word given the source word, and the reverse. For each given word they sum
        to 1.
    """
    guessed = entries.shared.copy()
    _guess(entries.starts, entries.targets, entries.shared, target_size, guessed)
    return guessed


@njit(cache=True, nogil=True)
def _guess(starts, targets, shared, target_size, guessed):
    """`guessed`: float64 (entries, 2), holds what is `shared`."""
    source_size = starts.shape[0] - 1
    of_source, of_target = np.zeros(source_size), np.zeros(target_size)
    # The empty words share something with all words, and stand for no texts.
    for e in range(1, source_size):
        for k in range(starts[e] + 1, starts[e + 1]):
            of_source[e] += shared[k, 1]
            of_target[targets[k]] += shared[k, 0]
    by_source, by_target = np.zeros(source_size), np.zeros(target_size)
    for e in range(source_size):
        for k in range(starts[e], starts[e + 1]):
            if e > 0 and targets[k] > 0:
                guessed[k, 0] *= (shared[k, 0] / of_target[targets[k]]) ** 2
                guessed[k, 1] *= (shared[k, 1] / of_source[e]) ** 2
            by_source[e] += guessed[k, 0]
            by_target[targets[k]] += guessed[k, 1]
    for e in range(source_size):
        for k in range(starts[e], starts[e + 1]):
            guessed[k, 0] /= by_source[e] if by_source[e] > 0 else 1
            guessed[k, 1] /= by_target[targets[k]] if by_target[targets[k]] > 0 else 1
    guessed[NO_ENTRY] = 0
