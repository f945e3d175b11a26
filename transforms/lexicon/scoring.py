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

from transforms.lexicon.calibration import Evidence
from transforms.lexicon.numerics import log
from transforms.lexicon.rows import Rows, is_marked, rows, slot_of, spread
from vocab.bits import prefetch
from vocab.compiled import kernel, njit

DISCOUNT = 1.0
"""Off each expected count: what a single pair of texts can give."""

FAINT = 1e-4
"""Translations less probable than this in both directions are dropped: they say nothing, and are most of all."""

COPIED = 0.1
"""Share of copies in the probability that a word's known translations leave."""

LONGEST = 256
"""Words of a text that are looked at; the rest of a longer one is not."""

_AHEAD = np.uint64(64)
"""Words of what comes next that are fetched into the processor's cache."""

_SEEN = 1 << 10
_LAST_SEEN = np.uint64(_SEEN - 1)
"""Bits of a word's hash by which most words are told not to be copies of another text's."""

_SMALLEST, _LARGEST = 1e-150, 1e150


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
        source, target: float64 (words, 2), the probability that a word's known translations leave; and how much more
            likely a copy makes it.
        empty: probability that a word comes from nothing.
    """

    gains: Rows
    source: np.ndarray
    target: np.ndarray
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
    rests = np.ones(source_shares.size), np.ones(target_shares.size)
    _weigh(translations, source_shares, target_shares, gains, *rests)
    sides = []
    for rest, shares, total in zip(rests, (source_shares, target_shares), (source_total, target_total), strict=True):
        copy = COPIED / np.maximum(shares, 1 / max(1, total))
        # Of unknown words each is as rare as can be.
        copy[1] = COPIED * max(1, total)
        sides.append(np.stack([rest, copy], axis=1))
    return Scorer(rows(translations.source, translations.target, gains, source_shares.size), sides[0], sides[1], empty)


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
    rows, source_known, target_known, empty = scorer
    # For each word, how much more likely the other text's words make it, summed over them.
    forward, backward = np.empty(LONGEST), np.empty(LONGEST)
    spreads, asked, seen = np.empty(LONGEST, np.uint64), np.empty(LONGEST + 1, np.int32), np.full(_SEEN, -1, np.int32)
    for p in range(gain.shape[0]):
        first, other_first = np.uint64(source_offsets[p]), np.uint64(target_offsets[p])
        m = np.uint64(min(source_offsets[p + 1] - source_offsets[p], LONGEST))
        n = np.uint64(min(target_offsets[p + 1] - target_offsets[p], LONGEST))
        _fetch(source, first + m, rows.heads, source_known)
        _fetch(target, other_first + n, target_known, target_known)
        if m == 0 or n == 0:
            continue
        for j in range(n):
            spreads[j] = spread(target[other_first + j])
            seen[target_hashes[other_first + j] & _LAST_SEEN] = p
        _begin(source, first, m, source_known, forward, n)
        _begin(target, other_first, n, target_known, backward, m)
        _add_translations(rows, source, first, m, target, other_first, n, spreads, asked, forward, backward)
        for i in range(m):
            e_hash = source_hashes[first + i]
            if seen[e_hash & _LAST_SEEN] == p:
                e = source[first + i]
                for j in range(n):
                    if target_hashes[other_first + j] == e_hash:
                        f = target[other_first + j]
                        forward[j] += source_known[e, 0] * target_known[f, 1]
                        backward[i] += target_known[f, 0] * source_known[e, 1]
        gain[p] = (_mean_log(forward, n, m, empty) + _mean_log(backward, m, n, empty)) / 2
        words[p] = m + n


@kernel
def _fetch(words, first, table, other):
    """Have what is known of the words that come next fetched into the processor's cache: rows of two tables."""
    for w in range(first, min(first + _AHEAD, np.uint64(words.shape[0]))):
        prefetch(table, np.uint64(words[w]))
        prefetch(other, np.uint64(words[w]))


@kernel
def _begin(words, first, count, known, sums, size):
    """Write to all `sums` of the other text's words what a text gives each of them: what translations leave."""
    total = 0.0
    for w in range(first, first + count):
        total += known[np.uint32(words[w]), 0]
    for k in range(size):
        sums[k] = (1 - COPIED) * total


@kernel
def _add_translations(rows, source, first, m, target, other_first, n, spreads, asked, forward, backward):
    """Add to `forward` and `backward` the gains of all words of a source text, which begins at `first`, and a target's.

    There is no branch in the loop over every two words: whether one translates to the other cannot be foreseen.

    Args:
        spreads: uint64 (n,), see `rows.spread`, of the target text's words.
        asked: int32 (n + 1,), written.
    """
    heads, marks, slots = rows
    for i in range(m):
        prefetch(marks, np.uint64(heads[np.uint32(source[first + i]), 0]))
    for i in range(m):
        e = np.uint32(source[first + i])
        start, mask, count, back = np.uint64(heads[e, 0]), np.uint64(heads[e, 1]), np.uint64(0), 0.0
        if not mask:
            continue
        for j in range(n):
            asked[count] = j
            count += is_marked(marks, start, mask, spreads[j])
        for k in range(count):
            j = np.uint64(asked[k])
            slot = slot_of(slots, start, mask, spreads[j], target[other_first + j])
            # The gains of an empty slot are 0.
            forward[j] += slots[slot, 1]
            back += slots[slot, 2]
        backward[i] += back


@njit(cache=True, nogil=True)
def _mean_log(sums, count, origins, empty):
    """Mean over `count` words of log(empty + (1 - empty) * the mean over their possible origins)."""
    total, product, share = 0.0, 1.0, (1 - empty) / origins
    for k in range(count):
        product *= empty + share * sums[k]
        # One logarithm for many words, as long as their product is far from what a float64 can hold.
        if not _SMALLEST < product < _LARGEST:
            total += log(product)
            product = 1.0
    return (total + log(product)) / count
