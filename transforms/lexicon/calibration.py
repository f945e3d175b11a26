"""From evidence to a score: how likely a pair of texts is a translation rather than two texts that met by chance.

The evidence of a pair is how much better its words are explained by each other than by how frequent they are
(`scoring`). How much that says depends on the language pair and on the length: two words alike may be chance,
twenty are not. So a logistic regression is fitted for each language pair, to pairs of its sample and to as many that
are shuffled:

    score = 1 / (1 + exp(-(a + c * log(words) + (b + d * log(words)) * evidence)))

The weights a to d are drawn to usual ones by a normal prior, which decides as long as the sample is tiny. The score
never falls when the evidence rises.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from transforms.lexicon.numerics import exp, log, logistic
from vocab.compiled import njit

USUAL = (-1.0, 1.0, 0.0, 0.5)
"""Weights a, b, c, d where nothing is known of a language pair."""

PRECISION = 1.0
"""Of the prior: the inverse of the variance of each weight around the usual one."""

_STEPS, _HALVINGS, _ENOUGH = 50, 20, 1e-10
"""Bounds on Newton's method; and the share by which a step must raise the objective for another to be made."""


class Evidence(NamedTuple):
    """Of n pairs of texts.

    Attributes:
        gain: float64 (n,), mean log of how much more likely a word is for the other text being there.
        words: int32 (n,), words of both texts that this is the mean of; 0 where there is none to go by.
    """

    gain: np.ndarray
    words: np.ndarray


def calibrate(true: Evidence, shuffled: Evidence) -> tuple[float, float, float, float]:
    """The weights a, b, c, d that tell pairs from shuffled ones best; pairs without words are left out."""
    gains, words = np.r_[true.gain, shuffled.gain], np.r_[true.words, shuffled.words]
    labels = np.r_[np.ones(true.gain.size), np.zeros(shuffled.gain.size)]
    told = words > 0
    weights = np.array(USUAL)
    _fit(_features(gains[told], words[told]), labels[told], weights)
    a, b, c, d = weights.tolist()
    return a, b, c, d


def scores(evidence: Evidence, weights: tuple[float, float, float, float]) -> np.ndarray:
    """The scores of pairs, float32 (n,) in [0, 1]; 0 where there is nothing to go by."""
    return _scores(evidence.gain, evidence.words, np.array(weights))


def area(true: np.ndarray, shuffled: np.ndarray) -> float:
    """The area under the ROC curve: how often a pair scores above a shuffled one, ties counting half; NaN for none."""
    if not true.size or not shuffled.size:
        return math.nan
    ordered = np.sort(shuffled)
    twice = np.searchsorted(ordered, true, side="left").sum() + np.searchsorted(ordered, true, side="right").sum()
    return float(twice) / (2 * true.size * shuffled.size)


@njit(cache=True, nogil=True)
def _features(gains, words):
    features = np.empty((gains.shape[0], 4))
    for p in range(gains.shape[0]):
        length = log(float(words[p]))
        features[p, 0], features[p, 1], features[p, 2], features[p, 3] = 1.0, gains[p], length, gains[p] * length
    return features


@njit(cache=True, nogil=True)
def _scores(gains, words, weights):
    found = np.zeros(gains.shape[0], np.float32)
    for p in range(gains.shape[0]):
        if words[p] > 0:
            length = log(float(words[p]))
            slope = max(weights[1] + weights[3] * length, 0.0)
            found[p] = logistic(weights[0] + weights[2] * length + slope * gains[p])
    return found


@njit(cache=True, nogil=True)
def _fit(features, labels, weights):
    """Newton's method for the penalised likelihood, a concave function; a step that does not raise it is halved."""
    usual, step = weights.copy(), np.zeros(4)
    best = _objective(features, labels, weights, usual)
    for _ in range(_STEPS):
        _newton_step(features, labels, weights, usual, step)
        found, halvings = _objective(features, labels, weights + step, usual), 0
        while found < best and halvings < _HALVINGS:
            step *= 0.5
            found, halvings = _objective(features, labels, weights + step, usual), halvings + 1
        if found <= best:
            return
        weights += step
        if found - best <= _ENOUGH * abs(best):
            return
        best = found


@njit(cache=True, nogil=True)
def _objective(features, labels, weights, usual):
    """Log likelihood of the labels and log density of the weights, but for a constant."""
    total = 0.0
    for k in range(4):
        total -= 0.5 * PRECISION * (weights[k] - usual[k]) ** 2
    for p in range(labels.shape[0]):
        score = 0.0
        for k in range(4):
            score += weights[k] * features[p, k]
        margin = score if labels[p] > 0 else -score
        # log(1 / (1 + exp(-margin))), without exponentials of what is large
        total += min(margin, 0.0) - log(1 + exp(-abs(margin)))
    return total


@njit(cache=True, nogil=True)
def _newton_step(features, labels, weights, usual, step):
    """Solve (curvature) * step = gradient by elimination; the curvature is positive definite."""
    curvature, gradient = np.zeros((4, 4)), np.empty(4)
    for k in range(4):
        curvature[k, k], gradient[k] = PRECISION, PRECISION * (usual[k] - weights[k])
    for p in range(labels.shape[0]):
        score = 0.0
        for k in range(4):
            score += weights[k] * features[p, k]
        probability = logistic(score)
        for k in range(4):
            gradient[k] += (labels[p] - probability) * features[p, k]
            for h in range(4):
                curvature[k, h] += probability * (1 - probability) * features[p, k] * features[p, h]
    for k in range(4):
        for h in range(k + 1, 4):
            factor = curvature[h, k] / curvature[k, k]
            curvature[h] -= factor * curvature[k]
            gradient[h] -= factor * gradient[k]
    for k in range(3, -1, -1):
        rest = gradient[k]
        for h in range(k + 1, 4):
            rest -= curvature[k, h] * step[h]
        step[k] = rest / curvature[k, k]
