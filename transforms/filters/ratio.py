"""How long a translation is: the ratio of lengths of a language pair, learnt from its own pairs.

The log ratio of true pairs lies around a median, the closer the longer the texts are. Its spread was measured on ten
language pairs in seven scripts between 3 and 600 columns: it falls with the cube root of the length, more slowly than
the square root of Gale and Church (1993), whose characters are independent, as a translator's choices are not. So one
number, the spread at 100 columns, does for texts of all lengths.

Median and median absolute deviation (MAD) are learnt: up to a third of wrong pairs in the sample moves them little.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa

LEARNT_FROM = 100_000
"""Pairs that a ratio is learnt from at most: the first of those given."""

FEWEST = 200
"""Pairs that it takes to learn; with fewer, the default stays."""

COPY = 0.9
"""Similarity from which a pair says nothing on how long translations are."""

_REFERENCE = 100  # columns at which the spread is taken
_NORMAL = 1.4826  # standard deviation of a normal distribution / MAD
_LEAST_SPREAD = 0.05


@dataclass(frozen=True, kw_only=True)
class LengthRatio:
    """How long translations are.

    Attributes:
        median: of the log ratio of target to source length in columns.
        spread: of the log ratio about it at a length of 100 columns, as a standard deviation.
        source_unfinished, target_unfinished: share of pairs in which that side alone does not end in a stop.
        pairs: how many it was learnt from; 0: none, these are defaults.
    """

    median: float = 0.0
    spread: float = 0.3
    source_unfinished: float = 1.0
    target_unfinished: float = 1.0
    pairs: int = 0

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> LengthRatio:
        """The inverse of `to_json`."""
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """Its attributes as JSON values."""
        return asdict(self)

    def deviation(self, signals: pa.RecordBatch | pa.Table) -> np.ndarray:
        """How far each pair is from the median, in units of the spread at its length: float32 (n,).

        Below 0 the target is too short.
        """
        return ((_log_ratio(signals) - self.median) * _scale(signals) / self.spread).astype(np.float32)


DEFAULT_RATIO = LengthRatio()
"""For a language pair of too few pairs: wide enough for any two languages."""


def learn_ratio(signals: pa.RecordBatch | pa.Table) -> LengthRatio:
    """Learn how long translations of a language pair are.

    Args:
        signals: of schema `SIGNALS`, of pairs of one language pair drawn at random. Copies, and pairs of which a side
            has no letters, do not count.

    Returns:
        `DEFAULT_RATIO` where fewer than `FEWEST` pairs count.
    """
    letters = np.minimum(_column(signals, "source_letters"), _column(signals, "target_letters"))
    counts = np.flatnonzero((letters > 0) & (_column(signals, "similarity") < COPY))[:LEARNT_FROM]
    if counts.size < FEWEST:
        return DEFAULT_RATIO
    ratio, scale = _log_ratio(signals)[counts], _scale(signals)[counts]
    median = _weighted_median(ratio, scale)
    spread = _NORMAL * float(np.median(np.abs(ratio - median) * scale))
    source_ends, target_ends = (_column(signals, f"{side}_ends")[counts] > 0 for side in ("source", "target"))
    return LengthRatio(
        median=round(median, 6),
        spread=round(max(spread, _LEAST_SPREAD), 6),
        source_unfinished=round(float((target_ends & ~source_ends).mean()), 6),
        target_unfinished=round(float((source_ends & ~target_ends).mean()), 6),
        pairs=int(counts.size),
    )


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """The first value, in ascending order, by which half of the weight is reached."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(reached, reached[-1] / 2)]])


def _scale(signals: pa.RecordBatch | pa.Table) -> np.ndarray:
    """What multiplies a deviation so that its spread is that at the length of reference: float64 (n,)."""
    columns = 0.5 * (_column(signals, "source_columns") + _column(signals, "target_columns"))
    return np.cbrt(np.maximum(columns, 1) / _REFERENCE)


def _log_ratio(signals: pa.RecordBatch | pa.Table) -> np.ndarray:
    return _column(signals, "log_ratio").astype(np.float64)


def _column(signals: pa.RecordBatch | pa.Table, name: str) -> np.ndarray:
    return signals.column(name).to_numpy()
