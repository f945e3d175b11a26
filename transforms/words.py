"""Texts to words, for models that count words: folded as for deduplication, straight from the buffers of a column.

A word is a token of `transforms.shingles`: a run of letters, marks and numbers in simple case folding; punctuation and
spaces separate. Scripts that put no spaces between words need something else to count. With a vocabulary, its pieces
are their words (`cut`); without one, each character is.

Words are told apart by 64-bit hashes of their folded characters. Their texts stay where they are, in the column.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from transforms.shingles import ALONE, IGNORED, RAW, decode, extended, folding_table, mix
from vocab.bits import load_eight
from vocab.columns import text_buffers
from vocab.compiled import njit
from vocab.encoding import Encoder
from vocab.model_file import WORD_MARK, Kind

ENOUGH = 10_000
"""Texts by which scripts are told."""

_BASIS = (np.uint64(0xCBF29CE484222325), np.uint64(0x9E3779B97F4A7C15))
_ONE, _ONE32 = np.uint64(1), np.uint32(1)
_SPACE = 32
_HIGH = np.uint64(0x8080808080808080)
_SPELT = (Kind.NORMAL, Kind.USER_DEFINED)


class Words(NamedTuple):
    """The words of n texts; those of text i are at offsets[i]:offsets[i + 1].

    Attributes:
        hashes: uint64 (words,), of the folded characters; never 0.
        starts, ends: int32 (words,), where each word is in the bytes of `texts`.
        offsets: int64 (n + 1,).
        texts: string, what the words were found in.
    """

    hashes: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    offsets: np.ndarray
    texts: pa.StringArray

    def take(self, rows: np.ndarray) -> Words:
        """The words of some of the texts, by number (int64), in that order; `texts` stays."""
        offsets = np.zeros(rows.size + 1, np.int64)
        np.cumsum(np.diff(self.offsets)[rows], out=offsets[1:])
        size = int(offsets[-1])
        taken = np.empty(size, np.uint64), np.empty(size, np.int32), np.empty(size, np.int32)
        _take(self.hashes, self.starts, self.ends, self.offsets, rows, offsets, *taken)
        return Words(*taken, offsets, self.texts)

    def forms(self) -> np.ndarray:
        """Hashes of the words as they are written, uint64 (words,)."""
        return _forms(text_buffers(self.texts)[0], self.starts, self.ends)

    def written(self, places: np.ndarray) -> pa.StringArray:
        """Some words as they are written.

        Args:
            places: integers, numbers of words.
        """
        return _gathered(text_buffers(self.texts)[0], np.stack([self.starts[places], self.ends[places]], axis=1))


def segment(texts: pa.StringArray, pieces: Encoder | None = None) -> Words:
    """The words of every text of a column.

    A text in which nothing folds, but which is not empty, is one word, made of its bytes; so is it for deduplication.

    Args:
        texts: valid UTF-8, without nulls.
        pieces: the vocabulary that cuts scripts without spaces; None: each of their characters is a word.

    Raises:
        ValueError: `texts` holds a null.
    """
    if texts.null_count:
        raise ValueError(f"text {texts.is_null().index(True)} of {len(texts)} is null: fill nulls with '' first")
    texts = cut(texts, pieces) if pieces else texts
    data, bounds = text_buffers(texts)
    # The shortest word takes a byte and, unless it is the last, a separator; a character alone takes three bytes.
    most = int((np.diff(bounds) // 2 + 1).sum(dtype=np.int64))
    hashes, starts, ends = np.empty(most, np.uint64), np.empty(most, np.int32), np.empty(most, np.int32)
    offsets = np.zeros(len(texts) + 1, np.int64)
    _segment(data, bounds, _joining_table() if pieces else folding_table(), hashes, starts, ends, offsets)
    count = int(offsets[-1])
    return Words(hashes[:count].copy(), starts[:count].copy(), ends[:count].copy(), offsets, texts)


def cut(texts: pa.StringArray, pieces: Encoder) -> pa.StringArray:
    """Texts with spaces where a vocabulary cuts what is written without any; what it does not know is left out.

    Args:
        texts: valid UTF-8, without nulls.
        pieces: the vocabulary.

    Example: "Das ist 日本語です。" -> "Das ist  日本語 です 。"
    """
    data, bounds = text_buffers(texts)
    runs = _runs(data, bounds, folding_table())
    if not runs.shape[0]:
        return texts
    # Runs come back: a menu's names, a particle between two words in Latin script.
    distinct = _gathered(data, runs).dictionary_encode()
    found = pieces.encode(distinct.dictionary).take(distinct.indices)
    piece_data, piece_bounds = text_buffers(_spellings(pieces))
    ids, id_bounds = found.flatten().to_numpy(), found.offsets.to_numpy()
    sizes = _sizes(runs, ids, id_bounds, piece_bounds)
    out, offsets = np.empty(int(bounds[-1] - bounds[0] + sizes.sum()), np.uint8), np.zeros(len(texts) + 1, np.int32)
    _cut(data, bounds, runs, ids, id_bounds, piece_data, piece_bounds, out, offsets)
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(offsets), pa.py_buffer(out))


def unspaced(texts: pa.StringArray) -> bool:
    """Whether a tenth of a column's bytes, or more, are of scripts that put no spaces between words.

    The first `ENOUGH` texts stand for all.
    """
    data, bounds = text_buffers(texts[:ENOUGH])
    runs = _runs(data, bounds, folding_table())
    return bool(10 * int((runs[:, 1] - runs[:, 0]).sum(dtype=np.int64)) >= max(int(bounds[-1] - bounds[0]), 1))


@lru_cache(maxsize=4)
def _spellings(pieces: Encoder) -> pa.StringArray:
    """The text of each piece, empty where it has none."""
    return pa.array(
        [text.replace(WORD_MARK, "") if kind in _SPELT else "" for text, _, kind in pieces.model.pieces], pa.string()
    )


@cache
def _joining_table() -> np.ndarray:
    """The folding table in which no character is a token of its own."""
    table = np.where(folding_table() == IGNORED, IGNORED, folding_table() & ~ALONE)
    table.flags.writeable = False
    return table


def _gathered(data: np.ndarray, runs: np.ndarray) -> pa.StringArray:
    """Stretches of bytes, int32 (n, 2), as rows."""
    offsets = np.zeros(len(runs) + 1, np.int32)
    np.cumsum(runs[:, 1] - runs[:, 0], out=offsets[1:])
    out = np.empty(offsets[-1], np.uint8)
    _gather(data, runs, offsets, out)
    return pa.StringArray.from_buffers(len(runs), pa.py_buffer(offsets), pa.py_buffer(out))


@njit(cache=True, nogil=True)
def _segment(data, bounds, table, hashes, starts, ends, offsets):
    count = 0
    for r in range(bounds.shape[0] - 1):
        first, i, end = count, np.int64(bounds[r]), np.int64(bounds[r + 1])
        while i < end:
            start = i
            point, size = decode(data, i)
            character = table[point]
            i += size
            if character == 0 or character == IGNORED:
                continue
            word, stop = extended(_BASIS, character), i
            open_end = character < ALONE
            while open_end and i < end:
                point, size = decode(data, i)
                character = table[point]
                # One comparison for what is most frequent: neither 0, nor IGNORED, nor alone.
                if np.uint32(character - _ONE32) < RAW:
                    word = extended(word, character)
                    i += size
                    stop = i
                elif character == IGNORED:
                    i += size
                else:
                    open_end = False
            hashes[count], starts[count], ends[count] = max(mix(word[0]), _ONE), start, stop
            count += 1
        if count == first and end > bounds[r]:
            word = _BASIS
            for k in range(bounds[r], end):
                word = extended(word, RAW | np.uint32(data[k]))
            hashes[count], starts[count], ends[count] = max(mix(word[0]), _ONE), bounds[r], end
            count += 1
        offsets[r + 1] = count


@njit(cache=True, nogil=True)
def _take(hashes, starts, ends, offsets, rows, new_offsets, new_hashes, new_starts, new_ends):
    for r in range(rows.shape[0]):
        first = offsets[rows[r]]
        for k in range(new_offsets[r + 1] - new_offsets[r]):
            at, word = new_offsets[r] + k, first + k
            new_hashes[at], new_starts[at], new_ends[at] = hashes[word], starts[word], ends[word]


@njit(cache=True, nogil=True)
def _forms(data, starts, ends):
    """Hashes of stretches of bytes, eight bytes at a time."""
    forms = np.empty(starts.shape[0], np.uint64)
    for w in range(starts.shape[0]):
        k, end = np.int64(starts[w]), np.int64(ends[w])
        value = _BASIS[0] + np.uint64(end - k)
        while k + 8 <= end:
            value = mix(value ^ load_eight(data, k))
            k += 8
        forms[w] = mix(value ^ _last_bytes(data, k, end))
    return forms


@njit(cache=True, nogil=True)
def _last_bytes(data, start, end):
    """Less than eight bytes as a number; what follows them is read with them, where anything does."""
    if start + 8 <= data.shape[0]:
        return load_eight(data, start) & ((_ONE << np.uint64(8 * (end - start))) - _ONE)
    value = np.uint64(0)
    for k in range(end - 1, start - 1, -1):
        value = value << np.uint64(8) | np.uint64(data[k])
    return value


@njit(cache=True, nogil=True)
def _runs(data, bounds, table):
    """Where scripts without spaces are written: start and end of each run, int32 (runs, 2)."""
    runs, count = np.empty((64, 2), np.int32), 0
    for r in range(bounds.shape[0] - 1):
        i, end, start = np.int64(bounds[r]), np.int64(bounds[r + 1]), np.int64(-1)
        while i < end:
            # No run begins in ASCII.
            while start < 0 and i + 8 <= end and load_eight(data, i) & _HIGH == 0:
                i += 8
            if i == end:
                break
            point, size = decode(data, i)
            character = table[point]
            if start < 0 and character >= ALONE:
                start = i
            elif start >= 0 and character < ALONE and character != IGNORED:
                runs, count, start = _noted(runs, count, start, i), count + 1, np.int64(-1)
            i += size
        if start >= 0:
            runs, count = _noted(runs, count, start, i), count + 1
    return runs[:count].copy()


@njit(cache=True, nogil=True)
def _noted(runs, count, start, end):
    """`runs` with one more, in a longer array where it is full."""
    if count == runs.shape[0]:
        longer = np.empty((2 * count, 2), np.int32)
        longer[:count] = runs
        runs = longer
    runs[count, 0], runs[count, 1] = start, end
    return runs


@njit(cache=True, nogil=True)
def _gather(data, runs, offsets, out):
    for r in range(runs.shape[0]):
        out[offsets[r] : offsets[r + 1]] = data[runs[r, 0] : runs[r, 1]]


@njit(cache=True, nogil=True)
def _sizes(runs, ids, id_bounds, piece_bounds):
    """By how many bytes each run grows, int64: a space before each piece and one behind the last."""
    sizes = np.empty(runs.shape[0], np.int64)
    for r in range(runs.shape[0]):
        sizes[r] = 1 + runs[r, 0] - runs[r, 1]
        for k in range(id_bounds[r], id_bounds[r + 1]):
            sizes[r] += 1 + piece_bounds[ids[k] + 1] - piece_bounds[ids[k]]
    return sizes


@njit(cache=True, nogil=True)
def _cut(data, bounds, runs, ids, id_bounds, piece_data, piece_bounds, out, offsets):
    run, at = 0, 0
    for r in range(bounds.shape[0] - 1):
        i, end = bounds[r], bounds[r + 1]
        while i < end:
            inside = run < runs.shape[0] and runs[run, 0] < end
            stop = runs[run, 0] if inside else end
            out[at : at + stop - i] = data[i:stop]
            at, i = at + stop - i, stop
            if inside:
                for k in range(id_bounds[run], id_bounds[run + 1]):
                    out[at] = _SPACE
                    piece = piece_data[piece_bounds[ids[k]] : piece_bounds[ids[k] + 1]]
                    out[at + 1 : at + 1 + piece.shape[0]] = piece
                    at += 1 + piece.shape[0]
                out[at] = _SPACE
                at, i, run = at + 1, runs[run, 1], run + 1
        offsets[r + 1] = at
