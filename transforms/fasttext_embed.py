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

_STRETCH = 1024  # bytes of a word whose n-grams are collected before they are added
_HEAD = 2  # values at the head of a table's records, and at the head of each of them
_UNKNOWN, _LABEL = -1, -2  # what a word has that has no row of its own: n-grams, or nothing at all
_END_OF_LINE = np.frombuffer(END_OF_LINE, np.uint8)
_LABEL_PREFIX = np.frombuffer(LABEL_PREFIX, np.uint8)


class WordTable(NamedTuple):
    """A hash table from words to rows of a model, in flat arrays.

    Attributes:
        slots: uint64[a power of two]; 0, or the upper half of a word's hash and where its record begins in `records`.
        records: int32[size]; two values, how much of it is in use and how many words there are; then the records. A
            record is the word's bytes and its rows (how many of each), its letters, four a value, and its rows.
    """

    slots: np.ndarray
    records: np.ndarray


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
    table = WordTable(np.zeros(1 << (2 * words - 1).bit_length(), np.uint64), np.zeros(_HEAD + values, np.int32))
    table.records[0] = _HEAD
    return table


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
    _enter(*table, np.frombuffer(b"".join(entries), np.uint8), ends, len(model.words))
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
    scratch = np.empty(1 + _STRETCH * model.max_ngram, np.int32)
    for text in range(counts.shape[0]):
        vector = vectors[text]
        count = _add_words(vector, data, offsets[text], offsets[text + 1], model, table, scratch)
        if model.end_of_line >= 0:
            scratch[0] = model.end_of_line
            count += _add_rows(vector, model.vectors, scratch, 0, 1)
        for column in range(vector.shape[0] if count > 0 else 0):
            vector[column] *= np.float32(1.0 / count)
        counts[text] = count


@njit(cache=True, nogil=True)
def _add_words(vector, data, at, end, model, table, scratch):
    """Add the rows of the words of data[at:end] to `vector`; returns how many."""
    # Taken apart once a text: to take an array out of a tuple costs as much as to look up a word.
    vectors, dictionary, kept, bucket_rows, min_ngram, max_ngram, _ = model
    dictionary_slots, dictionary_records = dictionary
    slots, records = table
    count = 0
    while True:
        start, at, key = _next_word(data, at, end)
        if start == at:
            return count
        record = _find(slots, records, data, start, at, key)
        if record > 0:
            place, rows = _rows_of(records, record)
            count += _add_rows(vector, vectors, records, place, rows)
            continue
        if _spells(data, start, at, _END_OF_LINE):  # fastText reads no further
            return count
        own = _own_row(dictionary_slots, dictionary_records, data, start, at, key)
        if own == _LABEL:
            continue
        scratch[0], collected = own, 1 if own >= 0 else 0
        for first in range(start - 1, at, _STRETCH):  # none begins with the >
            last = min(first + _STRETCH, at)
            collected = _collect(
                data, start, at, first, last, kept, bucket_rows, min_ngram, max_ngram, scratch, collected
            )
            count += _add_rows(vector, vectors, scratch, 0, collected)
            if at - start <= LONGEST_REMEMBERED:
                _remember(slots, records, data, start, at, key, scratch, collected)
            collected = 0


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
def _spells(data, start, end, letters):
    """Whether data[start:end] is `letters`."""
    same = end - start == letters.shape[0]
    for i in range(letters.shape[0] if same else 0):
        same = same and data[start + i] == letters[i]
    return same


@njit(cache=True, nogil=True)
def _find(slots, records, data, start, end, key):
    """Where the record of the word data[start:end] begins, or 0."""
    mask, half = np.uint64(slots.shape[0] - 1), np.uint64(32)
    slot = key & mask
    while slots[slot] != 0:
        if (slots[slot] ^ key) >> half == 0:
            record = np.int64(slots[slot] & np.uint64(0xFFFFFFFF))
            if _is_record_of(records, record, data, start, end):
                return record
        slot = (slot + np.uint64(1)) & mask
    return 0


@njit(cache=True, nogil=True)
def _is_record_of(records, record, data, start, end):
    """Whether a record is that of the word data[start:end]."""
    if records[record] != end - start:
        return False
    same = True
    for i in range(end - start):
        same = same and (records[record + _HEAD + (i >> 2)] >> (8 * (i & 3))) & 0xFF == data[start + i]
    return same


@njit(cache=True, nogil=True)
def _remember(slots, records, data, start, end, key, rows, count):
    """Enter a word that is not in the table yet, with `count` rows; empty the table first if it is full."""
    length = end - start
    size = _HEAD + ((length + 3) >> 2) + count
    if _HEAD + size > records.shape[0]:
        return
    if records[0] + size > records.shape[0] or 2 * records[1] >= slots.shape[0]:
        for i in range(slots.shape[0]):
            slots[i] = 0
        records[0], records[1] = _HEAD, 0
    record = records[0]
    records[record], records[record + 1] = length, count
    for i in range(_HEAD, size - count):
        records[record + i] = 0
    for i in range(length):
        records[record + _HEAD + (i >> 2)] |= data[start + i] << (8 * (i & 3))
    for i in range(count):
        records[record + size - count + i] = rows[i]
    records[0], records[1] = record + size, records[1] + 1
    mask, half = np.uint64(slots.shape[0] - 1), np.uint64(32)
    slot = key & mask
    while slots[slot] != 0:
        slot = (slot + np.uint64(1)) & mask
    slots[slot] = (key >> half << half) | np.uint64(record)


@njit(cache=True, nogil=True)
def _enter(slots, records, data, ends, words):
    """Enter the entries data[ends[i]:ends[i + 1]] of a dictionary: words with row i, labels without a row."""
    row = np.empty(1, np.int32)
    for i in range(ends.shape[0] - 1):
        row[0] = i
        key = _next_word(data, ends[i], ends[i + 1])[2]
        _remember(slots, records, data, ends[i], ends[i + 1], key, row, 1 if i < words else 0)


@njit(cache=True, nogil=True)
def _own_row(slots, records, data, start, end, key):
    """The row of the word data[start:end] in a dictionary, `_UNKNOWN` or `_LABEL`."""
    record = _find(slots, records, data, start, end, key)
    if record == 0:
        head = min(end, start + _LABEL_PREFIX.shape[0])
        return _LABEL if _spells(data, start, head, _LABEL_PREFIX) else _UNKNOWN
    place, rows = _rows_of(records, record)
    return records[place] if rows > 0 else _LABEL


@njit(cache=True, nogil=True)
def _collect(data, start, end, first, last, kept, bucket_rows, min_ngram, max_ngram, scratch, collected):
    """Append the rows of the n-grams of data[start:end] that begin in data[first:last]; returns how many there are."""
    for begin in range(first, last):
        if _continues(_letter(data, start, end, begin)):
            continue
        value, at = np.uint32(2166136261), begin
        for length in range(1, max_ngram + 1):
            if at > end:
                break
            value = _hash_on(value, _letter(data, start, end, at))
            at += 1
            while at < end and _continues(data[at]):
                value = _hash_on(value, data[at])
                at += 1
            if length >= min_ngram and not (length == 1 and (begin < start or at > end)):
                bucket = value % np.uint32(bucket_rows.shape[0])
                if (kept[bucket >> 6] >> np.uint64(bucket & 63)) & np.uint64(1):
                    scratch[collected] = bucket_rows[bucket]
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
def _rows_of(records, record):
    """Where the rows of a record begin, and how many they are."""
    return record + _HEAD + ((records[record] + 3) >> 2), records[record + 1]


@njit(cache=True, nogil=True)
def _add_rows(vector, vectors, rows, first, count):
    """Add vectors[rows[first]], vectors[rows[first + 1]] and so on, `count` of them, in this order; returns `count`."""
    for place in range(first, first + count):
        row = np.uint64(rows[place])  # unsigned: no check for a negative index
        for column in range(vector.shape[0]):
            vector[column] += vectors[row, column]
    return count
