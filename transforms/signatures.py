"""Documents of many parts by number: their signatures and texts, read where they lie.

Within one run of deduplication a document's number is its part's place in the plan and its row: `part << 32 | row`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from babelmill.format import PERMUTATIONS, SIGNATURES, File
from transforms.jaccard import shingle_sets
from transforms.parts import Part
from transforms.storage import WorkDirectory

ROW_BITS = np.uint64(32)


def numbers(part: int, rows: np.ndarray) -> np.ndarray:
    """Document numbers (uint64) of rows of one part."""
    return (np.uint64(part) << ROW_BITS) | rows.astype(np.uint64)


def split(documents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The parts and rows (int64 each) of document numbers."""
    return (documents >> ROW_BITS).astype(np.int64), (documents & np.uint64(0xFFFFFFFF)).astype(np.int64)


class Signed(NamedTuple):
    """The columns of a signature file for n documents.

    Attributes:
        hash: uint8 (n, 16), 128 bits of the folded text.
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


def signed_rows(table: pa.Table | pa.RecordBatch) -> Signed:
    """The columns of a signature file as arrays."""
    hashes, minhash, *numbers = (_combined(table.column(name)) for name in Signed._fields)
    return Signed(
        np.frombuffer(hashes.buffers()[1] or b"", np.uint8)[16 * hashes.offset :][: 16 * len(hashes)].reshape(-1, 16),
        minhash.flatten().to_numpy().reshape(-1, PERMUTATIONS),
        *(column.to_numpy() for column in numbers),
    )


def _combined(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


@dataclass(frozen=True)
class Documents:
    """Signatures and texts of a run's documents by number.

    Attributes:
        work: the work directory.
        signature_files: part number -> signature file.
        text_files: part number -> clean file.
        shingle: tokens in a shingle.
    """

    work: WorkDirectory
    signature_files: Mapping[int, File]
    text_files: Mapping[int, File]
    shingle: int

    def sign(self, documents: np.ndarray) -> Signed:
        """Signatures of documents (uint64, any order), in the order asked for."""
        tables = self._gather(documents, self.signature_files, list(Signed._fields))
        found = [signed_rows(table) for table in tables] or [signed_rows(SIGNATURES.empty_table())]
        place = self._places(documents)
        return Signed(*(np.concatenate(columns)[place] for columns in zip(*found, strict=True)))

    def hashes(self, documents: np.ndarray) -> np.ndarray:
        """128-bit hashes of the folded texts, uint8 (n, 16)."""
        return self.sign(documents).hash

    def signatures(self, documents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """MinHash values, uint32 (n, 128), and numbers of distinct shingles, int32 (n,)."""
        signed = self.sign(documents)
        return signed.minhash, signed.shingles

    def shingle_sets(self, documents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and offsets of the sets of shingles, as of `jaccard.shingle_sets`."""
        return shingle_sets(self.read(documents), words=self.shingle)

    def read(self, documents: np.ndarray) -> pa.StringArray:
        """Texts of documents (uint64, any order), in the order asked for."""
        found = [_combined(table.column("text")) for table in self._gather(documents, self.text_files, ["text"])]
        if not found:
            return pa.array([], pa.string())
        return pa.concat_arrays(found).take(pa.array(self._places(documents)))

    def _gather(self, documents: np.ndarray, files: Mapping[int, File], columns: list[str]) -> list[pa.Table]:
        """The rows asked for, part by part, in order of the parts."""
        parts, rows = split(documents)
        return [
            open_cached(self.work, files[int(part)]).take(rows[parts == part], columns) for part in np.unique(parts)
        ]

    @staticmethod
    def _places(documents: np.ndarray) -> np.ndarray:
        """Where each document asked for stands when documents are grouped by part."""
        order = np.argsort(split(documents)[0], kind="stable")
        place = np.empty(documents.size, np.int64)
        place[order] = np.arange(documents.size)
        return place


open_cached: Callable[[WorkDirectory, File], Part] = lru_cache(maxsize=256)(Part.open)
"""A part, mapped and checked once as long as it is in use."""
