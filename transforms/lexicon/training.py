"""Translation probabilities of words, learnt from pairs of texts by expectation and maximisation.

Every word of a text comes from a word of the other text, or from the empty word. IBM model 1 takes all words of the
other text for equally likely origins; the diagonal model prefers those at about the same place (`diagonal`). At
tension 0 it is model 1, which makes the first iterations; then the tension is learnt as well.

Both directions, target words from source words and the reverse, are learnt at once over the same entries and links, but
know nothing of each other. Neither likelihood ever falls: probabilities are maximised exactly, and the tension is moved
by a step that a bound on the second derivative makes safe (Böhning and Lindsay, "Monotonicity of
quadratic-approximation algorithms", 1988). That bound is the variance of a number in [0, 1], a distance: at most 1/4.

All sums are float64 in a fixed order, and exponentials are our own: the same sample gives the same bits anywhere.

Sources: Brown et al., "The Mathematics of Statistical Machine Translation", 1993 (model 1); Dyer, Chahuneau and Smith,
"A Simple, Fast, and Effective Reparameterization of IBM Model 2", 2013 (the diagonal, and the empty word's share).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from transforms.lexicon.diagonal import STEEPEST, lay_out
from transforms.lexicon.entries import NO_ENTRY, Entries, Links, Side
from transforms.lexicon.numerics import log

_LIKELIHOOD, _DISTANCE, _EXPECTED, _ALIGNED = range(4)
_SMALL = 1e-150
"""Products of probabilities below it are made logarithms: two such make a product that a float64 still holds."""


class Trained(NamedTuple):
    """What training found. Column 0 is of target words given source words, column 1 of source given target words.

    Attributes:
        probabilities: float64 (entries, 2).
        counts: float64 (entries, 2), how often one word is expected to have come from the other in the sample.
        tension: float64 (2,).
        likelihood: float64 (iterations, 2): the sample's log likelihood before each iteration changed anything.
    """

    probabilities: np.ndarray
    counts: np.ndarray
    tension: np.ndarray
    likelihood: np.ndarray


def train(
    source: Side,
    target: Side,
    entries: Entries,
    links: Links,
    *,
    begin: np.ndarray | None = None,
    model1: int = 2,
    diagonal: int = 3,
    empty: float | None = 0.08,
) -> Trained:
    """Learn from a sample of pairs, fastest if pairs of the same two lengths follow each other.

    Takes 32 bytes for each entry, 8 for each word, and 72 times the links of the longest pair.

    Args:
        source: side of n pairs, no text of which is empty.
        target: the other side.
        entries: pairs of words.
        links: of the n pairs.
        begin: float64 (entries, 2), probabilities to begin with, see `guess`; None: any word is as likely as any other.
        model1: iterations in which the tension is 0.
        diagonal: iterations after them.
        empty: probability that a word comes from the empty word; None: the same as from any other, as model 1 has it.
    """
    table = _lines(entries.targets.size)
    table[:, :2] = begin if begin is not None else (1 / max(1, target.size - 1), 1 / max(1, source.size - 1))
    tension, likelihood = np.zeros(2), np.zeros((model1 + diagonal, 2))
    nothing = target.words.astype(np.int64), entries.starts[source.words]
    longest = int(np.diff(links.bounds).max(initial=0))
    share = -1.0 if empty is None else empty
    for iteration in range(model1 + diagonal):
        table[:, 2:], sums = 0, np.zeros((2, 4))
        _expect(source.offsets, target.offsets, *links, *nothing, share, tension, longest, table, sums)
        _maximise(entries.starts, entries.targets, target.size, table)
        likelihood[iteration] = sums[:, _LIKELIHOOD]
        if model1 <= iteration + 1 < model1 + diagonal:
            steps = (sums[:, _EXPECTED] - sums[:, _DISTANCE]) / np.maximum(sums[:, _ALIGNED] / 4, 1e-9)
            tension = np.clip(tension + steps, 0.0, STEEPEST)
    return Trained(table[:, :2], table[:, 2:], tension, likelihood)


def _lines(count: int) -> np.ndarray:
    """Zeros, float64 (count, 4), no row of which is in two lines of the processor's cache: that takes a fourth more."""
    room = np.zeros(4 * count + 7)
    first = -room.ctypes.data // 8 % 8
    return room[first : first + 4 * count].reshape(count, 4)


@njit(cache=True, nogil=True)
def _expect(offsets, other_offsets, entries, bounds, nothing, nothing_back, empty, tension, longest, table, sums):
    """Add up how often each entry is expected to have been used, and for each direction what helps to set the tension.

    Args:
        offsets, other_offsets: int64 (n + 1,), of the words of the source and of the target.
        entries, bounds: see `Links`.
        nothing, nothing_back: int64 (words,), the entry of each target word with the empty word, and of each source
            word.
        empty: probability of the empty word as an origin; negative: that of any other word.
        tension: float64 (2,).
        longest: links of a pair at most.
        table: float64 (entries, 4), probabilities in both directions, and the counts to add to, which are wanted just
            after them and lie in the same line of the processor's cache.
        sums: float64 (2, 4), added to: the log likelihood, the distance of words from their origins, the same by their
            places alone, and how many words do not come from the empty word.
    """
    scratch, words = np.empty((6, longest)), np.empty((6, longest))
    m, n = np.int64(0), np.int64(0)
    for p in range(bounds.shape[0] - 1):
        first, other_first, link, size = offsets[p], other_offsets[p], bounds[p], bounds[p + 1] - bounds[p]
        same = m == offsets[p + 1] - first and n == other_offsets[p + 1] - other_first
        m, n = offsets[p + 1] - first, other_offsets[p + 1] - other_first
        # A row an origin in either direction, so that all that goes along a row can be done several words at a time.
        forward, there, away = (
            scratch[0, :size].reshape((m, n)),
            scratch[1, :size].reshape((m, n)),
            scratch[2, :size].reshape((m, n)),
        )
        backward, back, away_back = (
            scratch[3, :size].reshape((n, m)),
            scratch[4, :size].reshape((n, m)),
            scratch[5, :size].reshape((n, m)),
        )
        if not same:
            lay_out(tension[0], away, there, words[0, :n])
            lay_out(tension[1], away_back, back, words[3, :m])
        # Loops of their own for what lies far apart in memory: many entries are under way at a time then.
        k = link
        for i in range(m):
            for j in range(n):
                entry = np.uint32(entries[k])  # unsigned, so that no place counts from the end
                forward[i, j], backward[j, i] = table[entry, 0], table[entry, 1]
                k += 1
        _weigh(forward, there, away, words[1, :n], words[2, :n])
        _weigh(backward, back, away_back, words[4, :m], words[5, :m])
        share, share_back = (empty, empty) if empty >= 0 else (1 / (m + 1), 1 / (n + 1))
        _settle(nothing[other_first : other_first + n], share, words[:3, :n], table, 0, sums[0])
        _settle(nothing_back[first : first + m], share_back, words[3:, :m], table, 1, sums[1])
        k = link
        for i in range(m):
            for j in range(n):
                entry = np.uint32(entries[k])
                table[entry, 2] += forward[i, j] * words[1, j]
                table[entry, 3] += backward[j, i] * words[4, i]
                k += 1


@njit(cache=True, nogil=True)
def _weigh(given, priors, distance, masses, away):
    """Multiply probabilities given an origin by those of the origin, and sum them over the origins of each word.

    Args:
        given: float64 (origins, words), of each word given each origin; becomes the products.
        priors, distance: float64 (origins, words), see `lay_out`.
        masses: float64 (words,), written: the sums.
        away: float64 (words,), written: the sums of products with the distance.
    """
    masses[:], away[:] = 0, 0
    for i in range(given.shape[0]):
        for j in range(given.shape[1]):
            product = given[i, j] * priors[i, j]
            given[i, j] = product
            masses[j] += product
            away[j] += product * distance[i, j]


@njit(cache=True, nogil=True)
def _settle(nothing, empty, words, table, column, sums):
    """For the words of a text, weigh the empty word against the others; add to its counts, and to `sums`.

    Args:
        nothing: int64 (words,), the entry of each with the empty word.
        empty: probability of the empty word as an origin.
        words: float64 (3, words): how far each word is from its origin by place alone, see `lay_out`; how likely the
            other words make it together, if it comes from one of them; and its sum `away`, see `_weigh`. The second
            becomes what each word's part in it must be multiplied by to be the probability that it is the origin.
        table: see `_expect`.
        column: of the direction.
        sums: float64 (4,).
    """
    expected, masses, away, likelihood = words[0], words[1], words[2], 1.0
    for w in range(masses.shape[0]):
        total = (1 - empty) * masses[w] + empty * table[nothing[w], column]
        factor = (1 - empty) / total
        table[nothing[w], 2 + column] += empty * table[nothing[w], column] / total
        # One logarithm for many words, as long as their product is far from what a float64 can hold.
        likelihood *= max(total, _SMALL)
        if likelihood <= _SMALL:
            sums[_LIKELIHOOD] += log(likelihood)
            likelihood = 1.0
        sums[_DISTANCE] += factor * away[w]
        sums[_EXPECTED] += factor * masses[w] * expected[w]
        sums[_ALIGNED] += factor * masses[w]
        masses[w] = factor
    sums[_LIKELIHOOD] += log(likelihood)


@njit(cache=True, nogil=True)
def _maximise(starts, targets, size, table):
    """Make expected counts probabilities: by source word, and by target word."""
    by_source, by_target = np.zeros(starts.shape[0] - 1), np.zeros(size)
    table[NO_ENTRY, 2], table[NO_ENTRY, 3] = 0, 0
    for e in range(starts.shape[0] - 1):
        for k in range(starts[e], starts[e + 1]):
            by_source[e] += table[k, 2]
            by_target[targets[k]] += table[k, 3]
    for e in range(starts.shape[0] - 1):
        for k in range(starts[e], starts[e + 1]):
            table[k, 0] = table[k, 2] / by_source[e] if by_source[e] > 0 else 0
            table[k, 1] = table[k, 3] / by_target[targets[k]] if by_target[targets[k]] > 0 else 0
