"""Reading parts: which rows of a part are kept, and rows by number from mapped files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from babelmill.format import File
from transforms.equal_rows import first_rows
from transforms.storage import WorkDirectory
from vocab.columns import text_buffers

By = Literal["pair", "source", "target"]
"""What of a pair is compared with that of others: all of it, or one side."""

STRETCH = 32 << 20
"""Bytes of batches among which equal rows are looked for: of most parts all."""

PIECE = 8 << 20
"""Bytes of different rows that are worked on together: what a call costs whatever its rows does not show."""


def constant(value: str, rows: int) -> pa.DictionaryArray:
    """A dictionary-encoded column that holds one string in every row."""
    return names(np.zeros(rows, np.int16), [value])


def names(indices: np.ndarray, values: list[str] | tuple[str, ...]) -> pa.DictionaryArray:
    """A dictionary-encoded column; a negative index is a null.

    Args:
        indices: int16 (rows,), into `values`.
        values: the same for all batches of a file, since an IPC file holds a dictionary once.
    """
    indices = np.ascontiguousarray(indices, np.int16)
    return pa.DictionaryArray.from_arrays(pa.array(indices, mask=indices < 0), pa.array(values, pa.string()))


def lists(values: np.ndarray, offsets: np.ndarray) -> pa.ListArray:
    """A column of lists: row i is `values[offsets[i]:offsets[i + 1]]`; values are not copied."""
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(values))


def removed_rows(work: WorkDirectory, *files: File | None) -> np.ndarray:
    """Row numbers that lists of rejects or removals hold, as one int32 array.

    Raises:
        CorruptFile: a list is missing or differs from its description.
    """
    found = [np.zeros(0, np.int32)]
    for file in files:
        if file is not None:
            reader = work.open_arrow(file)
            for number in range(reader.num_record_batches):
                found.append(reader.get_batch(number).column("row").to_numpy())
    return np.concatenate(found)


def kept_mask(rows: int, removed: np.ndarray) -> np.ndarray:
    """bool (rows,): False where a row was removed."""
    mask = np.ones(rows, bool)
    mask[removed] = False
    return mask


@dataclass(frozen=True)
class Part:
    """A mapped Arrow file whose rows can be had by number.

    Attributes:
        reader: the open file.
        starts: int64 (batches + 1,): the row with which each record batch starts, and the number of rows.
    """

    reader: pa.ipc.RecordBatchFileReader
    starts: np.ndarray

    @classmethod
    def open(cls, work: WorkDirectory, file: File) -> Part:
        """Map a file and check it.

        Raises:
            CorruptFile: it is missing or differs from its description.
        """
        return cls.map(work.open_arrow(file))

    @classmethod
    def map(cls, reader: pa.ipc.RecordBatchFileReader) -> Part:
        """The part behind an open file."""
        sizes = [reader.get_batch(number).num_rows for number in range(reader.num_record_batches)]
        return cls(reader, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.starts[-1])

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The record batches in order."""
        for number in range(self.reader.num_record_batches):
            yield self.reader.get_batch(number)

    def kept(self, mask: np.ndarray, columns: list[str]) -> Iterator[pa.RecordBatch]:
        """The rows where `mask` (bool, one a row) is true, batch by batch; batches without any are left out."""
        for start, batch in zip(self.starts, self.batches(), strict=False):
            chosen = mask[start : start + batch.num_rows]
            batch = batch.select(columns)
            if chosen.all():
                yield batch
            elif chosen.any():
                yield batch.filter(pa.array(chosen))

    def take(self, rows: np.ndarray, columns: list[str]) -> pa.Table:
        """Rows by number (int64, any order, repeats allowed), in the order asked for.

        Only the record batches that hold a row are touched.
        """
        ascending = bool((np.diff(rows) > 0).all())
        order = np.arange(rows.size) if ascending else np.argsort(rows, kind="stable")
        ordered = rows[order]
        numbers = np.searchsorted(self.starts, ordered, side="right") - 1
        pieces = []
        for number in np.unique(numbers):
            local = ordered[numbers == number] - self.starts[number]
            batch = self.reader.get_batch(int(number)).select(columns)
            whole = ascending and local.size == batch.num_rows
            pieces.append(batch if whole else batch.take(pa.array(local)))
        if not pieces:
            return self.reader.schema.empty_table().select(columns)
        table = pa.Table.from_batches(pieces)
        if ascending:
            return table
        place = np.empty(rows.size, np.int64)
        place[order] = np.arange(rows.size)
        return table.take(pa.array(place))


def compared(batch: pa.RecordBatch, by: By) -> pa.StringArray:
    """The text by which pairs are compared; of a whole pair the sides as two paragraphs."""
    if by != "pair":
        return batch.column(by)
    return pc.binary_join_element_wise(batch.column("source"), batch.column("target"), "\n")


def compared_rows(batch: pa.RecordBatch, rows: np.ndarray, by: By) -> pa.StringArray:
    """As `compared`, of some rows (int64)."""
    columns = ["source", "target"] if by == "pair" else [by]
    return compared(batch.select(columns).take(pa.array(rows)), by)


def stretches(batches: Iterable[pa.RecordBatch], most: int = STRETCH) -> Iterator[list[pa.RecordBatch]]:
    """Batches in a row, of at most `most` bytes together, or one that is larger."""
    stretch: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        if stretch and size + batch.nbytes > most:
            yield stretch
            stretch, size = [], 0
        stretch.append(batch)
        size += batch.nbytes
    if stretch:
        yield stretch


def each_once(
    batches: Sequence[pa.RecordBatch], columns: Sequence[str], most: int = PIECE
) -> tuple[Iterator[pa.RecordBatch], list[np.ndarray]]:
    """The different rows of several batches, and which of them each row is equal to.

    Rows that are equal in some columns of text are one, and the first of them stands for all.

    Args:
        batches: of one schema, at least one.
        columns: those that are compared.
        most: bytes of a piece, unless the different rows of one batch are more.

    Returns:
        The different rows, in pieces of whole batches less their copies; and for each batch integers (rows,), numbers
        of different rows, counted through all pieces.
    """
    first, place = distinct(pa.Table.from_batches(batches).select(columns), columns)
    starts = np.cumsum([0, *(batch.num_rows for batch in batches)])
    new = np.split(first, np.searchsorted(first, starts[1:-1]))
    taken = (batch.take(pa.array(rows - start)) for batch, start, rows in zip(batches, starts, new, strict=False))
    return map(pa.concat_batches, stretches(taken, most)), np.split(place, starts[1:-1])


def distinct(rows: pa.RecordBatch | pa.Table, columns: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The first of all rows that are equal in some columns of text.

    Returns:
        int64 (different,), numbers of these rows, ascending; and (rows,), integers, which of them each row is equal to.
    """
    texts = [rows.column(name) for name in columns]
    first = first_rows([text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text for text in texts])
    new = first == np.arange(first.size)
    return np.flatnonzero(new), (np.cumsum(new) - 1)[first]


def text_bytes(batch: pa.RecordBatch) -> np.ndarray:
    """UTF-8 bytes of the text of a document, or of each side of a pair: int32 (texts of a row, rows)."""
    columns = ["text"] if "text" in batch.schema.names else ["source", "target"]
    return np.stack([byte_lengths(batch.column(name)) for name in columns])


def byte_lengths(texts: pa.StringArray | pa.BinaryArray) -> np.ndarray:
    """UTF-8 bytes of each row, int32."""
    return np.diff(text_buffers(texts)[1])
