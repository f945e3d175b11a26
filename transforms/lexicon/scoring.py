"""How well the words of two texts explain each other: the evidence that one is a translation of the other.

Each word of a text has a probability under two models. The one says that it comes from a word of the other text, all
of them being equally likely, or from nothing; the other only knows how frequent the word is. The mean log ratio of the
two, over the words of the target and over those of the source, is the evidence: 0 where the other text does not matter.
Places of words help to learn translations (`training`), but tell true pairs from others no better.

A word's translations are what was seen in the sample less `DISCOUNT` of each count (absolute discounting: Ney, Essen
and Kneser, "On Structuring Probabilistic Dependences in Stochastic Language Modelling", 1994). So what two words have
to do with each other in a single pair is not held for knowledge, which a pair that was learnt from would otherwise
prove itself right by. The probability that becomes free, all of it for an unknown word, says: as frequent as anywhere,
or a copy (`COPIED`). That is what numbers, names and placeholders are known by.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from transforms.lexicon.calibration import Evidence
from transforms.lexicon.numerics import log
from transforms.lexicon.rows import Rows, is_marked, rows, slot_of, spread

DISCOUNT = 1.0
"""Off each expected count: what a single pair of texts can give."""

FAINT = 1e-4
"""Translations less probable than this in both directions are dropped: they say nothing, and are most of all."""

COPIED = 0.1
"""Share of copies in the probability that a word's known translations leave."""

LONGEST = 256
"""Words of a text that are looked at; the rest of a longer one is not."""


class Direction(NamedTuple):
    """Translations in one direction.

    Attributes:
        words: int32 (entries,), numbers of words, ascending.
        others: int32 (entries,), numbers of their translations.
        probabilities: float32 (entries,), of these.
    """

    words: np.ndarray
    others: np.ndarray
    probabilities: np.ndarray


class Translations(NamedTuple):
    """What words are known to translate to, sorted by source and target.

    Attributes:
        source, target: int32 (entries,), numbers of words.
        forward: float32 (entries,), discounted probability of the target word given the source word.
        backward: float32 (entries,), of the source word given the target word.
    """

    source: np.ndarray
    target: np.ndarray
    forward: np.ndarray
    backward: np.ndarray

    def directions(self) -> tuple[Direction, Direction]:
        """From the source to the target, and the reverse."""
        order = np.argsort(self.target, kind="stable")
        return (
            Direction(self.source, self.target, self.forward),
            Direction(self.target[order], self.source[order], self.backward[order]),
        )


class Scorer(NamedTuple):
    """What `evidence` looks up. Column 0 is of target words given source words, column 1 of the reverse.

    Attributes:
        gains: how much more likely each entry makes the one word when the other is there.
        source_rest, target_rest: float64 (words,), probability that a word's known translations leave.
        source_copy, target_copy: float64 (words,), how much more likely a copy makes a word.
        empty: probability that a word comes from nothing.
    """

    gains: Rows
    source_rest: np.ndarray
    target_rest: np.ndarray
    source_copy: np.ndarray
    target_copy: np.ndarray
    empty: float


def discounted(starts: np.ndarray, targets: np.ndarray, counts: np.ndarray, *, target_size: int) -> Translations:
    """The translations that are left when `DISCOUNT` is taken off each count, but for those that are `FAINT` then.

    Those of the empty word are dropped.

    Args:
        starts, targets: see `Entries`.
        counts: float64 (entries, 2), see `Trained`.
        target_size: every number of a target word is less.
    """
    columns = _discounted(starts, targets, counts, target_size)
    return Translations(*columns)


def scorer(
    translations: Translations,
    *,
    source_shares: np.ndarray,
    target_shares: np.ndarray,
    source_total: int,
    target_total: int,
    empty: float,
) -> Scorer:
    """Lay out translations for `evidence`.

    Args:
        translations: of the model.
        source_shares, target_shares: float64 (words,), the share of each word in all words, see `WordList.shares`.
        source_total, target_total: how many words the shares are of.
        empty: probability that a word comes from nothing.
    """
    gains = np.empty((translations.source.size, 2), np.float32)
    source_rest, target_rest = np.ones(source_shares.size), np.ones(target_shares.size)
    _weigh(translations, source_shares, target_shares, gains, source_rest, target_rest)
    copies = []
    for shares, total in ((source_shares, source_total), (target_shares, target_total)):
        copy = COPIED / np.maximum(shares, 1 / max(1, total))
        # Of unknown words each is as rare as can be.
        copy[1] = COPIED * max(1, total)
        copies.append(copy)
    found = rows(translations.source, translations.target, gains, source_shares.size)
    return Scorer(found, source_rest, target_rest, copies[0], copies[1], empty)


def evidence(
    scorer: Scorer,
    source: np.ndarray,
    source_hashes: np.ndarray,
    source_offsets: np.ndarray,
    target: np.ndarray,
    target_hashes: np.ndarray,
    target_offsets: np.ndarray,
) -> Evidence:
    """The evidence of n pairs of texts.

    Args:
        scorer: of the model.
        source, target: int32, numbers of words.
        source_hashes, target_hashes: uint64, their hashes.
        source_offsets, target_offsets: int64 (n + 1,), where each text's words start.
    """
    gain, words = np.zeros(source_offsets.size - 1), np.zeros(source_offsets.size - 1, np.int32)
    _evidence(scorer, source, source_hashes, source_offsets, target, target_hashes, target_offsets, gain, words)
    return Evidence(gain, words)


@njit(cache=True, nogil=True)
def _discounted(starts, targets, counts, target_size):
    by_source, by_target = np.zeros(starts.shape[0] - 1), np.zeros(target_size)
    for e in range(starts.shape[0] - 1):
        for k in range(starts[e], starts[e + 1]):
            by_source[e] += counts[k, 0]
            by_target[targets[k]] += counts[k, 1]
    source, target = np.empty(targets.shape[0], np.int32), np.empty(targets.shape[0], np.int32)
    forward, backward = np.empty(targets.shape[0], np.float32), np.empty(targets.shape[0], np.float32)
    left = 0
    for e in range(1, starts.shape[0] - 1):
        for k in range(starts[e], starts[e + 1]):
            there = max(counts[k, 0] - DISCOUNT, 0.0) / max(by_source[e], DISCOUNT)
            back = max(counts[k, 1] - DISCOUNT, 0.0) / max(by_target[targets[k]], DISCOUNT)
            if targets[k] > 0 and max(there, back) >= FAINT:
                source[left], target[left], forward[left], backward[left] = e, targets[k], there, back
                left += 1
    return source[:left].copy(), target[:left].copy(), forward[:left].copy(), backward[:left].copy()


@njit(cache=True, nogil=True)
def _weigh(translations, source_shares, target_shares, gains, source_rest, target_rest):
    """Write `gains`, float32 (entries, 2), and take translations off what is left, see `Scorer`."""
    source, target, forward, backward = translations
    for k in range(source.shape[0]):
        gains[k, 0] = forward[k] / target_shares[target[k]]
        gains[k, 1] = backward[k] / source_shares[source[k]]
        # What rounding leaves below zero is nothing.
        source_rest[source[k]] = max(source_rest[source[k]] - forward[k], 0.0)
        target_rest[target[k]] = max(target_rest[target[k]] - backward[k], 0.0)


@njit(cache=True, nogil=True)
def _evidence(scorer, source, source_hashes, source_offsets, target, target_hashes, target_offsets, gain, words):
    (starts, masks, marks, targets, gains), source_rest, target_rest, source_copy, target_copy, empty = scorer
    # For each word, how much more likely the other text's words make it, summed over them.
    forward, backward = np.empty(LONGEST), np.empty(LONGEST)
    spreads, asked = np.empty(LONGEST, np.uint64), np.empty(LONGEST + 1, np.int64)
    for p in range(gain.shape[0]):
        first, other_first = source_offsets[p], target_offsets[p]
        m, n = min(source_offsets[p + 1] - first, LONGEST), min(target_offsets[p + 1] - other_first, LONGEST)
        if m == 0 or n == 0:
            continue
        others, other_hashes = target[other_first : other_first + n], target_hashes[other_first : other_first + n]
        forward[:n] = (1 - COPIED) * _sum(source_rest, source[first : first + m])
        backward[:m] = (1 - COPIED) * _sum(target_rest, others)
        for j in range(n):
            spreads[j] = spread(others[j])
        for i in range(m):
            e, e_hash = source[first + i], source_hashes[first + i]
            start, mask = starts[e], masks[e]
            for j in asked[: _asked(marks, start, mask, spreads[:n], e_hash, other_hashes, asked)]:
                f = others[j]
                if mask:
                    slot = slot_of(targets, start, mask, spreads[j], f)
                    if targets[slot]:
                        forward[j] += gains[slot, 0]
                        backward[i] += gains[slot, 1]
                if e_hash == other_hashes[j]:
                    forward[j] += source_rest[e] * target_copy[f]
                    backward[i] += target_rest[f] * source_copy[e]
        gain[p] = (_mean_log(forward[:n], m, empty) + _mean_log(backward[:m], n, empty)) / 2
        words[p] = m + n


@njit(cache=True, nogil=True)
def _asked(marks, start, mask, spreads, e_hash, hashes, asked):
    """Write to `asked` the places of all words that a word may translate to, or that are its copies; returns how many.

    There is no branch in the loops: whether a word is one of these cannot be foreseen.
    """
    count = 0
    if mask:
        for j in range(spreads.shape[0]):
            asked[count] = j
            marked = is_marked(marks, start, mask, spreads[j])
            count += np.int64(marked | np.uint64(hashes[j] == e_hash))
    else:
        for j in range(spreads.shape[0]):
            asked[count] = j
            count += np.int64(hashes[j] == e_hash)
    return count


@njit(cache=True, nogil=True)
def _sum(values, places):
    total = 0.0
    for place in places:
        total += values[place]
    return total


@njit(cache=True, nogil=True)
def _mean_log(sums, origins, empty):
    """Mean over words of log(empty + (1 - empty) * the mean over their possible origins)."""
    total = 0.0
    for value in sums:
        total += log(empty + (1 - empty) / origins * value)
    return total / sums.shape[0]
