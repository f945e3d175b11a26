"""Tables of pairs: one line a pair, columns separated by tabs, maybe with a score, in a file that may be compressed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from transforms.parallel.batches import ReadOptions, Tally, batch_of
from transforms.parallel.bitext import Bitext
from transforms.parallel.columns import fields, scores
from transforms.parallel.lines import Lines, in_step
from transforms.parallel.streams import file_pieces
from transforms.sources import SourceError

LOOK_AHEAD = 10_000
"""Pairs below the lowest score wanted by which a file must prove to be in order."""


def read(paths: Sequence[Path], bitext: Bitext, options: ReadOptions, tally: Tally) -> Iterator[pa.RecordBatch]:
    """The pairs of a table, in the order of its codes.

    A line with too few columns, or with something else than a number for a score, is left out and counted as
    `malformed`. Where the file is in descending order of score, reading stops some way below `options.min_score`. The
    order is taken on trust as little as possible: one score above the one before it, up to `LOOK_AHEAD` pairs below
    the lowest that is wanted, and the file is read to its end.

    Args:
        paths: the file.
        bitext: what it holds, and in which columns.
        options: sizes of batches and lines, and the lowest score.
        tally: counts what was met.

    Raises:
        SourceError: the file is damaged or cut off, or its first line is no row of such a table.
    """
    lines = Lines(file_pieces(paths[0]), name=str(paths[0]), max_line_bytes=options.max_line_bytes)
    order = _Order(options.min_score)
    number = 0
    for (rows,) in in_step([lines], batch_bytes=options.batch_bytes, weighed=1):
        columns, counts = fields(rows, bitext.columns)
        right = counts > max(bitext.columns)
        score, numeric = scores(columns[2]) if len(columns) > 2 else (np.full(len(rows), np.nan, np.float32), right)
        right &= numeric
        numbers = np.arange(number, number + len(rows))
        number += len(rows)
        if bitext.header and numbers[0] == 0:
            right[0] = False
        _check_first(paths[0], bitext, rows, numbers, right)
        _count(tally, bitext, numbers, right)
        mask = pa.array(right)
        yield batch_of(numbers[right], columns[0].filter(mask), columns[1].filter(mask), score[right])
        if order.ends(score[right]):
            tally.complete = False
            return


class _Order:
    """Whether scores have descended so far, and how many were below the lowest wanted."""

    def __init__(self, lowest: float | None):
        self._lowest, self._last, self._below, self._descending = lowest, np.inf, 0, True

    def ends(self, score: np.ndarray) -> bool:
        """Take in the next scores, float32 (n,); whether none that is wanted can follow."""
        if self._lowest is None or not score.size:
            return False
        self._descending &= bool((np.diff(score, prepend=np.float32(self._last)) <= 0).all())
        self._last = score[-1]
        self._below += int((score < self._lowest).sum())
        return self._descending and self._below >= LOOK_AHEAD


def _check_first(path: Path, bitext: Bitext, rows: pa.BinaryArray, numbers: np.ndarray, right: np.ndarray) -> None:
    """Refuse a file that is something else, rather than leave out all of its lines."""
    first = int(bitext.header)
    if numbers[0] or len(rows) <= first or right[first]:
        return
    names = ["text", "text", "a number"]
    expected = ", ".join(f"{name} in column {column + 1}" for name, column in zip(names, bitext.columns, strict=False))
    raise SourceError(
        f"{path}, line {first + 1}: found {rows[first].as_py()[:80]!r}, expected columns separated by tabs, with "
        f"{expected}; correct `format` or `columns`"
    )


def _count(tally: Tally, bitext: Bitext, numbers: np.ndarray, right: np.ndarray) -> None:
    header = int(bitext.header and numbers[0] == 0)
    tally.documents += len(numbers) - header
    tally.drop("malformed", int((~right).sum()) - header)
