"""Documents of many parts by number: their signatures and texts, read where they lie.

Within one run of deduplication documents are numbered through all parts, in the order of the parts and of their rows.
Parts of a group follow each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from babelmill.format import PERMUTATIONS, File
from transforms.jaccard import shingle_sets
from transforms.minhash import sign
from transforms.parts import By, Part, compared, compared_rows
from transforms.storage import WorkDirectory


class Signed(NamedTuple):
    """The columns of a signature file for n documents.

    Attributes:
        hash: uint64 (n, 2), 128 bits of the folded text.
        minhash: uint32 (n, 128).
        shingles: int32 (n,), how many distinct ones.
        characters: int32 (n,).
        score: float32 (n,), of the language; NaN where there is none.
    """

    hash: np.ndarray
    minhash: np.ndarray
    shingles: np.ndarray
    characters: np.ndarray
    score: np.ndarray


ROW = {
    "hash": "2<u8",
    "minhash": f"{PERMUTATIONS}<u4",
    "shingles": "<i4",
    "characters": "<i4",
    "score": "<f4",
    "other": "<u8",
}
"""What each column holds in a row, as numpy names it."""


def signed_rows(table: pa.Table | pa.RecordBatch) -> Signed:
    """The columns of a signature file as arrays."""
    return Signed(*(rows_of(table.column(name), name) for name in Signed._fields))


def rows_of(column: pa.Array | pa.ChunkedArray, name: str) -> np.ndarray:
    """One column of a signature file as an array, without a copy if it is in one piece."""
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if name == "minhash":
        return column.flatten().to_numpy().reshape(-1, PERMUTATIONS)
    if name == "hash":
        words = np.frombuffer(column.buffers()[1] or b"", "<u8").reshape(-1, 2)
        return words[column.offset : column.offset + len(column)]
    return column.to_numpy()


@dataclass(frozen=True)
class Documents:
    """Signatures and texts of a run's documents by number.

    Files are opened for each question and closed with it, so that no more than one a thread is in memory.

    Attributes:
        work: the work directory.
        names: of the parts.
        starts: int64 (parts + 1,), the number of each part's first document, and how many documents there are.
        groups: int64, sorted, the number of each group's first document.
        signature_files, text_files, score_files: of each part; scores may be among the signatures.
        shingle: tokens in a shingle.
        by: of pairs, what is compared; None: these are documents.
    """

    work: WorkDirectory
    names: Sequence[str]
    starts: np.ndarray
    groups: np.ndarray
    signature_files: Sequence[File]
    text_files: Sequence[File]
    score_files: Sequence[File]
    shingle: int
    by: By | None = None

    def __len__(self) -> int:
        return int(self.starts[-1])

    def start(self, name: str) -> int:
        """The number of a part's first document."""
        return int(self.starts[self._numbers[name]])

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.names)}

    def locate(self, documents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The parts and rows (int64 each) of document numbers."""
        parts = np.searchsorted(self.starts, documents, side="right") - 1
        return parts, documents - self.starts[parts]

    def columns(self, documents: np.ndarray, names: Sequence[str]) -> list[np.ndarray]:
        """Columns of the signatures of documents (int32, sorted), in that order; see `Signed`."""
        found = {name: np.empty(documents.size, ROW[name]) for name in names}
        signed = [name for name in names if name != "score"]
        for files, wanted in ((self.signature_files, signed), (self.score_files, found.keys() - set(signed))):
            for batch, rows, chosen in self._batches(documents, files) if wanted else ():
                for name in wanted:
                    # Without `clip`, numpy would copy once more.
                    np.take(rows_of(batch.column(name), name), rows, axis=0, out=found[name][chosen], mode="clip")
        return list(found.values())

    def hashes(self, documents: np.ndarray) -> np.ndarray:
        """128-bit hashes of the folded texts, uint64 (n, 2)."""
        return self.columns(documents, ["hash"])[0]

    def signatures(self, documents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """MinHash values, uint32 (n, 128), and numbers of distinct shingles, int32 (n,).

        Those of pairs are computed: a sentence is signed in less time than 512 bytes are written and read again.
        """
        if self.by is None:
            minhash, shingles = self.columns(documents, ["minhash", "shingles"])
            return minhash, shingles
        minhash, shingles = np.empty((documents.size, PERMUTATIONS), np.uint32), np.empty(documents.size, np.int32)
        for batch, rows, chosen in self._batches(documents, self.text_files):
            _, minhash[chosen], shingles[chosen] = sign(compared_rows(batch, rows, self.by), words=self.shingle)
        return minhash, shingles

    def shingle_sets(self, documents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The sets of shingles of documents (int32, sorted), as of `jaccard.shingle_sets`."""
        values, sizes = [np.zeros(0, np.uint64)], [np.zeros(1, np.int64)]
        for batch, rows, _ in self._batches(documents, self.text_files):
            texts = batch.column("text") if self.by is None else compared(batch, self.by)
            found, offsets = shingle_sets(texts, rows, words=self.shingle)
            values.append(found)
            sizes.append(np.diff(offsets))
        return np.concatenate(values), np.cumsum(np.concatenate(sizes))

    def _batches(
        self, documents: np.ndarray, files: Sequence[File]
    ) -> Iterator[tuple[pa.RecordBatch, np.ndarray, slice]]:
        """The record batches that hold some sorted documents, with their rows in it and their places among those."""
        bounds = np.searchsorted(documents, self.starts)
        for number in np.flatnonzero(np.diff(bounds)).tolist():
            reader = self.work.open_arrow(files[number])
            starts = self.starts[number] + _batch_starts(self.work, files[number])
            ends = bounds[number] + np.searchsorted(documents[bounds[number] : bounds[number + 1]], starts)
            for batch in np.flatnonzero(ends[1:] > ends[:-1]).tolist():
                chosen = slice(ends[batch], ends[batch + 1])
                yield reader.get_batch(batch), documents[chosen] - starts[batch], chosen


@lru_cache(maxsize=1 << 16)
def _batch_starts(work: WorkDirectory, file: File) -> np.ndarray:
    """The rows with which a file's record batches start, and their number: small, and slow to find."""
    return Part.map(work.map_arrow(file)).starts


open_cached: Callable[[WorkDirectory, File], Part] = lru_cache(maxsize=4)(Part.open)
"""A part, mapped and checked once as long as it is in use."""
