"""Exponentials and logarithms that are the same to the last bit on every machine.

The C library's depend on its version and on the processor: one that fuses multiplications and additions rounds less
often. A model is learnt from millions of them, and two machines would end up with two models. These are made of single
IEEE 754 operations in a fixed order, and wrong by at most a few units in the last place.
"""

from __future__ import annotations

import math

import numpy as np

from vocab.compiled import njit

LOG_OF_2 = math.log(2)

_HIGH, _LOW = float.fromhex("0x1.62e42fefp-1"), 7.440617110012397e-11
"""The logarithm of 2 in two parts. The first ends in zeros, so that its multiples by an exponent are exact."""

_FACTORIALS = tuple(1 / math.factorial(k) for k in range(13, -1, -1))
_ODD = tuple(1 / k for k in range(21, 0, -2))


@njit(cache=True, nogil=True)
def exp(x):
    """e to the power of x, float64, for x in [-700, 700]; beyond that as at the bounds.

    Halved and doubled until what is left is at most log(2) / 2, where Taylor's series is short.
    """
    x = min(max(x, -700.0), 700.0)
    doublings = math.floor(x / LOG_OF_2 + 0.5)
    rest = (x - doublings * _HIGH) - doublings * _LOW
    total = 0.0
    for factor in _FACTORIALS:
        total = total * rest + factor
    return math.ldexp(total, np.int32(doublings))


@njit(cache=True, nogil=True)
def log(x):
    """The natural logarithm of x > 0, float64.

    x = 2^k * y with y between sqrt(1/2) and sqrt(2), and log(y) = 2 artanh((y - 1) / (y + 1)).
    """
    y, k = math.frexp(x)
    if y < math.sqrt(0.5):
        y, k = 2 * y, k - 1
    s = (y - 1) / (y + 1)
    square, total = s * s, 0.0
    for factor in _ODD:
        total = total * square + factor
    return k * _HIGH + (2 * s * total + k * _LOW)


@njit(cache=True, nogil=True)
def logistic(x):
    """1 / (1 + e^-x), float64."""
    return 1 / (1 + exp(-x))
