"""Numba kernels that turn texts into fastText's vectors, straight from the buffers of Arrow columns.

A text's vector is the mean of the vectors of its words, of their character n-grams and, in some models, of runs of
words. Which rows of the model a word and its n-grams stand for depends on the word alone, so a table remembers them: a
word that comes again costs a look-up instead of the hashes of its n-grams. The rows are added one by one in fastText's
order, which gives its float32 sums to the last bit, whatever the table holds.

Sources: Joulin et al. 2016, "Bag of Tricks for Efficient Text Classification"; dictionary.cc and model.cc of fastText.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from transforms.fasttext_model import END_OF_LINE, FastTextModel
from transforms.fasttext_ngrams import NGrams, bucket_row, find_rows, new_lanes, ngrams, spell, spell_words
from transforms.fasttext_words import (
    BLOCK_BYTES,
    LABEL,
    WORDS,
    Dictionary,
    copy_records,
    dictionary,
    find_missing,
    looks_like_label,
    new_words,
    next_words,
    own_rows,
    remember,
    word_end,
)
from transforms.memory import in_large_pages
from vocab.bits import add_sixteen
from vocab.compiled import njit

LONGEST_WHOLE = 256
"""Bytes of the longest word that is looked at as a whole, unless the model's dictionary has longer ones."""

_END_OF_LINE = np.frombuffer(END_OF_LINE, np.uint8)
_RUN_FACTOR = np.uint64(116049371)


class Embedder(NamedTuple):
    """What turns a text into a vector.

    Attributes:
        vectors: float32[rows, dimension]: of the words, then of the buckets that have one, in ascending order.
        entries: the words that have a row of their own, and the labels, which have none.
        ngrams: which n-grams, and runs of words, have a row.
        longest_run: words in the longest run that is hashed to a row; 1: there are none.
        end_of_line: the row that ends every text, or -1.
    """

    vectors: np.ndarray
    entries: Dictionary
    ngrams: NGrams
    longest_run: int
    end_of_line: int


def embedder(model: FastTextModel) -> Embedder:
    """The input side of a model, laid out for `embed`."""
    words, vectors = len(model.words), model.input
    if model.kept_buckets is not None:
        vectors = in_large_pages(model.input.shape, np.float32)
        vectors[:words] = model.input[:words]
        vectors[words:] = model.input[words:][np.argsort(model.kept_buckets)]
    return Embedder(
        vectors=vectors,
        entries=dictionary(model),
        ngrams=ngrams(model),
        longest_run=model.word_ngrams if model.buckets else 1,
        end_of_line=model.words.index(END_OF_LINE) if END_OF_LINE in model.words else -1,
    )


@njit(cache=True, nogil=True)
def embed(data, offsets, model, table, vectors, counts):
    """Write the vector of each text, and how many rows of the model it is the mean of.

    Args:
        data: uint8[bytes], the texts' UTF-8.
        offsets: int32[texts + 1]; text i is `data[offsets[i] : offsets[i + 1]]`.
        model: Embedder.
        table: WordTable, of which this call must be the only user; words that it meets take places in it.
        vectors: float32[texts, dimension], zeros.
        counts: int64[texts]; a text without any row has count 0 and vector 0.
    """
    longest = max(LONGEST_WHOLE, model.entries.longest)
    lengths = max(model.ngrams.longest - model.ngrams.shortest + 1, 0)
    letters = BLOCK_BYTES + longest + 2 * WORDS + 4 * model.ngrams.longest
    words, lanes = new_words(), new_lanes(letters, model.ngrams.longest, lengths)
    rows = np.empty(WORDS * table.rows.shape[1] + letters * lengths + WORDS * model.longest_run, table.rows.dtype)
    missing = np.empty(WORDS + 1, np.int64)
    for text in range(counts.shape[0]):
        vector, at, end, count = vectors[text], np.int64(offsets[text]), np.int64(offsets[text + 1]), 0
        while at < end:
            found, at = next_words(data, at, end, longest, table, words)
            if found > 0:
                written = _find(data, words, found, model, table, lanes, missing, rows)
                count += _add_rows(vector, model.vectors, rows, written)
            elif at < end:
                at, added = _add_long_word(vector, data, at, end, longest, model, lanes)
                count += added
        if model.end_of_line >= 0:
            rows[0] = model.end_of_line
            count += _add_rows(vector, model.vectors, rows, 1)
        if model.longest_run > 1:
            count += _add_runs(vector, data, offsets[text], end, longest, model, table, words, rows)
        for column in range(vector.shape[0] if count > 0 else 0):
            vector[column] *= np.float32(1.0 / count)
        counts[text] = count


# Inlined before numba counts references: a call would count those of every array in the tuples, block by block.
@njit(cache=True, nogil=True, inline="always")
def _find(data, words, count, model, table, lanes, missing, rows):
    """Write the rows of a block of words and of their n-grams to `rows`; returns how many there are.

    `missing`: int64[WORDS + 1], for words that the table lacks.
    """
    # Taken apart once a block: to take an array out of a tuple costs as much as to look up a word.
    keys = words.keys
    letters, room, records = lanes.letters, lanes.room, table.rows
    news, written = find_missing(table, words, count, missing), 0
    if news == 0:  # as in most short texts
        return copy_records(records, keys, 0, count, rows, written)
    ends, own, spans = np.empty(WORDS, np.int64), np.empty(WORDS, np.int64), np.empty((WORDS, 2), np.int64)
    every = spell_words(data, words, missing[:news], letters, room, ends)
    found = find_rows(model.ngrams, lanes, ends[news - 1], every, True)
    own_rows(model.entries, data, words, missing[:news], own)
    lengths = model.ngrams.longest - model.ngrams.shortest + 1
    places, ngram_rows = lanes.places, lanes.rows
    used = after = 0
    for new in range(news):
        first = written = copy_records(records, keys, after, missing[new], rows, written)
        after = missing[new] + 1
        if own[new] >= 0:
            rows[written] = own[new]
            written += 1
        while used < found and places[used] < ends[new] * lengths:
            rows[written] = ngram_rows[used]
            used += 1
            written += own[new] != LABEL
        spans[new, 0], spans[new, 1] = first, written
    written = copy_records(records, keys, after, count, rows, written)
    remember(table, words, missing[:news], rows, spans)
    return written


@njit(cache=True, nogil=True)
def _add_long_word(vector, data, at, end, longest, model, lanes):
    """Add the n-grams of a word that is too long to be in a dictionary or a table, stretch by stretch.

    Returns:
        Where it ends, and how many rows there were.
    """
    first, stop, count = at, word_end(data, at, end), 0
    letters, room = lanes.letters, lanes.room
    if looks_like_label(data, first, stop):
        return stop, 0
    while at < stop:
        cut = _character(data, at + longest, stop)
        last, every = spell(data, at, cut, at == first, cut == stop, letters, room, 0)
        if cut < stop:  # n-grams that begin in the stretch end behind it
            further = _character(data, cut + 4 * model.ngrams.longest, stop)
            behind, more = spell(data, cut, further, False, further == stop, letters, room, last)
            every |= more
            room[:last] += np.uint32(behind - last)
            room[last:behind] = 0
            last = behind
        found = find_rows(model.ngrams, lanes, last, every, at == first)
        count += _add_rows(vector, model.vectors, lanes.rows, found)
        at = cut
    return stop, count


@njit(cache=True, nogil=True)
def _character(data, at, end):
    """Where the character begins that data[at] belongs to; `end` if it is behind that."""
    if at >= end:
        return end
    for _ in range(3):
        at -= (data[at] & 0xC0) == 0x80
    return at


@njit(cache=True, nogil=True)
def _add_runs(vector, data, at, end, longest, model, table, words, rows):
    """Add the rows of runs of two and more words of the text data[at:end], the end of the line among them.

    fastText's `addWordNgrams`: for each word, the run of it and the next, of it and the next two, and so on.
    """
    hashes = np.empty(WORDS + model.longest_run, np.uint64)
    every, own = np.arange(WORDS), np.empty(WORDS, np.int64)
    held, count = 0, 0
    while True:
        found, at = next_words(data, at, end, longest, table, words)
        own_rows(model.entries, data, words, every[:found], own)
        for word in range(found):
            if own[word] != LABEL:
                hashes[held] = _hash(data, words.begins[word], words.ends[word])
                held += 1
        if found == 0 and at < end:
            begin, at = at, word_end(data, at, end)
            if not looks_like_label(data, begin, at):
                hashes[held] = _hash(data, begin, at)
                held += 1
        if at >= end:
            hashes[held] = _hash(_END_OF_LINE, 0, _END_OF_LINE.shape[0])
            held += 1
        whole = held if at >= end else max(held - model.longest_run + 1, 0)
        count += _add_rows(vector, model.vectors, rows, _runs(model, hashes, whole, held, rows))
        if at >= end:
            return count
        hashes[: held - whole] = hashes[whole:held].copy()
        held -= whole


@njit(cache=True, nogil=True)
def _runs(model, hashes, whole, held, rows):
    """Write the rows of runs that begin at one of hashes[:whole] and end before hashes[held]; returns how many."""
    count = 0
    for first in range(whole):
        value = hashes[first]
        for last in range(first + 1, min(first + model.longest_run, held)):
            value = value * _RUN_FACTOR + hashes[last]
            row = bucket_row(model.ngrams, value % np.uint64(model.ngrams.buckets))
            if row >= 0:
                rows[count] = row
                count += 1
    return count


@njit(cache=True, nogil=True)
def _hash(data, begin, end):
    """fastText's hash of a word as it stands in runs: 32 bits, extended by their sign to 64."""
    value = np.uint32(2166136261)
    for i in range(begin, end):
        value = np.uint32((value ^ np.uint32(np.int8(data[i]))) * np.uint32(16777619))
    return np.uint64(np.int64(np.int32(value)))


@njit(cache=True, nogil=True)
def _add_rows(vector, vectors, rows, count):
    """Add vectors[rows[0]], vectors[rows[1]] and so on, `count` of them, in this order; returns `count`."""
    sixteens = vector.shape[0] - vector.shape[0] % 16
    for column in range(0, sixteens, 16):
        add_sixteen(vectors, rows, count, column, vector)
    for column in range(sixteens, vector.shape[0]):
        for i in range(count):
            vector[column] += vectors[np.uint64(rows[i]), column]
    return count
