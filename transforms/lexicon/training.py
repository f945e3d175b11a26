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
    model1: int = 3,
    diagonal: int = 5,
    empty: float | None = 0.08,
) -> Trained:
    """Learn from a sample of pairs, fastest if pairs of the same two lengths follow each other.

    Takes 32 bytes for each entry, 8 for each word, and 72 times the links of the longest pair.

    Args:
        source: side of n pairs, no text of which is empty.
        target: the other side.
        entries: pairs of words.
        links: of the n pairs.
        model1: iterations in which the tension is 0.
        diagonal: iterations after them.
        empty: probability that a word comes from the empty word; None: the same as from any other, as model 1 has it.
    """
    table = _lines(entries.targets.size)
    # To begin with any word is as likely as any other.
    table[:, 0], table[:, 1] = 1 / max(1, target.size - 1), 1 / max(1, source.size - 1)
    tension, likelihood = np.zeros(2), np.zeros((model1 + diagonal, 2))
    nothing = target.words.astype(np.int64), entries.starts[source.words]
    longest = int(np.diff(links.bounds).max(initial=0))
    share = -1.0 if empty is None else empty
    for iteration in range(model1 + diagonal):
        table[:, 2:], sums = 0, np.zeros((2, 4))
        _expect(source.offsets, target.offsets, *links, *nothing, share, tension, longest, table, sums)
        _maximise(*entries, target.size, table)
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
    scratch, expected, factors = np.empty((5, longest)), np.empty((2, longest)), np.empty((2, longest))
    away = np.empty((2, longest))
    m, n = np.int64(0), np.int64(0)
    for p in range(bounds.shape[0] - 1):
        first, other_first, link, size = offsets[p], other_offsets[p], bounds[p], bounds[p + 1] - bounds[p]
        same = m == offsets[p + 1] - first and n == other_offsets[p + 1] - other_first
        m, n = offsets[p + 1] - first, other_offsets[p + 1] - other_first
        distance, there = scratch[0, :size].reshape((m, n)), scratch[1, :size].reshape((m, n))
        back, forward, backward = scratch[2, :size].reshape((m, n)), scratch[3, :size], scratch[4, :size]
        if not same:
            lay_out(tension, distance, there, back, expected)
        # Loops of their own for what lies far apart in memory: many entries are under way at a time then.
        for k in range(size):
            entry = np.uint32(entries[link + k])  # unsigned, so that no place counts from the end
            forward[k], backward[k] = table[entry, 0], table[entry, 1]
        _weigh(forward.reshape((m, n)), backward.reshape((m, n)), there, back, distance, factors, away)
        share, share_back = (empty, empty) if empty >= 0 else (1 / (m + 1), 1 / (n + 1))
        _settle(factors[0, :n], nothing[other_first : other_first + n], share, expected[0], away[0], table, 0, sums[0])
        _settle(factors[1, :m], nothing_back[first : first + m], share_back, expected[1], away[1], table, 1, sums[1])
        k = 0
        for i in range(m):
            for j in range(n):
                entry = np.uint32(entries[link + k])
                table[entry, 2] += forward[k] * factors[0, j]
                table[entry, 3] += backward[k] * factors[1, i]
                k += 1


@njit(cache=True, nogil=True)
def _weigh(forward, backward, there, back, distance, masses, away):
    """Multiply probabilities given an origin by those of the origin, and sum them over the origins of each word.

    Args:
        forward, backward: float64 (m, n), of word j given word i, and the reverse.
        there, back, distance: float64 (m, n), see `lay_out`.
        masses: float64 (2, m and n or more), written: the sums for each word j, and for each word i.
        away: the same, written: the sums of products with the distance.
    """
    m, n = forward.shape
    masses[0, :n], away[0, :n] = 0, 0
    for i in range(m):
        mass, far = 0.0, 0.0
        for j in range(n):
            forward[i, j] *= there[i, j]
            backward[i, j] *= back[i, j]
            masses[0, j] += forward[i, j]
            away[0, j] += forward[i, j] * distance[i, j]
            mass += backward[i, j]
            far += backward[i, j] * distance[i, j]
        masses[1, i], away[1, i] = mass, far


@njit(cache=True, nogil=True)
def _settle(masses, nothing, empty, expected, away, table, column, sums):
    """For the words of a text, weigh the empty word against the others; add to its counts, and to `sums`.

    Args:
        masses: float64 (words,), how likely the other words make each word together, if it comes from one of them;
            becomes what each word's part in that must be multiplied by to be the probability that it is the origin.
        nothing: int64 (words,), the entry of each with the empty word.
        empty: probability of the empty word as an origin.
        expected: float64 (words or more,), how far each word is from its origin, by place alone.
        away: float64 (words or more,), see `_weigh`.
        table: see `_expect`.
        column: of the direction.
        sums: float64 (4,).
    """
    for w in range(masses.shape[0]):
        total = (1 - empty) * masses[w] + empty * table[nothing[w], column]
        factor = (1 - empty) / total
        table[nothing[w], 2 + column] += empty * table[nothing[w], column] / total
        sums[_LIKELIHOOD] += log(total)
        sums[_DISTANCE] += factor * away[w]
        sums[_EXPECTED] += factor * masses[w] * expected[w]
        sums[_ALIGNED] += factor * masses[w]
        masses[w] = factor


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
