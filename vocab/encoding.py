"""Text to token ids and back, through the SentencePiece library, a batch at a time.

The ids are the library's own for each document, to the last one. A batch costs one call: documents go in as UTF-8
bytes, ids come back as one buffer a document, and the interpreter's lock is free while the library works, so threads
encode side by side.
"""

from __future__ import annotations

import functools
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import sentencepiece

from vocab.model_file import ModelFile, VocabularyError, parse_model

_LOADING = threading.Lock()


class Encoder:
    """A SentencePiece model that encodes Arrow columns. Safe to share between threads; pickles as its path.

    Attributes:
        path: the `.model` file.
        model: what the file says: its pieces and settings.
    """

    def __init__(self, path: str | Path):
        """Load a model; `load` keeps loaded ones.

        Raises:
            FileNotFoundError: there is no such file.
            VocabularyError: it is not a SentencePiece model.
        """
        self.path = Path(path)
        data = self.path.read_bytes()
        self.model: ModelFile = parse_model(data, name=str(path))
        self._processor = sentencepiece.SentencePieceProcessor()
        try:
            self._processor.LoadFromSerializedProto(data)
        except RuntimeError as error:
            raise VocabularyError(f"{path} cannot be loaded by SentencePiece: {error}; train it again") from error

    def __reduce__(self):
        return load, (self.path,)

    def __len__(self) -> int:
        """How many pieces the vocabulary has: every id is less."""
        return len(self.model.pieces)

    def encode(self, texts: pa.StringArray) -> pa.ListArray:
        """Encode documents; no ids are added before or after a document's own.

        Args:
            texts: string[n], without nulls.

        Returns:
            list<int32>[n], row i for document i; empty for a document of nothing but spaces.
        """
        documents = texts.cast(pa.binary()).to_pylist()
        ids = self._processor.encode(documents, out_type="numpy", num_threads=1)
        offsets = np.zeros(len(documents) + 1, np.int32)
        np.cumsum([row.size for row in ids], out=offsets[1:])
        values = np.concatenate([np.empty(0, np.int32), *ids])
        return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values))

    def decode(self, ids: pa.ListArray) -> pa.StringArray:
        """Decode rows of ids to text, normalised as the model normalises.

        Args:
            ids: list<int32>[n], without nulls.

        Returns:
            string[n].

        Raises:
            VocabularyError: an id is outside the vocabulary.
        """
        values = ids.flatten().to_numpy()
        if values.size and not 0 <= int(values.min()) <= int(values.max()) < len(self):
            worst = int(values.min()) if values.min() < 0 else int(values.max())
            raise VocabularyError(
                f"id {worst} is not in {self.path}, which has {len(self)} pieces; "
                "decode with the model that these ids were encoded with"
            )
        ends = np.cumsum(ids.value_lengths().to_numpy())
        rows: list[Any] = np.split(values, ends[:-1])[: len(ids)]
        return pa.array(self._processor.decode(rows, num_threads=1) if rows else [], pa.string())


def load(path: str | Path) -> Encoder:
    """The encoder of a model file, loaded once a process as long as the file does not change.

    Raises:
        FileNotFoundError: there is no such file.
        VocabularyError: it is not a SentencePiece model.
    """
    status = Path(path).stat()
    # Loading is not thread-safe in the library, and two threads that ask at once shall share one model.
    with _LOADING:
        return _load(Path(path), status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=4)
def _load(path: Path, size: int, modified: int) -> Encoder:
    return Encoder(path)
