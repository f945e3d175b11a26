"""Text to token ids and back, a batch at a time.

The ids are the SentencePiece library's own for each document, to the last one. Kernels make them from an Arrow column's
buffers (`vocab.segmenter`), for unigram and BPE models; the library itself does for other models, and decodes. Either
works without the interpreter's lock, so threads encode side by side.
"""

from __future__ import annotations

import functools
import logging
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import sentencepiece

from vocab.columns import text_buffers
from vocab.model_file import ModelFile, VocabularyError, library_of, parse_model
from vocab.segmenter import Segmenter

_LOG = logging.getLogger(__name__)
_LOADING, _LOADING_LIBRARY = threading.Lock(), threading.Lock()


class Encoder:
    """A SentencePiece model that encodes Arrow columns. Safe to share between threads; pickles as its path.

    Each thread that encodes at the same time as others takes 18 MiB for the words that it remembers, and what its
    longest document needs.

    Attributes:
        path: the `.model` file.
        model: what the file says: its pieces and settings.
        uncovered: why the library encodes and not the kernels, said of the model; empty if the kernels do.
    """

    uncovered: str

    def __init__(self, path: str | Path):
        """Load a model; `load` keeps loaded ones.

        Raises:
            FileNotFoundError: there is no such file.
            VocabularyError: it is not a SentencePiece model.
        """
        self.path = Path(path)
        data = self.path.read_bytes()
        self.model: ModelFile = parse_model(data, name=str(path))
        self._data = data
        self._processor: sentencepiece.SentencePieceProcessor | None = None
        self._segmenter, self.uncovered = _segmenter(self.model)
        if self.uncovered:
            self._library()
            _LOG.warning("%s has %s: SentencePiece encodes with it, not the faster kernels", path, self.uncovered)

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
        if self._segmenter is None:
            return self._encode_by_library(texts)
        ids, offsets = self._segmenter.encode(*text_buffers(texts))
        return pa.ListArray.from_arrays(pa.array(offsets), pa.array(ids))

    def _encode_by_library(self, texts: pa.StringArray) -> pa.ListArray:
        """Do as `encode`. A batch is one call, that takes UTF-8 and gives a buffer a document."""
        documents = texts.cast(pa.binary()).to_pylist()
        ids = self._library().encode(documents, out_type="numpy", num_threads=1)
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
            VocabularyError: an id is outside the vocabulary, or the library refuses the model.
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
        return pa.array(self._library().decode(rows, num_threads=1) if rows else [], pa.string())

    def _library(self) -> sentencepiece.SentencePieceProcessor:
        """The library with the model, loaded when it is needed first, as it takes half as long as all else."""
        with _LOADING_LIBRARY:
            if self._processor is None:
                self._processor = library_of(self._data, name=str(self.path))
            return self._processor


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


def _segmenter(model: ModelFile) -> tuple[Segmenter | None, str]:
    """The kernels for a model, or None and why there are none."""
    try:
        return Segmenter(model), ""
    except ValueError as error:
        return None, str(error)
