"""Numba kernels that cut texts into fastText's words, and tables in which words are found again.

Words are taken a block at a time, and each step is done for the whole block: then the processor can fetch what it needs
for many words at once, and seldom guesses wrong which way a loop goes.

Source: dictionary.cc of fastText. A word ends at the bytes that its `readWord` says, and nowhere else.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from transforms.fasttext_model import END_OF_LINE, LABEL_PREFIX, FastTextModel
from transforms.memory import in_large_pages
from vocab.bits import copy_eight, load_eight, prefetch, trailing_zeros
from vocab.compiled import njit

WORDS = 128
"""Words in a block."""

BLOCK_BYTES = 1024
"""A block is full too when its words have so many bytes."""

LONGEST_REMEMBERED = 24
"""Bytes of the longest word that a table remembers; longer ones are sentences without spaces, and do not come back."""

UNKNOWN, LABEL = -1, -2
"""What a word has that has no row of its own: n-grams, or nothing at all."""

_PIECES = LONGEST_REMEMBERED // 8
_ZERO, _ONE, _EIGHT = np.uint64(0), np.uint64(1), np.uint64(8)
_EACH, _HIGH = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_UPPER = np.uint64(0xFFFFFFFF00000000)
_END_OF_LINE = np.uint64(int.from_bytes(END_OF_LINE, "little"))
_LABEL_PREFIX = np.frombuffer(LABEL_PREFIX, np.uint8)


class Words(NamedTuple):
    """A block of words.

    Attributes:
        begins: int64[WORDS], where each word begins in the text's memory.
        ends: int64[WORDS], where it ends.
        letters: uint64[WORDS, 3], its bytes, zeros behind them. Those of a word that is longer than
            `LONGEST_REMEMBERED` begin with a zero, as no word does.
        keys: uint64[WORDS], its hash.
    """

    begins: np.ndarray
    ends: np.ndarray
    letters: np.ndarray
    keys: np.ndarray


class WordTable(NamedTuple):
    """Words and the rows of the model that they stand for. A word that hashes to where another is takes its place.

    A record is a word's letters, the number of its rows, and the rows.

    Attributes:
        letters: uint64[a power of two, size], of which the first three of a record are letters.
        rows: int32 or uint16[a power of two, larger size], the same memory.
    """

    letters: np.ndarray
    rows: np.ndarray


class Dictionary(NamedTuple):
    """A model's own words, which are never forgotten, and its labels.

    Attributes:
        likely: uint64[1024], a bit for each value that the upper 16 bits of an entry's hash have. Few other words pass.
        slots: uint64[a power of two]; 0, or the upper half of a hash and, in the lower half, 1 + the entry's number.
        letters: uint8[all bytes], the entries one after the other.
        ends: int64[entries + 1]; entry i is `letters[ends[i] : ends[i + 1]]`.
        words: how many of the entries are words; labels follow.
        longest: bytes of the longest entry.
    """

    likely: np.ndarray
    slots: np.ndarray
    letters: np.ndarray
    ends: np.ndarray
    words: int
    longest: int


def word_table(*, words: int, record: int, rows: DTypeLike = np.int32) -> WordTable:
    """An empty table.

    Args:
        words: how many it can hold at most; a power of two.
        record: bytes of a record, a multiple of eight, and at least 64: the first eight rows are copied at once. A word
            with more rows than fit is not remembered.
        rows: the type that the rows' numbers have, int32, or uint16 if none is larger.
    """
    letters = in_large_pages((words, record // 8), np.uint64)
    return WordTable(letters, letters.view(rows))


def dictionary(model: FastTextModel) -> Dictionary:
    """The words and labels of a model."""
    entries = model.words + model.label_words
    letters = np.frombuffer(b"".join(entries), np.uint8)
    ends = np.cumsum([0, *map(len, entries)])
    likely = np.zeros(1 << 10, np.uint64)
    slots = np.zeros(1 << (2 * len(entries) - 1).bit_length(), np.uint64)
    _enter(letters, ends, likely, slots, word_table(words=1, record=64))
    return Dictionary(likely, slots, letters, ends, len(model.words), max(map(len, entries)))


@njit(cache=True, nogil=True)
def new_words():
    """Memory for a block."""
    return Words(
        np.empty(WORDS, np.int64), np.empty(WORDS, np.int64), np.empty((WORDS, _PIECES), np.uint64),
        np.empty(WORDS, np.uint64),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def next_words(data, at, end, longest, table, words):
    """Take the next words of the text data[at:end] into a block, up to a word that is longer than `longest` bytes.

    Returns:
        How many words there are, and where to go on. If there are none although the text goes on, a longer one is next.
    """
    begins, ends, letters, keys = words
    slots = table.letters
    mask = np.uint64(slots.shape[0] - 1)
    first, count = at, 0
    while count < WORDS and at - first < BLOCK_BYTES:
        while at < end and is_space(data[at]):
            at += 1
        if at >= end:
            break
        begins[count] = at
        letters[count, 1] = letters[count, 2] = _ZERO
        key, place, size = _ZERO, 0, _EIGHT
        while size == _EIGHT:  # a word of 8, 16 ... bytes has one piece more, which is empty
            piece = _piece(data, at, end)
            size = _letters_in(piece)
            if size < _EIGHT:
                piece &= (_ONE << (_EIGHT * size)) - _ONE
            if place < _PIECES:
                letters[count, place] = piece
            elif piece != _ZERO:
                letters[count, 0] = _ZERO
            key = (key ^ piece) * _GOLDEN
            key ^= key >> np.uint64(32)
            at += np.int64(size)
            place += 1
        prefetch(slots, key & mask)
        ends[count], keys[count] = at, key
        if at - begins[count] > longest:
            return count, begins[count]
        if letters[count, 0] == _END_OF_LINE:  # fastText reads no further
            return count, end
        count += 1
    return count, at


@njit(cache=True, nogil=True)
def _piece(data, at, end):
    """The bytes of data[at : at + 8] that are before `end` as a uint64; the others are 0."""
    if end - at >= 8:
        return load_eight(data, at)
    piece = _ZERO
    for i in range(end - at):
        piece |= np.uint64(data[at + i]) << np.uint64(8 * i)
    return piece


@njit(cache=True, nogil=True)
def _letters_in(piece):
    """How many of eight bytes (uint64) there are before the first one that separates words, uint64."""
    # The lowest bit that is set here is that of the first byte below 33 ("Bit Twiddling Hacks", Anderson: hasless).
    size = trailing_zeros((piece - np.uint64(33) * _EACH) & ~piece & _HIGH) >> np.uint64(3)
    while size < _EIGHT and not is_space((piece >> (_EIGHT * size)) & np.uint64(0xFF)):
        size += _ONE
    return size


@njit(cache=True, nogil=True)
def is_plain(letters, word):
    """Whether a word of `Words.letters` is ASCII, and short enough to be remembered."""
    every = letters[word, 0] | letters[word, 1] | letters[word, 2]
    return letters[word, 0] != _ZERO and every & _HIGH == _ZERO


@njit(cache=True, nogil=True)
def is_space(byte):
    """Whether a byte separates words: space, tab, line feed, vertical tab, form feed, carriage return, NUL."""
    return byte == 32 or 9 <= byte <= 13 or byte == 0


@njit(cache=True, nogil=True)
def word_end(data, at, end):
    """Where the word that begins at data[at] ends, however long it is."""
    while at < end and not is_space(data[at]):
        at += 1
    return at


@njit(cache=True, nogil=True)
def find_missing(table, words, count, missing):
    """Write the numbers of those words of a block to `missing` that are not in the table; returns how many they are."""
    _, _, letters, keys = words
    remembered, mask = table.letters, np.uint64(table.letters.shape[0] - 1)
    found = _ZERO
    for word in range(count):
        record = remembered[keys[word] & mask]
        same = (record[0] == letters[word, 0]) & (record[1] == letters[word, 1]) & (record[2] == letters[word, 2])
        missing[found] = word  # taken back by the next one if this word is there: a branch would often be guessed wrong
        found += np.uint64(not same)
    return np.int64(found)


@njit(cache=True, nogil=True)
def copy_records(records, keys, word, end, rows, written):
    """Copy the rows of words of a block that the table has, from `word` to before `end`, to rows[written:].

    Args:
        records: of `WordTable.rows`.
        keys: uint64[WORDS], of `Words`.
        word, end: int64.
        rows: of the same dtype, with room for eight rows more than there are.
        written: int64.

    Returns:
        Where the rows end.
    """
    mask, first = np.uint64(records.shape[0] - 1), _first_row(records)
    for number in range(word, end):
        slot = keys[np.uint64(number)] & mask
        count = np.int64(records[slot, first - 1])
        copy_eight(records, slot, first, rows, written)
        for i in range(8, count):
            rows[written + i] = records[slot, first + i]
        written += count
    return written


@njit(cache=True, nogil=True)
def _first_row(records):
    """Where in a record its first row is; the number of rows is before it."""
    return LONGEST_REMEMBERED // records.itemsize + 1


@njit(cache=True, nogil=True)
def remember(table, words, missing, rows, spans):
    """Put words of a block into the table, unless they are or what they have is too long.

    Args:
        table: WordTable.
        words: Words.
        missing: int64[some], the words' numbers in the block.
        rows: of the records' dtype, the rows of all words of the block.
        spans: int64[some, 2], where in `rows` those of each word begin and end.
    """
    slots, records = table
    letters, keys, mask, place = words.letters, words.keys, np.uint64(slots.shape[0] - 1), _first_row(records)
    for i in range(missing.shape[0]):
        word, first, count = missing[i], spans[i, 0], spans[i, 1] - spans[i, 0]
        if letters[word, 0] != _ZERO and place + count <= records.shape[1]:
            slot = keys[word] & mask
            for piece in range(_PIECES):
                slots[slot, piece] = letters[word, piece]
            records[slot, place - 1] = count
            for row in range(count):
                records[slot, place + row] = rows[first + row]


@njit(cache=True, nogil=True)
def _enter(data, ends, likely, slots, table):
    """Enter the entries data[ends[i] : ends[i + 1]] into the empty tables of a dictionary."""
    word, mask = new_words(), np.uint64(slots.shape[0] - 1)
    for entry in range(ends.shape[0] - 1):
        next_words(data, ends[entry], ends[entry + 1], ends[entry + 1] - ends[entry], table, word)
        key = word.keys[0]
        likely[key >> np.uint64(54)] |= _ONE << (key >> np.uint64(48) & np.uint64(63))
        slot = key & mask
        while slots[slot] != _ZERO:
            slot = (slot + _ONE) & mask
        slots[slot] = (key & _UPPER) | np.uint64(entry + 1)


@njit(cache=True, nogil=True)
def own_rows(entries, data, words, numbers, own):
    """Look up words of a block in a dictionary.

    Args:
        entries: Dictionary.
        data: uint8[bytes], the text's memory.
        words: Words.
        numbers: int64[some], of the words in the block.
        own: int64[some], written: the row of each word, `UNKNOWN` or `LABEL`.
    """
    likely, slots, letters, ends, count, _ = entries
    begins, stops, _, keys = words
    for i in range(numbers.shape[0]):
        begin, end, key = begins[numbers[i]], stops[numbers[i]], keys[numbers[i]]
        entry = -1
        if likely[key >> np.uint64(54)] >> (key >> np.uint64(48) & np.uint64(63)) & _ONE:
            entry = _entry(slots, letters, ends, data, begin, end, key)
        if entry >= 0:
            own[i] = entry if entry < count else LABEL
        else:
            own[i] = LABEL if looks_like_label(data, begin, end) else UNKNOWN


@njit(cache=True, nogil=True)
def _entry(slots, letters, ends, data, begin, end, key):
    """The number of the entry data[begin:end] of a dictionary, or -1."""
    mask = np.uint64(slots.shape[0] - 1)
    slot = key & mask
    while slots[slot] != _ZERO:
        entry = np.int64(slots[slot] & ~_UPPER) - 1
        same = (slots[slot] ^ key) & _UPPER == _ZERO and ends[entry + 1] - ends[entry] == end - begin
        for i in range(end - begin if same else 0):
            same = same and letters[ends[entry] + i] == data[begin + i]
        if same:
            return entry
        slot = (slot + _ONE) & mask
    return -1


@njit(cache=True, nogil=True)
def looks_like_label(data, begin, end):
    """Whether the word data[begin:end] begins as fastText's labels do."""
    same = end - begin >= _LABEL_PREFIX.shape[0]
    for i in range(_LABEL_PREFIX.shape[0] if same else 0):
        same = same and data[begin + i] == _LABEL_PREFIX[i]
    return same
