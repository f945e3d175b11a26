"""Texts as code points: decoded once, for all the signals that look at them.

Signals are loops over characters that ask a table what each one is. UTF-8 would have each of them decode anew.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numba import njit

from transforms.utf8 import decode
from vocab.columns import text_buffers

ASSIGNED = (range(0x32400), range(0xE0000, 0xE0200))
"""Where Unicode has all its characters, but those for private use."""


class Points(NamedTuple):
    """n texts.

    Attributes:
        values: uint32 (characters,), code points of all texts, one text after the other.
        offsets: int32 (n + 1,), where in `values` each text starts.
    """

    values: np.ndarray
    offsets: np.ndarray

    @property
    def longest(self) -> int:
        """Characters of the longest text."""
        return int(np.diff(self.offsets).max(initial=0))


def decoded(texts: pa.StringArray) -> Points:
    """Decode a column.

    Args:
        texts: string (n,), without nulls.

    Raises:
        TypeError: `texts` is not a string array.
        ValueError: it holds a null.
    """
    if not isinstance(texts, pa.StringArray):
        raise TypeError(f"texts are {getattr(texts, 'type', type(texts))}, expected a pyarrow.StringArray")
    if texts.null_count:
        raise ValueError(f"text {texts.is_null().index(True)} of {len(texts)} is null: fill nulls with ''")
    data, bounds = text_buffers(texts)
    values, offsets = np.empty(int(bounds[-1]) - int(bounds[0]), np.uint32), np.zeros(len(texts) + 1, np.int32)
    _decode(data, bounds, values, offsets)
    return Points(values[: offsets[-1]], offsets)


def character_table(of: Callable[[str, str], int]) -> np.ndarray:
    """What each code point is, uint8 (0x110000,), read-only; 0 outside of `ASSIGNED`.

    Args:
        of: function of a character and its general category. The version of Unicode is Python's.
    """
    table = np.zeros(0x110000, np.uint8)
    for points in ASSIGNED:
        for point in points:
            table[point] = of(chr(point), unicodedata.category(chr(point)))
    table.flags.writeable = False
    return table


@njit(cache=True, nogil=True)
def _decode(data, bounds, values, offsets):
    written = np.int64(0)
    for r in range(bounds.shape[0] - 1):
        i, end = np.int64(bounds[r]), np.int64(bounds[r + 1])
        while i < end:
            if data[i] < 0x80:
                values[written] = data[i]
                i += 1
            else:
                point, size = decode(data, i)
                values[written] = point
                i += size
            written += 1
        offsets[r + 1] = written
