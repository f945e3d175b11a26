"""Columns of many memory-mapped Arrow files, read by row as if they were one.

A row is addressed by (batch, row): the number of its record batch among all batches of all files, and its number in
that batch. Each column keeps one start per batch, and reads from a single array that spans all the files: there is no
step per file, and none in Python per row except the slice of a list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import DTypeLike, NDArray

from babelmill.format import FormatError

Rows = NDArray[np.int64]
"""int64[n]: numbers of batches, or of rows in their batches."""


class Memory:
    """The buffers of some record batches, seen as one array.

    Wherever the files are mapped, they are in one address space: the range from the lowest buffer to the highest is
    exposed as an array of bytes, and a place in any file is an index into it. Between two files there may be no memory
    at all, so nothing outside a buffer may be touched. An array made from this one keeps the buffers, and with them the
    mappings.
    """

    def __init__(self, batches: Iterable[pa.RecordBatch]):
        found = (buffer for batch in batches for column in batch.columns for buffer in column.buffers())
        self._buffers = [buffer for buffer in found if buffer is not None and buffer.size]
        # Arrow aligns buffers to 8 bytes, in files too.
        self._base = min((buffer.address for buffer in self._buffers), default=0)
        end = max((buffer.address + buffer.size for buffer in self._buffers), default=0)
        size = -(-(end - self._base) // 8) * 8
        self.__array_interface__ = {"data": (self._base, True), "shape": (size,), "typestr": "|u1", "version": 3}

    def view(self, dtype: DTypeLike) -> NDArray:
        """All of it as an array of `dtype`, read-only."""
        return np.asarray(self).view(dtype)

    def buffer(self) -> pa.Buffer:
        """All of it as a buffer of Arrow, which is said to go on without end."""
        return pa.foreign_buffer(self._base, 1 << 62, base=self)

    def starts(self, buffers: Iterable[pa.Buffer | None], dtype: DTypeLike) -> Rows:
        """Where each buffer starts, as an index into `view(dtype)`; 0 for a buffer that holds nothing."""
        addresses = [buffer.address if buffer is not None and buffer.size else self._base for buffer in buffers]
        return (np.array(addresses, np.int64) - self._base) // np.dtype(dtype).itemsize


class NumberColumn:
    """A column of numbers, int64 unless it is said otherwise."""

    def __init__(self, memory: Memory, arrays: Sequence[pa.Array], dtype: DTypeLike = np.int64):
        self._numbers = memory.view(dtype)
        self._starts = memory.starts((array.buffers()[1] for array in arrays), dtype)

    def take(self, batches: Rows, rows: Rows) -> NDArray:
        """The numbers in some rows."""
        return self._numbers.take(self._starts.take(batches) + rows)

    def at(self, batch: int, row: int) -> Any:
        """The number in one row, as Python has it."""
        return self._numbers[self._starts[batch] + row].item()


class NameColumn:
    """A column of strings, dictionary-encoded with int16 codes; each file has a dictionary of its own.

    Attributes:
        names: str[k], every name of any dictionary, sorted.
    """

    def __init__(self, memory: Memory, arrays: Sequence[pa.DictionaryArray]):
        dictionaries = [array.dictionary.to_pylist() for array in arrays]
        self.names = np.array(sorted({name for names in dictionaries for name in names}), dtype=np.str_)
        code = {name: number for number, name in enumerate(self.names.tolist())}
        self._codes = np.array([code[name] for names in dictionaries for name in names], np.int16)
        self._first_code = np.cumsum([0] + [len(names) for names in dictionaries[:-1]])
        self._local_codes = memory.view(np.int16)
        self._starts = memory.starts((array.indices.buffers()[1] for array in arrays), np.int16)

    def take(self, batches: Rows, rows: Rows) -> NDArray[np.str_]:
        """The names in some rows."""
        local = self._local_codes.take(self._starts.take(batches) + rows)
        return self.names.take(self._codes.take(self._first_code.take(batches) + local))

    def at(self, batch: int, row: int) -> str:
        """The name in one row."""
        local = self._local_codes[self._starts[batch] + row]
        return str(self.names[self._codes[self._first_code[batch] + local]])


class TextColumn:
    """A column of strings."""

    def __init__(self, arrays: Sequence[pa.StringArray]):
        self._arrays = arrays

    def take(self, batches: Rows, rows: Rows) -> pa.StringArray:
        """The strings in some rows."""
        order = np.argsort(batches, kind="stable")
        numbers, firsts = np.unique(batches[order], return_index=True)
        places = np.split(rows[order], firsts[1:])
        pieces = [self._arrays[number].take(pa.array(some)) for number, some in zip(numbers, places, strict=False)]
        return pa.concat_arrays([pa.array([], pa.string()), *pieces]).take(pa.array(np.argsort(order)))

    def at(self, batch: int, row: int) -> str:
        """The string in one row."""
        return self._arrays[batch][row].as_py()


class ListColumn:
    """A column of lists of int32.

    Attributes:
        length: how many int32 all its lists hold.
    """

    def __init__(self, memory: Memory, arrays: Sequence[pa.ListArray], files: Sequence[str]):
        self._files, self._memory = files, memory
        self._numbers = memory.view(np.int32)
        self._offset_starts = memory.starts((array.buffers()[1] for array in arrays), np.int32)
        self._value_starts = memory.starts((array.buffers()[3] for array in arrays), np.int32)
        self._value_counts = np.array([len(array.values) for array in arrays], np.int64)
        self.length = int(self._value_counts.sum())

    def take(self, batches: Rows, rows: Rows) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The lists in some rows, one after the other.

        Returns:
            The numbers, int32[sum of lengths], and their offsets, int64[n + 1].

        Raises:
            FormatError: a list reaches out of its record batch.
        """
        numbers, offsets = self.split(batches, rows, max(1, len(rows)))
        return next(numbers), next(offsets)

    def split(
        self, batches: Rows, rows: Rows, step: int
    ) -> tuple[Iterator[NDArray[np.int32]], Iterator[NDArray[np.int64]]]:
        """The lists in some rows, `step` rows at a time.

        Returns:
            The numbers and the offsets of each, as of `take`. Numbers are gathered when they are asked for; those that
            follow each other share memory.

        Raises:
            FormatError: a list reaches out of its record batch.
        """
        starts, counts = self._bounds(batches, rows)
        step = min(step, max(1, len(rows)))
        # One row for each of the results, which the last one may not fill.
        lengths = np.zeros((max(1, -(-len(rows) // step)), step), np.int64)
        lengths.reshape(-1)[: len(rows)] = counts
        offsets = np.zeros((len(lengths), step + 1), np.int64)
        np.cumsum(lengths, axis=1, out=offsets[:, 1:])
        last = offsets[-1, : len(rows) - step * (len(offsets) - 1) + 1]
        return self._gathered(starts, counts, offsets[:, -1].tolist(), step), chain(offsets[:-1], [last])

    def _gathered(self, starts: Rows, counts: Rows, sizes: list[int], step: int) -> Iterator[NDArray[np.int32]]:
        """Lists, `step` at a time, which have so many numbers together."""
        ahead = max(1, _AHEAD * len(sizes) // max(1, sum(sizes)))
        found = gather(self._memory, starts, counts, step * ahead)
        for first, numbers in zip(range(0, len(sizes), ahead), found, strict=True):
            for start, stop in pairwise(accumulate(sizes[first : first + ahead], initial=0)):
                yield numbers[start:stop]

    def lengths(self, batches: Rows, rows: Rows) -> NDArray[np.int64]:
        """How many numbers the lists in some rows have.

        Raises:
            FormatError: a list reaches out of its record batch.
        """
        return self._bounds(batches, rows)[1]

    def _bounds(self, batches: Rows, rows: Rows) -> tuple[Rows, Rows]:
        """Where lists begin among all numbers, and how many each has."""
        at = self._offset_starts.take(batches) + rows
        starts, stops = self._numbers.take(at).astype(np.int64), self._numbers.take(at + 1).astype(np.int64)
        wrong = np.flatnonzero((starts < 0) | (stops < starts) | (stops > self._value_counts.take(batches)))
        if wrong.size:
            raise self._damaged(batches[wrong[0]], rows[wrong[0]])
        return self._value_starts.take(batches) + starts, stops - starts

    def at(self, batch: int, row: int) -> NDArray[np.int32]:
        """The list in one row: a read-only view of the mapped file.

        Raises:
            FormatError: it reaches out of its record batch.
        """
        at = self._offset_starts[batch] + row
        start, stop = self._numbers[at : at + 2].tolist()
        if not 0 <= start <= stop <= self._value_counts[batch]:
            raise self._damaged(batch, row)
        place = int(self._value_starts[batch])
        return self._numbers[place + start : place + stop]

    def _damaged(self, batch: int, row: int) -> FormatError:
        # Unchecked, such a list would have memory read that is not there, which ends the process.
        at = self._offset_starts[batch] + row
        start, stop = self._numbers[at : at + 2]
        return FormatError(
            f"{self._files[batch]} is damaged: row {row} of a record batch with {self._value_counts[batch]} ids goes "
            f"from {start} to {stop}; delete the file and run `babelmill shard` again"
        )


_AHEAD = 1 << 19
"""Numbers that `ListColumn.split` gathers at a time, on the average: 2 MiB. More saves little, and has the allocator
ask for new pages, which in a virtual machine may take longer than all else."""


def gather(memory: Memory, starts: Rows, counts: Rows, step: int) -> Iterator[NDArray[np.int32]]:
    """Copy lists of int32 from all over a memory, one after the other, with no step in Python for each.

    To Arrow, the memory is a column of byte strings of which every second is one of the lists: its offsets are where a
    list ends and where the next one begins. Taking these strings is one loop of C++. The others, of what lies between,
    may be less than nothing long, and are never looked at.

    Args:
        memory: where they are.
        starts: int64[n], indices into `memory.view(np.int32)`.
        counts: int64[n], how many numbers each has; where that is 0, the start means nothing.
        step: lists to copy at a time.

    Yields:
        int32[sum of counts] of `step` lists, or of those that are left; of no lists, one.
    """
    rows = len(starts)
    if rows == 0:
        yield np.empty(0, np.int32)
        return
    places = np.zeros((rows + 1, 2), np.int64)
    places[:-1, 1] = starts
    places[1:, 0] = starts + counts
    places *= 4
    # Arrow allots what strings take that are as long as the mean of all, which the last offset makes a quarter longer
    # than the mean list: what is too little is copied when it grows, what is left is given back.
    places[-1, 1] = 5 * int(counts.sum()) * (2 * rows + 1) // rows
    column = pa.Array.from_buffers(
        pa.large_binary(), 2 * rows + 1, [None, pa.py_buffer(places), memory.buffer()], null_count=0
    )
    # `pa.array` would import pandas, where that is installed.
    lists = pa.Array.from_buffers(pa.int64(), rows, [None, pa.py_buffer(np.arange(1, 2 * rows + 1, 2))], null_count=0)
    for first in range(0, rows, step):
        taken = pc.take(column, lists[first : first + step], boundscheck=False)
        yield np.frombuffer(taken.buffers()[2], np.int32)


def cut(values: NDArray, step: int) -> Iterator[NDArray]:
    """Views of `step` values at a time, of which the last may have fewer; of no values, one."""
    whole = len(values) // step * step
    rest = [values[whole:]] if whole < len(values) or not whole else []
    return chain(values[:whole].reshape(-1, step), rest)
