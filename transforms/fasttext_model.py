"""Reads a supervised fastText model (binary format 12, `.bin` or quantised `.ftz`) into numpy arrays.

The format is what fastText's `FastText::saveModel` writes: little-endian, one piece after the other.

    magic, version      two int32
    settings            twelve int32 and a float64
    dictionary          sizes; words, then labels: spelling, NUL, count, kind; n-gram buckets that survived pruning
    input matrix        a row a word, then a row an n-gram bucket
    output matrix       a row a label, or (hierarchical softmax) a row an inner node of the label tree

A quantised matrix names, for each piece of a row, one of 256 centroids (product quantisation, Jégou et al. 2011). It is
expanded to float32 here: lid.176.ftz takes 0.9 MB on disk and 3.2 MB in memory.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np

MAGIC = 793712314
VERSION = 12
SUPERVISED = 3
LOSSES = {1: "hs", 2: "ns", 3: "softmax", 4: "ova"}
"""fastText's names of its losses, by their code in the file; `hs` is hierarchical softmax, a binary tree of labels."""

LABEL_PREFIX = b"__label__"
END_OF_LINE = b"</s>"
"""The word that stands for the end of a line in fastText's dictionary."""

CENTROIDS = 256
UNCOUNTED = 10**15
"""Stands for "not counted yet" where fastText builds the tree of labels, so no label may be seen as often."""


class ModelError(ValueError):
    """A file is not a fastText model that predicts labels, or it is damaged."""


@dataclass(frozen=True, kw_only=True)
class FastTextModel:
    """A supervised model in arrays.

    Attributes:
        path: where it was read.
        loss: one of `LOSSES`.
        word_ngrams: longest run of words that has a vector of its own; 1: none has.
        min_ngram: characters of the shortest n-gram of a word.
        max_ngram: characters of the longest one; 0: words have no n-grams.
        buckets: n-grams are hashed into this many buckets.
        words: the dictionary's words in UTF-8; word i has row i of `input`.
        label_words: the labels as the dictionary spells them, with `__label__`.
        label_counts: int64[labels], how often each was seen in training; they shape the tree of hierarchical softmax.
        kept_buckets: int32[kept], the buckets that have a vector, where the others were pruned away; else None. The row
            of bucket `kept_buckets[i]`, or of bucket i, is the i-th after those of the words.
        input: float32[rows, dimension].
        output: float32[labels, dimension].
        output_norms: float32[labels], what a product with a row of `output` is to be multiplied by.
    """

    path: Path
    loss: str
    word_ngrams: int
    min_ngram: int
    max_ngram: int
    buckets: int
    words: tuple[bytes, ...]
    label_words: tuple[bytes, ...]
    label_counts: np.ndarray
    kept_buckets: np.ndarray | None
    input: np.ndarray
    output: np.ndarray
    output_norms: np.ndarray

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels without `__label__`."""
        return tuple(word.removeprefix(LABEL_PREFIX).decode("utf-8", "replace") for word in self.label_words)


def read_model(path: str | Path) -> FastTextModel:
    """Read a model into memory, quantised matrices expanded.

    Raises:
        FileNotFoundError: there is no such file.
        ModelError: the file is not a fastText model of format 12, holds no classifier, is truncated, or contradicts
            itself.
    """
    path = Path(path)
    with path.open("rb") as file:
        if not path.stat().st_size:
            raise ModelError(f"{path} is empty, not a fastText model; fetch it again")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _read(_Reader(path, data))


class _Matrix(NamedTuple):
    """float32[rows, columns], and float32[rows] by which a row is still to be multiplied."""

    quantised: bool
    rows: np.ndarray
    norms: np.ndarray


class _Reader:
    """Walks through a file; `part` names the piece that is being read, for error messages."""

    def __init__(self, path: Path, data: mmap.mmap) -> None:
        self.path, self.data, self.at, self.part = path, data, 0, "header"

    def refuse(self, finding: str) -> NoReturn:
        raise ModelError(f"{self.path} {finding}")

    def damaged(self, finding: str) -> NoReturn:
        self.refuse(f"is truncated or damaged: {finding}; fetch it again")

    def take(self, size: int) -> int:
        """Step over `size` bytes and return where they begin."""
        if size < 0 or self.at + size > len(self.data):
            self.damaged(f"its {self.part} needs {size} bytes from byte {self.at}, the file has {len(self.data)}")
        begin, self.at = self.at, self.at + size
        return begin

    def values(self, form: str) -> tuple[Any, ...]:
        form = "<" + form
        return struct.unpack_from(form, self.data, self.take(struct.calcsize(form)))

    def array(self, dtype: str, count: int) -> np.ndarray:
        """A copy of the next `count` numbers: views into the file would be unaligned, and pin it."""
        begin = self.take(count * np.dtype(dtype).itemsize)
        return np.frombuffer(self.data, dtype, count, begin).copy()

    def spelling(self) -> bytes:
        end = self.data.find(b"\0", self.at)
        if end < 0:
            self.damaged(f"a spelling in its {self.part} begins at byte {self.at} and does not end")
        begin = self.take(end + 1 - self.at)
        return self.data[begin:end]

    def matrix(self, part: str, shape: tuple[int, int], *, quantisable: bool = True) -> _Matrix:
        self.part = part
        quantised = self.values("?") == (True,) and quantisable
        has_norms = quantised and self.values("?") == (True,)
        found = self.values("qq")
        if found != shape:
            self.damaged(f"its {part} is {found[0]} x {found[1]}, its head asks for {shape[0]} x {shape[1]}")
        norms = np.ones(shape[0], np.float32)
        if not quantised:
            return _Matrix(False, self.array("<f4", shape[0] * shape[1]).reshape(shape), norms)
        rows = self.centroids(self.array("u1", *self.values("i")), shape)
        if has_norms:
            norms = self.centroids(self.array("u1", shape[0]), (shape[0], 1))[:, 0]
        return _Matrix(True, rows, norms)

    def centroids(self, codes: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """Read a table of centroids and lay out those that the codes name, a row's pieces after each other."""
        dimension, pieces, width, last = self.values("4i")
        fits = dimension == shape[1] == (pieces - 1) * width + last and codes.size == shape[0] * pieces
        if not fits or min(pieces, width, last) <= 0:
            self.damaged(
                f"the quantiser of its {self.part} cuts {dimension} columns into {pieces} pieces of {width} (the last "
                f"of {last}), the matrix has {shape[1]} columns and {codes.size} codes in {shape[0]} rows"
            )
        table = self.array("<f4", dimension * CENTROIDS)
        codes, matrix = codes.reshape(shape[0], pieces), np.empty(shape, np.float32)
        for piece in range(pieces):
            begin, size = piece * width, width if piece < pieces - 1 else last
            choices = table[CENTROIDS * begin : CENTROIDS * (begin + size)].reshape(CENTROIDS, size)
            matrix[:, begin : begin + size] = choices[codes[:, piece]]
        return matrix


def _read(reader: _Reader) -> FastTextModel:
    dimension, settings = _settings(reader)
    words, label_words, label_counts, pairs = _dictionary(reader)
    kept = None if pairs is None else _kept_buckets(reader, pairs, settings["buckets"])
    rows = len(words) + (settings["buckets"] if kept is None else len(kept))
    vectors = reader.matrix("input matrix", (rows, dimension))
    output = reader.matrix("output matrix", (len(label_words), dimension), quantisable=vectors.quantised)
    return FastTextModel(
        path=reader.path,
        **settings,
        words=words,
        label_words=label_words,
        label_counts=label_counts,
        kept_buckets=kept,
        input=np.multiply(vectors.rows, vectors.norms[:, None], out=vectors.rows),
        output=output.rows,
        output_norms=output.norms,
    )


def _settings(reader: _Reader) -> tuple[int, dict[str, Any]]:
    """Check the header; returns the dimension, and what else prediction needs of the training settings."""
    if len(reader.data) < 8 or reader.values("i") != (MAGIC,):
        reader.refuse(
            f"is not a fastText model (.bin or .ftz): it begins with {reader.data[:8]!r}; vectors as text (.vec) and "
            "compressed files cannot be read"
        )
    (version,) = reader.values("i")
    if version != VERSION:
        reader.refuse(f"is a fastText model of format {version}, this reads format {VERSION}; use another model")
    reader.part = "settings"
    dimension, _, _, _, _, word_ngrams, loss, kind, buckets, min_ngram, max_ngram, _, _ = reader.values("12id")
    if kind != SUPERVISED:
        reader.refuse("holds word vectors, not labels; use a model trained with `fasttext supervised`")
    if loss not in LOSSES or dimension <= 0 or buckets < 0 or min_ngram < 0 or max_ngram < 0:
        reader.damaged(
            f"its settings say loss {loss}, {dimension} dimensions, {buckets} buckets, n-grams of {min_ngram} to "
            f"{max_ngram} characters"
        )
    return dimension, {
        "loss": LOSSES[loss],
        "word_ngrams": word_ngrams,
        "min_ngram": min_ngram,
        "max_ngram": max_ngram,
        "buckets": buckets,
    }


def _dictionary(reader: _Reader) -> tuple[tuple[bytes, ...], tuple[bytes, ...], np.ndarray, np.ndarray | None]:
    """Words, labels, int64 counts of the labels, and the int32 pairs of pruning (None: not pruned)."""
    reader.part = "dictionary"
    size, word_count, label_count = reader.values("3i")
    _, pair_count = reader.values("qq")
    if word_count < 0 or label_count <= 0 or size != word_count + label_count:
        reader.damaged(f"its dictionary has {size} entries for {word_count} words and {label_count} labels")
    entries = [(reader.spelling(), *reader.values("qb")) for _ in range(size)]
    words, labels = entries[:word_count], entries[word_count:]
    label_counts = np.array([count for _, count, _ in labels], np.int64)
    if any(kind for _, _, kind in words) or not all(kind for _, _, kind in labels):
        reader.damaged("its dictionary mixes words and labels")
    if not np.all((label_counts >= 0) & (label_counts < UNCOUNTED)):
        reader.damaged(f"its labels are said to be seen {label_counts.min()} to {label_counts.max()} times in training")
    return (
        tuple(word for word, _, _ in words),
        tuple(label for label, _, _ in labels),
        label_counts,
        reader.array("<i4", 2 * pair_count).reshape(-1, 2) if pair_count >= 0 else None,
    )


def _kept_buckets(reader: _Reader, pairs: np.ndarray, buckets: int) -> np.ndarray:
    """int32[kept]: the buckets that survived pruning, from the file's pairs of (bucket, its place) in any order."""
    order = np.argsort(pairs[:, 1])
    kept, places = pairs[order].T
    if not np.array_equal(places, np.arange(len(pairs))) or not np.all((kept >= 0) & (kept < buckets)):
        reader.damaged(f"the {len(pairs)} buckets that survived pruning are not numbered one by one")
    return kept
