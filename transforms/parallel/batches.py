"""Pairs in batches of columns, how they are read, and what a reader counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

PAIRS = pa.schema([("document", pa.int64()), ("source", pa.binary()), ("target", pa.binary()), ("score", pa.float32())])
"""A batch of pairs. `document`: number of the pair in its source file, from 0, whatever was left out before it;
`source`, `target`: text as in the source, maybe invalid UTF-8, in the order of `Bitext.languages`; `score`: of the
corpus, NaN where it has none."""


@dataclass
class Tally:
    """What a reader has met so far.

    Attributes:
        documents: pairs, those left out included.
        bytes: bytes of text in the pairs that came out.
        dropped: reason -> pairs that were left out since they are none.
        licence: what the files themselves say.
        complete: False once reading has stopped before the end of the files, at the lowest score wanted.
    """

    documents: int = 0
    bytes: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    licence: str | None = None
    complete: bool = True

    def drop(self, reason: str, count: int) -> None:
        """Count pairs that were left out."""
        if count:
            self.dropped[reason] += count


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How a bitext is read.

    Attributes:
        batch_bytes: a batch ends with the row that brings its text to this size.
        max_line_bytes: a longer line is an error.
        min_score: pairs with a lower score are left out and counted as `score`; a table in descending order of score
            is read little further than that.
        first_document: number of the first pair to yield.
    """

    batch_bytes: int = 1 << 20
    max_line_bytes: int = 16 << 20
    min_score: float | None = None
    first_document: int = 0

    def __post_init__(self):
        if min(self.batch_bytes, self.max_line_bytes) < 1 or self.first_document < 0:
            raise ValueError(f"sizes must be positive and first_document not negative: {self}")
        if 2 * self.max_line_bytes + self.batch_bytes > 1 << 30:
            raise ValueError(
                f"2 * max_line_bytes + batch_bytes is {2 * self.max_line_bytes + self.batch_bytes:,}, expected at most "
                f"{1 << 30:,}: Arrow's int32 offsets, and the memory of a worker"
            )


def batch_of(
    document: np.ndarray, source: pa.Array, target: pa.Array, score: pa.Array | np.ndarray | None = None
) -> pa.RecordBatch:
    """A batch of pairs.

    Args:
        document: int64 (n,).
        source, target: binary (n,).
        score: float32 (n,); None where there is none.
    """
    scores = np.full(len(document), np.nan, np.float32) if score is None else score
    return pa.RecordBatch.from_arrays(
        [pa.array(document, pa.int64()), source, target, pa.array(scores, pa.float32())], schema=PAIRS
    )
