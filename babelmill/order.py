"""A seeded order of any number of rows, computed where it is needed instead of stored.

Shuffling N rows with an array of N indices takes 8 N bytes and has to be done again to resume. `Permutation` is a
function instead: it maps a position to a row, any position at any time, in next to no memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import isqrt

import numpy as np
from numpy.typing import NDArray

ROUNDS = 8
"""Four make a Feistel network indistinguishable from random (Luby and Rackoff, 1988); more, since small N need more."""

_FEW = 1 << 15
"""Values of a half for which the shifts are kept, 2 MiB for a billion rows: a look costs a fifth of a hash."""

_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True)
class Permutation:
    """A permutation of 0 … rows - 1, drawn from a seed and an epoch.

    A row number is written as a pair, `high * width + low`, with width and height about the square root of `rows`, and
    the halves take turns in shifting each other by a hash of themselves: a generalised Feistel network, which is one to
    one whatever the hash. `width * height` exceeds `rows` by less than `height`; a number that falls there is mapped
    again until it falls inside (cycle walking). Both are from Black and Rogaway, "Ciphers with arbitrary finite
    domains", 2002.

    Attributes:
        rows: how many rows, at least 0 and below 2**62.
        seed: any integer from 0.
        epoch: each epoch has an order of its own.
    """

    rows: int
    seed: int
    epoch: int = 0
    _keys: NDArray[np.uint64] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 <= self.rows < 2**62:
            raise ValueError(f"rows is {self.rows}, expected 0 to 2**62 - 1")
        if self.seed < 0 or self.epoch < 0:
            raise ValueError(f"seed is {self.seed} and epoch {self.epoch}, expected integers from 0")
        keys = np.random.SeedSequence([self.seed, self.epoch]).generate_state(ROUNDS, np.uint64)
        object.__setattr__(self, "_keys", keys)

    def __call__(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rows at some positions of the order.

        Args:
            positions: int64[n], each from 0 to `rows` - 1.

        Returns:
            int64[n]; all positions together give every row once.
        """
        rows = self._shuffled(positions.astype(np.uint64))
        outside = np.flatnonzero(rows >= np.uint64(self.rows))
        while outside.size:
            rows[outside] = self._shuffled(rows[outside])
            outside = outside[rows[outside] >= np.uint64(self.rows)]
        return rows.astype(np.int64)

    def _shuffled(self, numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
        width = self._sides[1]
        high = numbers // width
        low = numbers - high * width
        for turn in range(ROUNDS):
            if turn % 2:
                high = self._shifted(high, low, turn)
            else:
                low = self._shifted(low, high, turn)
        return high * width + low

    @cached_property
    def _sides(self) -> tuple[np.uint64, np.uint64]:
        """Height and width."""
        height = isqrt(max(self.rows - 1, 0)) + 1
        return np.uint64(height), np.uint64(max(1, -(-self.rows // height)))

    @cached_property
    def _shifts(self) -> list[NDArray[np.uint64]]:
        """What each value of a half shifts the other by, for each turn; none where there are too many."""
        if max(self._sides) > _FEW:
            return []
        return [self._shift(np.arange(self._sides[turn % 2], dtype=np.uint64), turn) for turn in range(ROUNDS)]

    def _shift(self, half: NDArray[np.uint64], turn: int) -> NDArray[np.uint64]:
        shifts, other = _hash(half, self._keys[turn]), self._sides[1 - turn % 2]
        # As `shifts % other`: numpy divides many by the same faster than it takes the remainder.
        return shifts - shifts // other * other

    def _shifted(self, half: NDArray[np.uint64], by: NDArray[np.uint64], turn: int) -> NDArray[np.uint64]:
        """One half, shifted by the hash of the other, and round to 0 where that reaches the end."""
        shifts = self._shifts
        moved = half + (shifts[turn].take(by.view(np.int64)) if shifts else self._shift(by, turn))
        # Below 0, numbers go on from 2**64: the lesser is the one that is in range.
        return np.minimum(moved, moved - self._sides[1 - turn % 2])


def _hash(numbers: NDArray[np.uint64], key: np.uint64) -> NDArray[np.uint64]:
    """Upper half of SplitMix64's finaliser (Steele, Lea and Flood, 2014); 32 bits, so that sums do not overflow."""
    mixed = numbers ^ key
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    return (mixed ^ (mixed >> np.uint64(31))) >> np.uint64(32)
