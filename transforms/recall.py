"""What was found out about texts, kept for a while, since texts come again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import numpy as np
import pyarrow as pa

from transforms.equal_rows import first_rows, hashed

MOST = 16 << 20
"""Bytes of texts and of what is known of them."""

KINDS = 3
"""Kinds of texts, such as languages, that are remembered: the two of a pair, and one more."""

Kind = TypeVar("Kind", bound=Hashable)


class Recall(Generic[Kind]):
    """Finds out about texts of several kinds, each once as long as it is remembered. Not for threads that ask at once.

    Of each kind the texts that were asked for last stay when it is full, and of all kinds the last few: what comes
    again soonest is what has come just now.
    """

    def __init__(
        self, find_out: Callable[[Kind, pa.Array], pa.RecordBatch], *, most: int = MOST, kinds: int = KINDS
    ) -> None:
        """Remember nothing yet.

        Args:
            find_out: gives each of some texts of a kind a row that depends on that text alone.
            most: bytes of texts and rows to remember of each kind, or those asked for last if they are more.
            kinds: how many to remember.
        """
        self._find_out, self._most, self._kinds = find_out, most, kinds
        self._known: OrderedDict[Kind, _Known] = OrderedDict()

    def __call__(self, kind: Kind, texts: pa.StringArray | pa.BinaryArray) -> pa.RecordBatch:
        """The rows of n texts.

        Args:
            kind: of all of them.
            texts: string or binary (n,), without nulls.
        """
        known = self._known.setdefault(kind, _Known())
        self._known.move_to_end(kind)
        while len(self._known) > self._kinds:
            self._known.popitem(last=False)
        return known.rows(texts, lambda new: self._find_out(kind, new), self._most)


class _Known:
    """Texts, their hashes, and a row of each."""

    def __init__(self) -> None:
        self._texts: list[pa.Array] = []
        self._hashes = np.zeros((0, 2), np.uint64)
        self._rows: list[pa.RecordBatch] = []

    def rows(self, texts: pa.Array, find_out: Callable[[pa.Array], pa.RecordBatch], most: int) -> pa.RecordBatch:
        """The rows of texts, which are found out about unless they are known."""
        before, hashes = len(self._hashes), np.concatenate([self._hashes, hashed([texts])])
        first = first_rows([pa.concat_arrays([*self._texts, texts])], hashes)
        own = first == np.arange(first.size)
        place = (np.cumsum(own) - 1)[first[before:]]
        if not own[before:].all():
            texts = texts.filter(pa.array(own[before:]))
        new = [find_out(texts)] if len(texts) or not self._rows else []
        known, rows = pa.concat_arrays([*self._texts, texts]), pa.concat_batches([*self._rows, *new])
        # Of texts that are all new there is nothing to take.
        found = rows if np.array_equal(place, np.arange(len(known))) else rows.take(pa.array(place))
        self._texts, self._hashes, self._rows = [known], hashes[own], [rows]
        if known.nbytes + rows.nbytes > most:
            used = np.unique(place)
            self._texts, self._rows = ([some.take(pa.array(used))] for some in (known, rows))
            self._hashes = self._hashes[used]
        return found
