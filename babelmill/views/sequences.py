"""Both sides of a pair as one sequence, and the rectangles that a model takes: ids, positions, languages.

What goes around the sides, and what fills up the shorter rows, is a `Layout`. Everything but the ids follows from where
the two sides end, and is computed when it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ids = NDArray[np.int32]
Offsets = NDArray[np.int64]
Counts = NDArray[np.int32]


class PairIds(Protocol):
    """What of a batch of pairs is looked at; `babelmill.PairBatch` has it."""

    @property
    def source_ids(self) -> Ids:
        """int32[tokens]: the rows' ids, one row after the other."""

    @property
    def source_offsets(self) -> Offsets:
        """int64[rows + 1]: where each row starts."""

    @property
    def target_ids(self) -> Ids:
        """As `source_ids`."""

    @property
    def target_offsets(self) -> Offsets:
        """As `source_offsets`."""


class Pairs(NamedTuple):
    """Pairs that are in no shards, such as sentences with pseudo tokens that a model has just made; as `PairIds`."""

    source_ids: Ids
    source_offsets: Offsets
    target_ids: Ids
    target_offsets: Offsets


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How two sides become one row.

    The ids are those of Babelmill's own vocabularies. Other models want

        Layout(source=((0,), (2,)), target=((2,), (2,)), pad=1)    # XLM-R's tokenizer: <s> a </s></s> b </s>
        Layout(source=((1,), (1,)), target=((1,), (1,)), pad=2)    # XLM: </s> a </s></s> b </s>

    Attributes:
        source, target: ids before and after the tokens of each side; they belong to that side.
        pad: id that fills up a row; no token may have it.
        longest: tokens of the longest row; None: any. Of a longer pair the longer side loses its end, until both are
            equal, then both do.
        multiple: rows are as long as the longest of the batch, rounded up to a multiple of this. With the same number
            for both every batch has the same shape.
    """

    source: tuple[tuple[int, ...], tuple[int, ...]] = ((1,), (2,))
    target: tuple[tuple[int, ...], tuple[int, ...]] = ((), (2,))
    pad: int = 3
    longest: int | None = None
    multiple: int = 1

    def __post_init__(self) -> None:
        if self.longest is not None and self.longest < self.marks:
            raise ValueError(f"longest is {self.longest}, expected at least {self.marks}: so many marks a row has")
        if self.multiple < 1:
            raise ValueError(f"multiple is {self.multiple}, expected at least 1")

    @property
    def sides(self) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
        """`source` and `target`."""
        return self.source, self.target

    @property
    def marks(self) -> int:
        """Ids of a row that are not the pair's."""
        return sum(len(ids) for side in self.sides for ids in side)


PLAIN = Layout()
"""`<s> a </s> b </s>`, as InfoXLM has it."""


@dataclass(frozen=True)
class Sequences:
    """A batch of pairs, each one row.

    Attributes:
        input_ids: int32[batch, length].
        ends: int32[batch, 2]: the column after the last of each side, marks included.
        layout: how the rows were made.
    """

    input_ids: Ids
    ends: NDArray[np.int32]
    layout: Layout

    def __len__(self) -> int:
        return len(self.input_ids)

    @property
    def lengths(self) -> NDArray[np.int32]:
        """int32[batch]: tokens of each row, without padding."""
        return self.ends[:, 1]

    @property
    def attention_mask(self) -> NDArray[np.bool_]:
        """bool[batch, length]: what is no padding."""
        return self._columns < self.ends[:, 1:]

    @property
    def sides(self) -> NDArray[np.int8]:
        """int8[batch, length]: 0 in the source, 1 in the target, 2 in the padding."""
        return np.add(self._columns >= self.ends[:, :1], self._columns >= self.ends[:, 1:], dtype=np.int8)

    def words(self, *, source: bool = True, target: bool = True) -> NDArray[np.bool_]:
        """bool[batch, length]: what is a token of a pair, neither mark nor padding.

        Args:
            source, target: of which sides; of one at least.
        """
        (before, between), (behind, after) = self.layout.sides
        middle, last = self.ends.T
        starts = np.full_like(middle, len(before)) if source else middle + len(behind)
        found = _span(self.input_ids.shape[1], starts, last - len(after) if target else middle - len(between))
        if source and target:
            for place in range(-len(between), len(behind)):
                found[np.arange(len(self)), middle + place] = False
        return found

    def positions(self) -> NDArray[np.int32]:
        """int32[batch, length]: positions that go on through both sides.

        They start behind the id of the padding, which is the padding's own position: what `transformers` computes for
        XLM-R and RoBERTa (`create_position_ids_from_input_ids`).
        """
        first = self.layout.pad + 1
        found = np.empty_like(self.input_ids)
        found[:] = self._columns + np.int32(first)
        found[~self.attention_mask] = self.layout.pad
        return found

    def positions_by_side(self) -> NDArray[np.int32]:
        """int32[batch, length]: positions from 0, in the target from 0 again, as of XLM.

        Padding goes on counting, as it does in XLM; no model looks at it.
        """
        starts = self.ends[:, :1]
        return self._columns - starts * (self._columns >= starts)

    def languages(self, source: ArrayLike, target: ArrayLike) -> NDArray[np.int32]:
        """int32[batch, length]: the language of each token, as XLM takes it; padding is of the target's.

        Args:
            source, target: number of the language in the model; an integer, or integers[batch].
        """
        first, second = (np.reshape(np.asarray(numbers, np.int32), (-1, 1)) for numbers in (source, target))
        return np.where(self._columns < self.ends[:, :1], first, second)

    @property
    def _columns(self) -> NDArray[np.int32]:
        return np.arange(self.input_ids.shape[1], dtype=np.int32)


def tlm(pairs: PairIds, *, layout: Layout = PLAIN) -> Sequences:
    """The concatenation of each pair, for translation language modelling.

    Args:
        pairs: a batch.
        layout: how.

    Two pairs, of 2 + 1 and 1 + 3 tokens; language 7 to language 9:

    >>> pairs = Pairs(np.int32([11, 12, 13]), np.array([0, 2, 3]), np.int32([21, 22, 23, 24]), np.array([0, 1, 4]))
    >>> both = tlm(pairs)
    >>> both.input_ids
    array([[ 1, 11, 12,  2, 21,  2,  3],
           [ 1, 13,  2, 22, 23, 24,  2]], dtype=int32)
    >>> both.lengths
    array([6, 7], dtype=int32)
    >>> both.positions()
    array([[ 4,  5,  6,  7,  8,  9,  3],
           [ 4,  5,  6,  7,  8,  9, 10]], dtype=int32)
    >>> both.positions_by_side()
    array([[0, 1, 2, 3, 0, 1, 2],
           [0, 1, 2, 0, 1, 2, 3]], dtype=int32)
    >>> both.languages(7, 9)
    array([[7, 7, 7, 7, 9, 9, 9],
           [7, 7, 7, 9, 9, 9, 9]], dtype=int32)
    """
    ragged = (pairs.source_ids, pairs.source_offsets), (pairs.target_ids, pairs.target_offsets)
    source, target = (np.diff(offsets).astype(np.int32) for _, offsets in ragged)
    counts = _fitting(source, target, layout)
    sizes = [count + len(before) + len(after) for count, (before, after) in zip(counts, layout.sides, strict=True)]
    ends = np.stack([sizes[0], sizes[0] + sizes[1]], axis=1)
    width = -(-int(ends[:, 1].max(initial=0)) // layout.multiple) * layout.multiple
    rows, starts = np.full((len(ends), width), layout.pad, np.int32), np.zeros(len(ends), np.int32)
    for (ids, offsets), count, (before, after), last in zip(ragged, counts, layout.sides, ends.T, strict=True):
        _put_marks(rows, before, starts)
        rows[_span(width, starts + len(before), last - len(after))] = _firsts(ids, offsets, count, layout)
        _put_marks(rows, after, last - len(after))
        starts = last
    return Sequences(rows, ends, layout)


def _fitting(source: Counts, target: Counts, layout: Layout) -> tuple[Counts, Counts]:
    """How many tokens of each side fit into a row."""
    if layout.longest is None:
        return source, target
    room = np.int32(layout.longest - layout.marks)
    kept = np.minimum(source, np.maximum(room - target, -(-room // 2)))
    return kept, np.minimum(target, room - kept)


def _firsts(ids: Ids, offsets: Offsets, counts: Counts, layout: Layout) -> Ids:
    """The first `counts[i]` ids of each row i of a ragged column, one row after the other."""
    every = ids[offsets[0] : offsets[-1]]
    if layout.longest is None:
        return every
    sizes = np.diff(offsets)
    within = np.arange(len(every)) - np.repeat(offsets[:-1] - offsets[0], sizes)
    return every[within < np.repeat(counts, sizes)]


def _span(width: int, starts: Counts, ends: Counts) -> NDArray[np.bool_]:
    """bool[rows, width]: the columns of each row from its start to its end."""
    kind = np.int16 if width < 2**15 else np.int32  # more of the short ones are compared at a time
    columns = np.arange(width, dtype=kind)
    return (columns >= starts.astype(kind)[:, None]) & (columns < ends.astype(kind)[:, None])


def _put_marks(rows: Ids, marks: tuple[int, ...], columns: Counts) -> None:
    for place, mark in enumerate(marks):
        rows[np.arange(len(rows)), columns + place] = mark
