"""A hash table from words to their token ids, in flat arrays, for kernels.

A word that comes again costs a look-up: a line of 64 bytes has all about it, so that is one access to memory. Words are
read some ahead of being looked up, and their lines are fetched meanwhile; words and lines are compared in full, as a
branch on how long they are would be guessed wrong. A full table is emptied: frequent words come back at once, and what
a table holds never changes a result. The kernels that read it write to it as well, so a call must have it to itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vocab.bits import prefetch, trailing_zeros
from vocab.compiled import kernel

LONGEST = 40
"""Bytes of the longest word that is remembered; longer ones are sentences without spaces, and do not come back."""

FEW = 4
"""Ids that a line holds; more of them are elsewhere."""

MOST_IDS = 1 << 10
"""More ids than a word that is remembered can have: as many as a line counts."""

IDS = 12
"""The column of a line, as int32, where its ids begin."""

_WORD = 1  # the column, as uint64, where its word begins
_AHEAD = 16  # words that are read before they are looked up
_FULL = 0.7  # share of lines
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_ZERO, _ONE, _HALF, _THREE, _SEVEN = (np.uint64(number) for number in (0, 1, 32, 3, 7))
_SAME = np.uint64(0xFFFFFFFF0000003F)  # bits of a head that tell a word: its hash and its size
# Of eight bytes at once, see `_read_word`.
_TOPS, _BLANKS = np.uint64(0x8080808080808080), np.uint64(0x2121212121212121)


class WordCache(NamedTuple):
    """A table of words.

    Attributes:
        lines: uint64[a power of two, 8]. A line is a head: the upper half of the word's hash, half its limit in 16
            bits, the number of ids in 10, the word's size in bytes in 6, or 0 if the line is free; then the word,
            filled up with NULs, and `FEW` ids.
        ids: int32[lines, 16], the same memory. Of more than `FEW` ids, a line has the place in `many`.
        many: int32[values]; how many values are in use, how many lines; then ids.
    """

    lines: np.ndarray
    ids: np.ndarray
    many: np.ndarray


class Words(NamedTuple):
    """Some words of a text in a row.

    Attributes:
        places: int64[words, 2], where each begins and ends.
        keys: uint64[words], their hashes; 0 if one is not to be remembered.
        letters: uint64[words, LONGEST / 8], their bytes, filled up with NULs; not all of them if there are more.
    """

    places: np.ndarray
    keys: np.ndarray
    letters: np.ndarray


def new_cache(*, lines: int) -> WordCache:
    """An empty table of 64 bytes a line, and 8 more for words of many ids; memory is taken as it is touched.

    Args:
        lines: how many, a power of two.
    """
    memory = np.zeros(8 * lines + 8, np.uint64)
    aligned = memory[-memory.ctypes.data // 8 % 8 :][: 8 * lines].reshape(lines, 8)
    many = np.zeros(2 + max(2 * lines, MOST_IDS), np.int32)
    many[0] = 2
    return WordCache(aligned, aligned.view(np.int32), many)


def new_words() -> Words:
    """Room for words."""
    places, letters = np.zeros((_AHEAD, 2), np.int64), np.zeros((_AHEAD, LONGEST // 8), np.uint64)
    return Words(places, np.zeros(_AHEAD, np.uint64), letters)


def eight_bytes(data: np.ndarray) -> np.ndarray:
    """The eight bytes from each place of uint8[16 or more] on, as little-endian uint64, without a copy."""
    return np.ndarray((data.size - 7,), "<u8", data, strides=(1,))


@kernel
def read_words(data, eights, at, end, separators, lines, words):
    """Read the next words of data[at:end], as many as there is room for.

    Args:
        data: uint8.
        eights: uint64, see `eight_bytes`.
        at, end: where to begin, and where the text ends.
        separators: bool[256], by byte; none above 32.
        lines: of the cache that they will be looked up in.
        words: Words, gets them.

    Returns:
        How many they are; where to go on.
    """
    places, keys, letters = words
    count, last = 0, np.uint64(lines.shape[0] - 1)
    while count < keys.size:
        while at < end and separators[data[at]]:
            at += 1
        if at == end:
            break
        places[count, 0] = at
        at, key = _read_word(data, eights, at, end, separators, letters, count)
        places[count, 1], keys[count] = at, key
        prefetch(lines, key & last)
        count += 1
    return count, at


@kernel
def _read_word(data, eights, at, end, separators, words, row):
    """Read data[at:end] up to a separator, eight bytes at a time.

    Returns:
        Where the word ends; its hash, or 0 if it is not to be remembered: it is too long, or has other bytes up to 32.
    """
    for k in range(LONGEST // 8):
        words[row, k] = _ZERO
    place, size, key = 0, 8, _PRIME
    while size == 8 and place < words.shape[1]:
        letters = eights[at] if at + 8 <= end else _rest(data, at, end)
        # Bytes up to 32 get their top bit set, others lose it; only those behind the first such byte may be wrong.
        blanks = (letters - _BLANKS) & ~letters & _TOPS
        if blanks:
            letters &= ((blanks & (~blanks + _ONE)) >> _SEVEN) - _ONE
            size = np.int64(trailing_zeros(blanks) >> _THREE)
        if size:
            words[row, place] = letters
            key = (key ^ letters) * _PRIME
            key ^= key >> _HALF
        at, place = at + size, place + 1
    if at == end or separators[data[at]]:
        return at, key
    while at < end and not separators[data[at]]:
        at += 1
    return at, _ZERO


@kernel
def _rest(data, at, end):
    """The bytes of data[at:end] if they are fewer than eight, filled up with NULs."""
    letters = _ZERO
    for k in range(end - at):
        letters |= np.uint64(data[at + k]) << np.uint64(8 * k)
    return letters


@kernel
def find(lines, words, row, size, key):
    """The line of the word of `size` bytes in a row of `Words.letters`; -1 if it is not in the table."""
    last, wanted = np.uint64(lines.shape[0] - 1), key >> _HALF << _HALF | np.uint64(size)
    line = key & last
    while lines[line, 0] != 0:
        different = (lines[line, 0] ^ wanted) & _SAME
        for k in range(LONGEST // 8):  # all of them: how many there are would have to be guessed
            different |= lines[line, _WORD + k] ^ words[row, k]
        if different == 0:
            return np.int64(line)
        line = (line + _ONE) & last
    return -1


@kernel
def number_and_limit(lines, line):
    """How many ids a line has; and its limit, int64."""
    head = np.int64(lines[line, 0])
    return head >> 6 & 0x3FF, head >> 15 & 0x1FFFE


@kernel
def enter(cache, words, row, size, key, limit, ids, first, count, padding):
    """Enter a word that is not in the table.

    Args:
        cache: WordCache; if it is full, it is emptied.
        words, row: the word's letters.
        size: bytes of the word.
        key: its hash.
        limit: float32, rounded down to an even number; 0 for a negative one.
        ids, first, count: its ids are ids[first:count], fewer than `MOST_IDS`.
        padding: id for the places that a line has for more of them.
    """
    lines, table, many = cache
    number, last = count - first, np.uint64(lines.shape[0] - 1)
    if many[1] > _FULL * lines.shape[0] or many[0] + number > many.size:
        lines[:], many[0], many[1] = _ZERO, 2, 0
    line = key & last
    while lines[line, 0] != 0:
        line = (line + _ONE) & last
    head = size | number << 6 | np.int64(max(limit, np.float32(0.0))) >> 1 << 16
    lines[line, 0] = key >> _HALF << _HALF | np.uint64(head)
    for k in range(LONGEST // 8):
        lines[line, _WORD + k] = words[row, k]
    for k in range(FEW):
        table[line, IDS + k] = ids[first + k] if k < number else padding
    if number > FEW:
        table[line, IDS] = many[0]
        for k in range(number):
            many[many[0] + k] = ids[first + k]
        many[0] += number
    many[1] += 1
