"""Texts as code points: decoded once, for all the signals that look at them.

Signals are loops over characters that ask a table what each one is. UTF-8 would have each of them decode anew.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from transforms.once import once
from transforms.utf8 import decode
from vocab.columns import text_buffers
from vocab.compiled import njit

ASSIGNED = (range(0x32400), range(0xE0000, 0xE0200))
"""Where Unicode has all its characters, but those for private use."""

_ALIKE = "LM"
"""First letters of the general categories that are asked about together."""


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


def character_table(of: Callable[[str, str], int], apart: Iterable[str] = "") -> np.ndarray:
    """What each code point is, uint8 (0x110000,), read-only; 0 outside of `ASSIGNED`.

    Args:
        of: function of a character and its general category. The version of Unicode is Python's. Letters, marks and
            what is not assigned, which are nine of ten characters, are asked about together: they must be the same as
            others of their category and East Asian width.
        apart: letters and marks that are to be asked about by themselves.
    """
    table, groups = np.zeros(0x110000, np.uint8), _groups()
    for (category, _), points in groups.items():
        if category[0] in _ALIKE or category == "Cn":
            table[points] = of(chr(points[0]), category)
        else:
            table[points] = [of(chr(point), category) for point in points.tolist()]
    for character in apart:
        table[ord(character)] = of(character, unicodedata.category(character))
    table.flags.writeable = False
    return table


@once
def _groups() -> dict[tuple[str, str], np.ndarray]:
    """The characters of each general category and East Asian width: int64, ascending."""
    points = [point for span in ASSIGNED for point in span]
    kinds: dict[tuple[str, str], int] = {}
    numbers = [
        kinds.setdefault((unicodedata.category(character), unicodedata.east_asian_width(character)), len(kinds))
        for character in map(chr, points)
    ]
    order = np.argsort(numbers, kind="stable")
    bounds = np.searchsorted(np.array(numbers)[order], np.arange(1, len(kinds)))
    return dict(zip(kinds, np.split(np.array(points)[order], bounds), strict=True))


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
