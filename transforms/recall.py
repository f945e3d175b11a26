"""What was found out about texts, kept for a while, since texts come again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

MOST = 16 << 20
"""Bytes of text and of what is known of it."""


class Recall:
    """Finds out about texts, each once as long as it is remembered. Not for threads that ask at the same time.

    When it is full, all but the texts asked for last are forgotten: what comes again soonest is what has come just now.
    """

    def __init__(self, find_out: Callable[[pa.BinaryArray], pa.RecordBatch], *, most: int = MOST) -> None:
        """Remember nothing yet.

        Args:
            find_out: gives each of some texts a row that depends on that text alone.
            most: bytes of texts and rows to remember, or those asked for last if they are more.
        """
        self._find_out, self._most = find_out, most
        self._texts: pa.BinaryArray = pa.array([], pa.binary())
        self._rows: pa.RecordBatch | None = None

    def __call__(self, texts: pa.BinaryArray) -> pa.RecordBatch:
        """The rows of n texts.

        Args:
            texts: binary (n,), without nulls.
        """
        place = pc.index_in(texts, value_set=self._texts)
        new = texts.filter(place.is_null()).dictionary_encode()
        if len(new.dictionary) or self._rows is None:
            found = self._find_out(new.dictionary)
            self._rows = pa.concat_batches([self._rows, found]) if self._rows is not None else found
            place = _filled(place, new.indices.to_numpy() + len(self._texts))
            self._texts = pa.concat_arrays([self._texts, new.dictionary])
        rows = self._rows.take(place)
        if self._texts.nbytes + self._rows.nbytes > self._most:
            used = pc.unique(place)
            self._texts, self._rows = self._texts.take(used), self._rows.take(used)
        return rows


def _filled(place: pa.Int32Array, new: np.ndarray) -> pa.Int32Array:
    """Places of which the nulls have become new ones, in their order."""
    return pc.replace_with_mask(place, place.is_null(), pa.array(new, pa.int32()))
