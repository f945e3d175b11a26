"""Documents of many parts by number: their signatures and texts, read where they lie.

Within one run of deduplication a document's number is its part's place in the plan and its row: `part << 32 | row`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa

from babelmill.format import PERMUTATIONS, File
from transforms.parts import Part
from transforms.storage import WorkDirectory

ROW_BITS = np.uint64(32)


def numbers(part: int, rows: np.ndarray) -> np.ndarray:
    """Document numbers (uint64) of rows of one part."""
    return (np.uint64(part) << ROW_BITS) | rows.astype(np.uint64)


def split(documents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The parts and rows (int64 each) of document numbers."""
    return (documents >> ROW_BITS).astype(np.int64), (documents & np.uint64(0xFFFFFFFF)).astype(np.int64)


@dataclass(frozen=True)
class Signed:
    """Signatures of n documents: minhash uint32 (n, 128), hash uint8 (n, 16), characters int32 (n,), score float32 (n,)."""

    minhash: np.ndarray
    hash: np.ndarray
    characters: np.ndarray
    score: np.ndarray


def signed_rows(table: pa.Table | pa.RecordBatch) -> Signed:
    """The columns of a signature file as arrays."""
    columns = {name: _combined(table.column(name)) for name in ("minhash", "hash", "characters", "score")}
    n = table.num_rows
    values, hashes = columns["minhash"], columns["hash"]
    minhash = values.flatten().to_numpy(zero_copy_only=False).reshape(n, PERMUTATIONS)
    start = hashes.offset * 16
    return Signed(
        minhash=minhash,
        hash=np.frombuffer(hashes.buffers()[1], np.uint8, n * 16, start).reshape(n, 16) if n else np.zeros((0, 16), np.uint8),
        characters=columns["characters"].to_numpy(zero_copy_only=False),
        score=columns["score"].to_numpy(zero_copy_only=False),
    )


def _combined(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)


@dataclass(frozen=True)
class Documents:
    """Signatures and texts of a run's documents by number.

    Attributes:
        work: the work directory.
        signatures: part number -> signature file.
        texts: part number -> clean file.
    """

    work: WorkDirectory
    signatures: Mapping[int, File]
    texts: Mapping[int, File]

    def sign(self, documents: np.ndarray) -> Signed:
        """Signatures of documents (uint64, any order), in the order asked for."""
        found = [
            signed_rows(table)
            for table in self._gather(documents, self.signatures, ["hash", "minhash", "characters", "score"])
        ]
        if not found:
            return Signed(
                np.zeros((0, PERMUTATIONS), np.uint32),
                np.zeros((0, 16), np.uint8),
                np.zeros(0, np.int32),
                np.zeros(0, np.float32),
            )
        place = self._places(documents)
        fields = ("minhash", "hash", "characters", "score")
        return Signed(*(np.concatenate([getattr(one, name) for one in found])[place] for name in fields))

    def read(self, documents: np.ndarray) -> pa.StringArray:
        """Texts of documents (uint64, any order), in the order asked for."""
        found = [_combined(table.column("text")) for table in self._gather(documents, self.texts, ["text"])]
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
