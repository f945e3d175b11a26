"""Numba kernels that turn texts into fastText's vectors, straight from the buffers of Arrow columns.

A text's vector is the mean of the vectors of its words and of their character n-grams. Which rows of the model a word
stands for depends on the word alone, so a table remembers them: a word that comes again costs a look-up instead of the
hashes of its n-grams. The rows are added one by one in fastText's order, which gives its float32 sums to the last bit,
whatever the table holds. To remember their sum would save little (lid.176.ftz knows 1 to 4 rows a word) and round
differently.

Sources: Joulin et al. 2016, "Bag of Tricks for Efficient Text Classification"; dictionary.cc and model.cc of fastText.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from transforms.fasttext_model import END_OF_LINE, LABEL_PREFIX, FastTextModel

LONGEST_REMEMBERED = 48
"""Bytes of the longest word that a table remembers; longer ones are sentences without spaces, and do not come back."""

_SCRATCH = 4096  # rows that are collected before they are added
_HEAD = 2  # values at the head of a record: bytes of the word, rows that it stands for
_END_OF_LINE = np.frombuffer(END_OF_LINE, np.uint8)
_LABEL_PREFIX = np.frombuffer(LABEL_PREFIX, np.uint8)


class WordTable(NamedTuple):
    """A hash table from words to rows of a model, in flat arrays.

    Attributes:
        slots: uint64[a power of two]; 0, or the upper half of a word's hash and where its record begins in `records`.
        records: int32[size]; a record is the word's bytes and rows (how many of each), its letters, its rows.
        letters: uint8[4 * size], the memory of `records`.
        used: int64[2], values of `records` in use and words in the table.
    """

    slots: np.ndarray
    records: np.ndarray
    letters: np.ndarray
    used: np.ndarray


class Embedder(NamedTuple):
    """What turns a text into a vector.

    Attributes:
        vectors: float32[rows, dimension].
        dictionary: the words that have a row of their own; the labels are in it too, with no row.
        kept: uint64[buckets / 64], a bit a bucket of n-grams: whether it has a row. Small enough for the processor's
            cache, it is asked before `bucket_rows`, which is not.
        bucket_rows: int32[buckets], the row of each bucket that has one.
        min_ngram: characters of the shortest n-gram.
        max_ngram: characters of the longest.
        end_of_line: the row that ends every text, or -1.
    """

    vectors: np.ndarray
    dictionary: WordTable
    kept: np.ndarray
    bucket_rows: np.ndarray
    min_ngram: int
    max_ngram: int
    end_of_line: int


def word_table(*, words: int, values: int) -> WordTable:
    """An empty table for up to so many words, and values of records (int32). Memory is taken as it is touched."""
    slots = np.zeros(1 << (2 * words).bit_length(), np.uint64)
    records = np.zeros(1 + values, np.int32)
    return WordTable(slots, records, records.view(np.uint8), np.array([1, 0]))


def embedder(model: FastTextModel) -> Embedder:
    """The input side of a model, laid out for `embed`."""
    words, buckets = len(model.words), model.buckets
    kept = np.arange(buckets) if model.kept_buckets is None else model.kept_buckets
    bucket_rows = np.full(-(-buckets // 64) * 64, -1, np.int32)
    bucket_rows[kept] = np.arange(words, words + len(kept))
    return Embedder(
        vectors=model.input,
        dictionary=_dictionary(model),
        kept=np.packbits(bucket_rows >= 0, bitorder="little").view(np.uint64),
        bucket_rows=bucket_rows[:buckets],
        min_ngram=model.min_ngram,
        max_ngram=model.max_ngram if len(kept) else 0,
        end_of_line=model.words.index(END_OF_LINE) if END_OF_LINE in model.words else -1,
    )


def _dictionary(model: FastTextModel) -> WordTable:
    entries = model.words + model.label_words
    ends = np.cumsum([0, *(len(entry) for entry in entries)])
    table = word_table(words=len(entries), values=len(entries) * (_HEAD + 2) + int(ends[-1]) // 4)
    _enter(table, np.frombuffer(b"".join(entries), np.uint8), ends, len(model.words))
    return table


@njit(cache=True, nogil=True)
def embed(data, offsets, model, table, vectors, counts):
    """Write the vector of each text, and how many rows of the model it is the mean of.

    Args:
        data: uint8[bytes], the texts' UTF-8.
        offsets: int32[texts + 1]; text i is `data[offsets[i] : offsets[i + 1]]`.
        model: Embedder.
        table: WordTable, of which this call must be the only user; it fills up, and is emptied when it is full.
        vectors: float32[texts, dimension], zeros.
        counts: int64[texts]; a text without any row has count 0 and vector 0.
    """
    scratch = np.empty(_SCRATCH + model.max_ngram, np.int32)
    for text in range(counts.shape[0]):
        vector, count = vectors[text], 0
        at, end = offsets[text], offsets[text + 1]
        while True:
            start, at, key = _next_word(data, at, end)
            if start == at:
                break
            record = _find(table, data, start, at, key)
            if record > 0:
                place, rows = _rows_of(table, record)
                _add_rows(vector, model.vectors, table.records, place, rows)
                count += rows
                continue
            if _is(data, start, at, _END_OF_LINE, 0, 4):  # fastText reads on no further, so neither do we
                break
            added, collected = _collect(data, start, at, key, model, vector, scratch)
            _add_rows(vector, model.vectors, scratch, 0, collected)
            count += added + collected
            if added == 0 and at - start <= LONGEST_REMEMBERED:
                _remember(table, data, start, at, key, scratch, collected)
        if model.end_of_line >= 0:
            _add_row(vector, model.vectors, model.end_of_line)
            count += 1
        for column in range(vector.shape[0] if count > 0 else 0):
            vector[column] *= np.float32(1.0 / count)
        counts[text] = count


@njit(cache=True, nogil=True)
def _next_word(data, at, end):
    """(where the next word begins, where it ends, its hash); an empty word when there is none."""
    while at < end and _is_space(data[at]):
        at += 1
    start, key = at, np.uint64(14695981039346656037)  # FNV-1a
    while at < end and not _is_space(data[at]):
        key = (key ^ np.uint64(data[at])) * np.uint64(1099511628211)
        at += 1
    return start, at, key ^ (key >> np.uint64(29))


@njit(cache=True, nogil=True)
def _is_space(byte):
    """Whether a byte separates words: space, tab, line feed, vertical tab, form feed, carriage return, NUL."""
    return byte == 32 or 9 <= byte <= 13 or byte == 0


@njit(cache=True, nogil=True)
def _is(data, start, end, letters, first, length):
    """Whether data[start:end] is letters[first:first + length]."""
    if end - start != length:
        return False
    for i in range(length):  # noqa: SIM110
        if data[start + i] != letters[first + i]:
            return False
    return True


@njit(cache=True, nogil=True)
def _find(table, data, start, end, key):
    """Where the record of the word data[start:end] begins, or 0."""
    mask, half = np.uint64(table.slots.shape[0] - 1), np.uint64(32)
    slot = key & mask
    while table.slots[slot] != 0:
        if (table.slots[slot] ^ key) >> half == 0:
            record = np.int64(table.slots[slot] & np.uint64(0xFFFFFFFF))
            first = 4 * (record + _HEAD)
            if _is(data, start, end, table.letters, first, table.records[record]):
                return record
        slot = (slot + np.uint64(1)) & mask
    return 0


@njit(cache=True, nogil=True)
def _remember(table, data, start, end, key, rows, count):
    """Enter a word that is not in the table yet, with `count` rows; empty the table first if there is no room."""
    length = end - start
    size = _HEAD + (length + 3) // 4 + count
    if table.used[0] + size > table.records.shape[0] or 2 * table.used[1] >= table.slots.shape[0]:
        for i in range(table.slots.shape[0]):
            table.slots[i] = 0
        table.used[0], table.used[1] = 1, 0
        if 1 + size > table.records.shape[0]:
            return
    record = table.used[0]
    table.records[record], table.records[record + 1] = length, count
    first = 4 * (record + _HEAD)
    for i in range(length):
        table.letters[first + i] = data[start + i]
    for i in range(count):
        table.records[record + size - count + i] = rows[i]
    table.used[0] += size
    table.used[1] += 1
    mask, half = np.uint64(table.slots.shape[0] - 1), np.uint64(32)
    slot = key & mask
    while table.slots[slot] != 0:
        slot = (slot + np.uint64(1)) & mask
    table.slots[slot] = (key >> half << half) | np.uint64(record)


@njit(cache=True, nogil=True)
def _enter(table, data, ends, words):
    """Enter the entries data[ends[i]:ends[i + 1]] of a dictionary: words with row i, labels without a row."""
    row = np.empty(1, np.int32)
    for i in range(ends.shape[0] - 1):
        row[0] = i
        key = _next_word(data, ends[i], ends[i + 1])[2]
        _remember(table, data, ends[i], ends[i + 1], key, row, 1 if i < words else 0)


@njit(cache=True, nogil=True)
def _collect(data, start, end, key, model, vector, scratch):
    """Collect the rows of a word in `scratch`; returns how many were added to `vector` to make room, and are left."""
    added, collected = 0, 0
    record = _find(model.dictionary, data, start, end, key)
    if record > 0:
        place, collected = _rows_of(model.dictionary, record)
        if collected == 0:  # a label
            return 0, 0
        scratch[0] = model.dictionary.records[place]
    elif _is(data, start, min(end, start + 9), _LABEL_PREFIX, 0, 9):
        return 0, 0
    for first in range(start - 1, end + 1):
        if collected > _SCRATCH:
            _add_rows(vector, model.vectors, scratch, 0, collected)
            added, collected = added + collected, 0
        if not _continues(_letter(data, start, end, first)):
            collected = _collect_ngrams(data, start, end, first, model, scratch, collected)
    return added, collected


@njit(cache=True, nogil=True)
def _collect_ngrams(data, start, end, first, model, scratch, collected):
    """Append the rows of the n-grams that begin at byte `first` of a word to `scratch`; returns how many it holds."""
    value, at = np.uint32(2166136261), first
    for length in range(1, model.max_ngram + 1):
        if at > end:
            break
        value = _hash_on(value, _letter(data, start, end, at))
        at += 1
        while at < end and _continues(data[at]):
            value = _hash_on(value, data[at])
            at += 1
        if length >= model.min_ngram and not (length == 1 and (first < start or at > end)):
            bucket = value % np.uint32(model.bucket_rows.shape[0])
            if (model.kept[bucket >> 6] >> np.uint64(bucket & 63)) & np.uint64(1):
                scratch[collected] = model.bucket_rows[bucket]
                collected += 1
    return collected


@njit(cache=True, nogil=True)
def _continues(byte):
    """Whether a byte continues a character of UTF-8."""
    return (byte & 0xC0) == 0x80


@njit(cache=True, nogil=True)
def _letter(data, start, end, at):
    """A byte of the word data[start:end], which begins with < and ends with >."""
    if at < start:
        return np.uint8(60)
    if at >= end:
        return np.uint8(62)
    return data[at]


@njit(cache=True, nogil=True)
def _hash_on(value, byte):
    """fastText's FNV-1a, in which bytes are signed. numba widens products of uint32, hence the cast."""
    return np.uint32((value ^ np.uint32(np.int8(byte))) * np.uint32(16777619))


@njit(cache=True, nogil=True)
def _rows_of(table, record):
    """Where the rows of a record are in `table.records`, and how many."""
    return record + _HEAD + (table.records[record] + 3) // 4, table.records[record + 1]


@njit(cache=True, nogil=True)
def _add_rows(vector, vectors, rows, first, count):
    """Add vectors[rows[first]], vectors[rows[first + 1]] and so on, `count` of them, in this order."""
    for place in range(first, first + count):
        _add_row(vector, vectors, rows[place])


@njit(cache=True, nogil=True)
def _add_row(vector, vectors, row):
    """Add one row."""
    for column in range(vector.shape[0]):
        vector[column] += vectors[np.uint64(row), column]  # unsigned: no check for a negative index
