"""Where words come from by their places alone: translations keep near the diagonal.

Word j of n comes from word i of m with a probability in proportion to exp(-tension * |x_i - x_j|), where x_i and x_j
are the middles of the words in texts of length 1. Source: Dyer, Chahuneau and Smith, "A Simple, Fast, and Effective
Reparameterization of IBM Model 2", 2013.
"""

from __future__ import annotations

import numpy as np

from transforms.lexicon.numerics import exp
from vocab.compiled import njit

STEEPEST = 64.0
"""Bound on the tension; words that are a tenth of the text apart are 600 times less likely then."""


@njit(cache=True, nogil=True)
def lay_out(tension, distance, priors, expected):
    """Write the probabilities of origins by place, for a text of n words that come from a text of m words.

    Args:
        tension: from 0 to `STEEPEST`.
        distance: float64 (m, n), written: how far origin i is from word j.
        priors: float64 (m, n), written: the probability that word j has its origin in word i; columns sum to 1.
        expected: float64 (n,), written: how far each word is from its origin on average.
    """
    m, n = distance.shape
    for i in range(m):
        for j in range(n):
            distance[i, j] = abs(_middle(i, m) - _middle(j, n))
    _weigh(tension, priors)
    _normalise(priors, distance, expected)


@njit(cache=True, nogil=True)
def _middle(word, count):
    return (word + 0.5) / count


@njit(cache=True, nogil=True)
def _weigh(tension, weights):
    """Write exp(-tension * distance), with two exponentials for each word instead of one for each two words."""
    m, n = weights.shape
    rows, columns = _powers(tension, m), _powers(tension, n)
    for i in range(m):
        for j in range(n):
            weights[i, j] = min(rows[0, i] * columns[1, j], rows[1, i] * columns[0, j])


@njit(cache=True, nogil=True)
def _powers(tension, count):
    """exp(tension * x) and exp(-tension * x) for the middles of words, float64 (2, count)."""
    powers, factor = np.empty((2, count)), exp(tension / count)
    powers[0, 0] = exp(tension * _middle(0, count))
    for i in range(1, count):
        powers[0, i] = powers[0, i - 1] * factor
    powers[1] = 1 / powers[0]
    return powers


@njit(cache=True, nogil=True)
def _normalise(weights, distance, expected):
    """Make every column sum to 1 and write its mean distance, row by row as the numbers lie in memory."""
    m, n = weights.shape
    totals = np.zeros(n)
    expected[:] = 0
    for i in range(m):
        for j in range(n):
            totals[j] += weights[i, j]
            expected[j] += weights[i, j] * distance[i, j]
    expected /= totals
    totals = 1 / totals
    for i in range(m):
        for j in range(n):
            weights[i, j] *= totals[j]
