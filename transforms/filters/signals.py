"""The measurements of sentence pairs, made once; `rules` holds thresholds against them."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from transforms.langid import LanguageIdentifier
from transforms.languages import Language

MEASURING = 1
"""Raised whenever the same pair would be measured otherwise."""

SIGNALS = pa.schema([("source_characters", pa.int32()), ("target_characters", pa.int32())])
"""Measurements of a pair."""


@dataclass(frozen=True, kw_only=True)
class PairMeasuring:
    """How pairs are measured.

    Attributes:
        source, target: the languages that the sides claim.
    """

    source: Language
    target: Language


def measure(
    source: pa.StringArray,
    target: pa.StringArray,
    measuring: PairMeasuring,
    identifier: LanguageIdentifier | None = None,
) -> pa.RecordBatch:
    """Measure pairs.

    Args:
        source, target: string (n,), without nulls, normalised.
        measuring: how.
        identifier: which model to ask for the languages of both sides.

    Returns:
        A batch of schema `SIGNALS`, row by row the pairs.
    """
    return pa.record_batch([pc.utf8_length(side) for side in (source, target)], schema=SIGNALS)
