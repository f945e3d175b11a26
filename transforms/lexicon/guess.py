"""What translation probabilities are learnt from: a first guess by how often words meet.

Training that begins with any word as likely as any other takes iterations to find out what counting says at once: a
word that is in every text meets all others, and explains none. So words are weighed by the share that one has in all
that the other meets (as the Dice coefficient does: Melamed, "Models of Translational Equivalence among Words", 2000).
Model 1 ends at the same probabilities wherever it begins, but gets there sooner from here.

Most words that meet have nothing to do with each other, and the guess says so. What it holds for next to impossible is
not learnt at all: that is most of what training would take time for, and none of what it finds.
"""

from __future__ import annotations

import numpy as np

from transforms.lexicon.entries import NO_ENTRY, Entries
from vocab.compiled import njit


def guess(entries: Entries, target_size: int, *, least: float = 0.0) -> tuple[Entries, np.ndarray]:
    """Probabilities to begin training with: in proportion to how often two words meet, and to the square of its share.

    Args:
        entries: pairs of words.
        target_size: every number of a target word is less.
        least: entries that are guessed to be less probable in both directions are left out, unless one of their words
            is the empty one.

    Returns:
        The entries that are left, and float64 (entries, 2): the probability of the target word given the source word,
        and the reverse. For each given word those of all entries sum to 1, with those that are left out.
    """
    starts, count = np.zeros_like(entries.starts), entries.targets.size
    targets, shared, guessed = np.empty(count, np.int32), np.empty(count), np.empty((count, 2))
    _guess(*entries, target_size, least, starts, targets, shared, guessed)
    left = int(starts[-1])
    return Entries(starts, targets[:left].copy(), shared[:left].copy()), guessed[:left]


@njit(cache=True, nogil=True)
def _guess(starts, targets, shared, size, least, kept_starts, kept_targets, kept_shared, guessed):
    by_source, by_target = np.zeros(starts.shape[0] - 1), np.zeros(size)
    for e in range(starts.shape[0] - 1):
        for k in range(starts[e], starts[e + 1]):
            there, back = _weights(starts, shared, e, k, targets[k])
            by_source[e] += there
            by_target[targets[k]] += back
    left = 0
    for e in range(starts.shape[0] - 1):
        for k in range(starts[e], starts[e + 1]):
            f = targets[k]
            there, back = _weights(starts, shared, e, k, f)
            there, back = _share(there, by_source[e]), _share(back, by_target[f])
            kept_targets[left], kept_shared[left] = f, shared[k]
            guessed[left, 0], guessed[left, 1] = there, back
            left += np.int64(e == 0 or f == 0 or there >= least or back >= least)
        kept_starts[e + 1] = left
    guessed[NO_ENTRY] = 0


@njit(cache=True, nogil=True, inline="always")
def _weights(starts, shared, e, k, f):
    """What the guesses of entry k in both directions are in proportion to; the empty words come from none."""
    if e == 0:
        return float(shared[k]), 0.0
    if f == 0:
        return 0.0, float(shared[k])
    # How often each word is stands at its entry with the empty word.
    return shared[k] * (shared[k] / shared[f]) ** 2, shared[k] * (shared[k] / shared[starts[e]]) ** 2


@njit(cache=True, nogil=True, inline="always")
def _share(part, whole):
    return part / whole if whole > 0 else 0.0
