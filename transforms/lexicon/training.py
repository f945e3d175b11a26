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

from transforms.lexicon.diagonal import STEEPEST, lay_out
from transforms.lexicon.entries import NO_ENTRY, Entries, Side
from transforms.lexicon.links import Links
from transforms.lexicon.numerics import log
from vocab.bits import prefetch
from vocab.compiled import kernel, njit

_LIKELIHOOD, _DISTANCE, _EXPECTED, _ALIGNED = range(4)
_AHEAD = np.uint64(64)
"""Links whose entries are fetched into the processor's cache before their turn comes."""

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

    Takes 32 bytes for each entry, 8 for each word, and at most 64 for every two words of the longest pair.

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
    share = -1.0 if empty is None else empty
    for iteration in range(model1 + diagonal):
        moved, sums = model1 <= iteration + 1 < model1 + diagonal, np.zeros((2, 4))
        if iteration:
            table[:, 2:] = 0
        _expect(source.offsets, target.offsets, *links, *nothing, share, tension, moved, table, sums)
        _maximise(entries.starts, entries.targets, target.size, table)
        likelihood[iteration] = sums[:, _LIKELIHOOD]
        if moved:
            steps = (sums[:, _EXPECTED] - sums[:, _DISTANCE]) / np.maximum(sums[:, _ALIGNED] / 4, 1e-9)
            tension = np.clip(tension + steps, 0.0, STEEPEST)
    return Trained(table[:, :2], table[:, 2:], tension, likelihood)


def _lines(count: int) -> np.ndarray:
    """Zeros, float64 (count, 4), no row of which is in two lines of the processor's cache: that takes a fourth more."""
    room = np.zeros(4 * count + 7)
    first = -room.ctypes.data // 8 % 8
    return room[first : first + 4 * count].reshape(count, 4)


@njit(cache=True, nogil=True)
def _expect(offsets, other_offsets, starts, links, nothing, nothing_back, empty, tension, moved, table, sums):
    """Add up how often each entry is expected to have been used, and for each direction what helps to set the tension.

    Args:
        offsets, other_offsets: int64 (n + 1,), of the words of the source and of the target.
        starts, links: see `Links`.
        nothing, nothing_back: int64 (words,), the entry of each target word with the empty word, and of each source
            word.
        empty: probability of the empty word as an origin; negative: that of any other word.
        tension: float64 (2,).
        moved: whether the tension is set after this.
        table: float64 (entries, 4), probabilities in both directions, and the counts to add to, which are wanted just
            after them and lie in the same line of the processor's cache.
        sums: float64 (2, 4), added to: the log likelihood, the distance of words from their origins, the same by their
            places alone, and how many words do not come from the empty word. Where the tension is not set, only the
            first means anything.
    """
    longest, longest_other, most, most_links = _longest(offsets, other_offsets, starts)
    # Of every two words: their priors in both directions, and how far apart they are.
    all_priors, all_distances, scratch = np.empty((most, 2)), np.empty(most), np.empty((3, most))
    # Of every link its products, see `_weigh`.
    products, words = np.empty((most_links, 2)), np.zeros((6, max(longest, longest_other)))
    m, n = np.int64(0), np.int64(0)
    for p in range(offsets.shape[0] - 1):
        first, other_first = offsets[p], other_offsets[p]
        same = m == offsets[p + 1] - first and n == other_offsets[p + 1] - other_first
        m, n = offsets[p + 1] - first, other_offsets[p + 1] - other_first
        priors, distances = all_priors[: m * n].reshape((m, n, 2)), all_distances[: m * n].reshape((m, n))
        if not same:
            _lay_out_both(tension, scratch, priors, distances, words[0, :n], words[3, :m])
        masses, away = words[1, :n], words[2, :n]
        masses[:], away[:] = 0, 0
        _weigh(table, starts, links, first, m, n, all_priors, all_distances, moved, products, words)
        share, share_back = (empty, empty) if empty >= 0 else (1 / (m + 1), 1 / (n + 1))
        _settle(nothing[other_first : other_first + n], share, words[:3, :n], table, 0, sums[0])
        _settle(nothing_back[first : first + m], share_back, words[3:, :m], table, 1, sums[1])
        _count(table, starts, links, first, m, products, words)


@njit(cache=True, nogil=True)
def _longest(offsets, other_offsets, starts):
    """Of all pairs the most words of a text of either side, the most of one times those of the other, and of links."""
    longest, longest_other, most, links = 0, 0, 0, 0
    for p in range(offsets.shape[0] - 1):
        m, n = offsets[p + 1] - offsets[p], other_offsets[p + 1] - other_offsets[p]
        longest, longest_other, most = max(longest, m), max(longest_other, n), max(most, m * n)
        links = max(links, starts[offsets[p + 1]] - starts[offsets[p]])
    return longest, longest_other, most, links


@njit(cache=True, nogil=True)
def _lay_out_both(tension, scratch, priors, distances, expected, expected_back):
    """Lay out both directions, see `diagonal.lay_out`, link by link.

    Args:
        tension: float64 (2,).
        scratch: float64 (3, m * n or more), written.
        priors: float64 (m, n, 2), written.
        distances: float64 (m, n), written.
        expected, expected_back: float64 (n,) and (m,), written.
    """
    m, n = distances.shape
    there, back = scratch[0, : m * n].reshape((m, n)), scratch[1, : m * n].reshape((n, m))
    lay_out(tension[0], distances, there, expected)
    lay_out(tension[1], scratch[2, : m * n].reshape((n, m)), back, expected_back)
    for i in range(m):
        for j in range(n):
            priors[i, j, 0], priors[i, j, 1] = there[i, j], back[j, i]


@kernel
def _weigh(table, starts, links, first, m, n, priors, distances, moved, products, words):
    """Multiply the probabilities of a pair's links by those of the places, and sum them over the origins.

    Both directions are done at once, since the two probabilities of an entry come from memory together.

    Args:
        table: see `_expect`.
        starts, links: see `Links`.
        first: the first word of the pair's source text.
        m, n: words of both texts.
        priors: float64 (m * n, 2), see `lay_out`.
        distances: float64 (m * n,), likewise.
        moved: see `_expect`.
        products: float64 (links, 2), written.
        words: see `_expect`; its sums of products are written, if the tension is moved also those times the distance.
    """
    begin, last = np.uint64(starts[first]), np.uint64(links.shape[0] - 1)
    for i in range(np.uint64(m)):
        mass, far, row = 0.0, 0.0, i * np.uint64(n)
        for link in range(np.uint64(starts[first + i]), np.uint64(starts[first + i + 1])):
            prefetch(table, np.uint64(links[min(link + _AHEAD, last), 0]))
            # unsigned, so that no place counts from the end
            entry, j, k = np.uint32(links[link, 0]), np.uint64(links[link, 1]), link - begin
            there, back = table[entry, 0] * priors[row + j, 0], table[entry, 1] * priors[row + j, 1]
            products[k, 0], products[k, 1] = there, back
            words[1, j] += there
            mass += back
            if moved:
                words[2, j] += there * distances[row + j]
                far += back * distances[row + j]
        words[4, i], words[5, i] = mass, far


@kernel
def _count(table, starts, links, first, m, products, words):
    """Add the probabilities that words come from each other to the counts of a pair's links.

    Args:
        table, starts, links, first, m, products: see `_weigh`.
        words: see `_expect`, settled.
    """
    begin = np.uint64(starts[first])
    for i in range(np.uint64(m)):
        part_back = words[4, i]
        for link in range(np.uint64(starts[first + i]), np.uint64(starts[first + i + 1])):
            entry, j, k = np.uint32(links[link, 0]), np.uint64(links[link, 1]), link - begin
            table[entry, 2] += products[k, 0] * words[1, j]
            table[entry, 3] += products[k, 1] * part_back


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
    # Copies stay in registers; in the array, each sum would wait for memory.
    far, by_place, aligned = sums[_DISTANCE], sums[_EXPECTED], sums[_ALIGNED]
    for w in range(masses.shape[0]):
        entry, mass = np.uint64(nothing[w]), masses[w]
        chance = empty * table[entry, column]
        total = (1 - empty) * mass + chance
        factor = (1 - empty) / total
        table[entry, 2 + column] += chance / total
        # One logarithm for many words, as long as their product is far from what a float64 can hold.
        likelihood *= max(total, _SMALL)
        if likelihood <= _SMALL:
            sums[_LIKELIHOOD] += log(likelihood)
            likelihood = 1.0
        far += factor * away[w]
        by_place += factor * mass * expected[w]
        aligned += factor * mass
        masses[w] = factor
    sums[_LIKELIHOOD] += log(likelihood)
    sums[_DISTANCE], sums[_EXPECTED], sums[_ALIGNED] = far, by_place, aligned


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
