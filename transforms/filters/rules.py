"""Which pairs stay: thresholds held against measurements. Nothing is measured here, so moving one costs little."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from transforms.languages import Language
from transforms.rules import Judgement

REASONS = ("empty", "too_long")
"""Why a pair is rejected. The first that applies is the one that counts."""


@dataclass(frozen=True, kw_only=True)
class PairRules:
    """What a pair of two languages must be like. Two numbers are for source and target.

    Attributes:
        max_characters: bounds of each side's length in code points, both allowed.
    """

    max_characters: tuple[int, int] = (1050, 1050)

    @classmethod
    def of(cls, source: Language, target: Language, **changed: Any) -> PairRules:
        """The defaults for two languages, but for what is said otherwise."""
        return cls(**changed)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> PairRules:
        """The inverse of `to_json`."""
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})

    def to_json(self) -> dict[str, Any]:
        """Its attributes as JSON values."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def judge(signals: pa.RecordBatch, score: np.ndarray | None, lexical: np.ndarray | None, rules: PairRules) -> Judgement:
    """Judge every pair of a batch.

    Args:
        signals: of schema `SIGNALS`.
        score: float32 (n,), the corpus's score, NaN where a pair has none; None: no pair has one.
        lexical: float32 (n,) in [0, 1], the lexical score, NaN likewise; None: it was not computed.
        rules: of the language pair.

    Returns:
        `reason`: int8 (n,), index in `REASONS`, -1 where the pair stays; `value`: float32 (n,), the measurement that
        decided, NaN where the pair stays.
    """
    lengths = np.stack([signals.column(f"{side}_characters").to_numpy() for side in ("source", "target")])
    most = np.array(rules.max_characters)[:, None]
    applies = [lengths.min(axis=0) == 0, (lengths > most).any(axis=0)]
    values = [lengths.min(axis=0), lengths.max(axis=0)]
    return Judgement(
        reason=np.select(applies, [np.int8(i) for i in range(len(REASONS))], np.int8(-1)),
        value=np.select(applies, [value.astype(np.float32) for value in values], np.float32(np.nan)),
    )
