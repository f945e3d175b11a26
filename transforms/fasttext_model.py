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
from typing import Any, NoReturn

import numpy as np

MAGIC = 793712314
VERSION = 12
SUPERVISED = 3
LOSSES = {1: "hs", 2: "ns", 3: "softmax", 4: "ova"}
"""fastText's names of its losses, by their code in the file; `hs` is hierarchical softmax, a binary tree of labels."""

LABEL_PREFIX = "__label__"
CENTROIDS = 256


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
        labels: without `__label__`.
        label_counts: int64[labels], how often each label was seen in training; they shape the tree of labels.
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
    labels: tuple[str, ...]
    label_counts: np.ndarray
    kept_buckets: np.ndarray | None
    input: np.ndarray
    output: np.ndarray
    output_norms: np.ndarray


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
            self.fail(
                f"the {self.part} needs {size} bytes from byte {self.at}, the file has {len(self.data)}: it is truncated "
                "or damaged; fetch it again"
            )
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
        begin = self.take(len(self.data) if end < 0 else end + 1 - self.at)
        return self.data[begin:end]

    def matrix(self, quantised: bool) -> tuple[np.ndarray, np.ndarray]:
        """The next matrix: float32[rows, columns], and float32[rows] by which its rows are to be multiplied."""
        if not quantised:
            rows, columns = self.values("qq")
            return self.array("<f4", rows * columns).reshape(rows, columns), np.ones(rows, np.float32)
        (has_norms,) = self.values("?")
        rows, columns, size = self.values("qqi")
        codes = self.array("u1", size)
        matrix = self.centroids(codes, rows, columns)
        if not has_norms:
            return matrix, np.ones(rows, np.float32)
        return matrix, self.centroids(self.array("u1", rows), rows, 1)[:, 0]

    def centroids(self, codes: np.ndarray, rows: int, columns: int) -> np.ndarray:
        """Read a table of centroids and put them where the codes, a row's pieces after each other, name them."""
        dimension, pieces, width, last = self.values("iiii")
        if dimension != columns or pieces * rows != codes.size or (pieces - 1) * width + last != columns:
            self.fail(
                f"the {self.part} is {rows} x {columns}, but its quantiser cuts {dimension} columns into {pieces} pieces "
                f"of {width} (the last of {last}) for {codes.size} codes: the file is damaged; fetch it again"
            )
        table = self.array("<f4", dimension * CENTROIDS)
        codes, matrix = codes.reshape(rows, pieces), np.empty((rows, columns), np.float32)
        for piece in range(pieces):
            begin, size = piece * width, width if piece < pieces - 1 else last
            choices = table[CENTROIDS * begin : CENTROIDS * (begin + size)].reshape(CENTROIDS, size)
            matrix[:, begin : begin + size] = choices[codes[:, piece]]
        return matrix


def _read(reader: _Reader) -> FastTextModel:
    dimension, settings = _settings(reader)
    words, labels, label_counts, pairs = _dictionary(reader)
    kept = None if pairs is None else _kept_buckets(reader, pairs, settings["buckets"])
    reader.part = "input matrix"
    (quantised,) = reader.values("?")
    rows, norms = reader.matrix(quantised)
    reader.part = "output matrix"
    (quantised_output,) = reader.values("?")
    output, output_norms = reader.matrix(quantised and quantised_output)
    expected = (len(words) + (settings["buckets"] if kept is None else len(kept)), dimension)
    if rows.shape != expected or output.shape != (len(labels), dimension):
        reader.fail(
            f"its matrices are {rows.shape} and {output.shape}, its dictionary asks for {expected} and "
            f"{(len(labels), dimension)}: the file is damaged; fetch it again"
        )
    return FastTextModel(
        path=reader.path,
        **settings,
        words=words,
        labels=labels,
        label_counts=label_counts,
        kept_buckets=kept,
        input=np.multiply(rows, norms[:, None], out=rows),
        output=output,
        output_norms=output_norms,
    )


def _settings(reader: _Reader) -> tuple[int, dict[str, Any]]:
    """Check the header; returns the dimension and what else prediction needs of the training settings."""
    if len(reader.data) < 8 or reader.values("i") != (MAGIC,):
        reader.fail(
            f"begins with {reader.data[:8]!r}, so it is not a fastText model (.bin or .ftz); vectors as text (.vec) and "
            "compressed files cannot be read"
        )
    (version,) = reader.values("i")
    if version != VERSION:
        reader.fail(
            f"is a fastText model of format {version}, this reads format {VERSION}; train it again or convert it"
        )
    reader.part = "settings"
    dimension, _, _, _, _, word_ngrams, loss, kind, buckets, min_ngram, max_ngram, _, _ = reader.values("12id")
    if kind != SUPERVISED:
        reader.fail("holds word vectors, not a classifier; a model trained with `fasttext supervised` is needed")
    if loss not in LOSSES or dimension <= 0 or buckets < 0 or min_ngram < 0 or max_ngram < 0:
        reader.fail(
            f"its settings are impossible (loss {loss}, {dimension} dimensions, {buckets} buckets, n-grams of {min_ngram} "
            f"to {max_ngram} characters): the file is damaged; fetch it again"
        )
    return dimension, {
        "loss": LOSSES[loss],
        "word_ngrams": word_ngrams,
        "min_ngram": min_ngram,
        "max_ngram": max_ngram,
        "buckets": buckets,
    }


def _dictionary(reader: _Reader) -> tuple[tuple[bytes, ...], tuple[str, ...], np.ndarray, np.ndarray | None]:
    """Words, labels, int64 counts of the labels, and the int32 pairs of pruning (None: not pruned)."""
    reader.part = "dictionary"
    size, word_count, label_count = reader.values("iii")
    _, pair_count = reader.values("qq")
    if word_count < 0 or label_count <= 0 or size != word_count + label_count:
        reader.fail(
            f"its dictionary has {size} entries, {word_count} words and {label_count} labels: the file is damaged; fetch "
            "it again"
        )
    entries = [(reader.spelling(), *reader.values("qb")) for _ in range(size)]
    if any(kind != (place >= word_count) for place, (_, _, kind) in enumerate(entries)):
        reader.fail("its dictionary mixes words and labels: the file is damaged; fetch it again")
    words, labels = entries[:word_count], entries[word_count:]
    return (
        tuple(word for word, _, _ in words),
        tuple(label.decode("utf-8", "replace").removeprefix(LABEL_PREFIX) for label, _, _ in labels),
        np.array([count for _, count, _ in labels], np.int64),
        reader.array("<i4", 2 * pair_count).reshape(-1, 2) if pair_count >= 0 else None,
    )


def _kept_buckets(reader: _Reader, pairs: np.ndarray, buckets: int) -> np.ndarray:
    """int32[kept]: bucket i of those that survived pruning, from the file's pairs of (bucket, i) in any order."""
    order = np.argsort(pairs[:, 1])
    kept = pairs[order, 0]
    if not np.array_equal(pairs[order, 1], np.arange(len(pairs))) or not np.all((kept >= 0) & (kept < buckets)):
        reader.fail(f"its {len(pairs)} pruned buckets are not numbered one by one: the file is damaged; fetch it again")
    return kept
