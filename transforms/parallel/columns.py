"""Tables of tab-separated columns: the fields of lines, and the scores in them.

The tables in which parallel text is published have no quoting: a quotation mark is text wherever it stands. A reader of
CSV takes one at the start of a field for the start of a quoted one, and swallows lines until the next.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vocab.compiled import njit

_TAB = 9
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"


def fields(
    lines: pa.BinaryArray, wanted: Sequence[int], *, limit: int | None = None
) -> tuple[list[pa.BinaryArray], np.ndarray]:
    """Some of the columns of a table.

    Args:
        lines: binary (n,), without nulls.
        wanted: numbers of columns, from 0.
        limit: how many columns there are; further tabs belong to the last. None: every tab separates.

    Returns:
        A binary array (n,) for each number; and int32 (n,), how many columns each line has. A column that a line has
        not is empty in it.
    """
    _, offsets, text = lines.buffers()
    starts = np.frombuffer(offsets, np.int32)[lines.offset : lines.offset + len(lines) + 1]
    data = np.frombuffer(text, np.uint8) if text is not None and text.size else np.zeros(0, np.uint8)
    spans = np.zeros((len(wanted), 2, len(lines)), np.int32)
    counts = np.zeros(len(lines), np.int32)
    _find_fields(data, starts, np.array(wanted, np.int64), limit or len(data) + 1, spans, counts)
    return [_gather(data, *span) for span in spans], counts


def scores(texts: pa.BinaryArray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of a column of decimal texts.

    Returns:
        float32 (n,), NaN where there is none; and bool (n,), whether each text is a number.
    """
    right = pc.match_substring_regex(texts, _NUMBER)
    numbers = pc.if_else(right, texts, pa.scalar(b"nan", pa.binary())).cast(pa.string())
    return numbers.cast(pa.float32()).to_numpy(zero_copy_only=False), right.to_numpy(zero_copy_only=False)


def _gather(data: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> pa.BinaryArray:
    """Stretches of `data` as rows of an array."""
    offsets = np.zeros(len(starts) + 1, np.int32)
    np.cumsum(stops - starts, out=offsets[1:])
    text = np.empty(offsets[-1], np.uint8)
    _copy_spans(data, starts, offsets, text)
    return pa.BinaryArray.from_buffers(pa.binary(), len(starts), [None, pa.py_buffer(offsets), pa.py_buffer(text)])


@njit(cache=True, nogil=True)
def _find_fields(data, offsets, wanted, limit, spans, counts):
    """Where columns start and end.

    Args:
        data: uint8.
        offsets: int32 (n + 1,), where in `data` each line starts.
        wanted: int64 (w,), numbers of columns.
        limit: columns of a line at most; further tabs belong to the last.
        spans: int32 (w, 2, n), written: start and end of each field.
        counts: int32 (n,), written: columns of each line.
    """
    for i in range(counts.size):
        column, start = 0, offsets[i]
        for j in range(offsets[i], offsets[i + 1] + 1):
            if j < offsets[i + 1] and (data[j] != _TAB or column + 1 >= limit):
                continue
            for k in range(wanted.size):
                if wanted[k] == column:
                    spans[k, 0, i], spans[k, 1, i] = start, j
            column += 1
            start = j + 1
        counts[i] = column


@njit(cache=True, nogil=True)
def _copy_spans(data, starts, offsets, text):
    """Copy `data[starts[i]:...]` to `text[offsets[i]:offsets[i + 1]]`; starts int32 (n,), offsets int32 (n + 1,)."""
    for i in range(starts.size):
        size = offsets[i + 1] - offsets[i]
        text[offsets[i] : offsets[i + 1]] = data[starts[i] : starts[i] + size]
