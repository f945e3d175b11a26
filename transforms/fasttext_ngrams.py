"""Numba kernels that find the rows of fastText's character n-grams, those of many words at once.

An n-gram is hashed to a bucket, and a bucket has a row of the model unless it was pruned away, as 98 of 100 are in
lid.176.ftz. Words are spelled out one after the other, a letter a lane; then every step is a plain loop over all lanes,
which compilers turn into SIMD: no loop depends on how long a word or a letter is.

Source: dictionary.cc of fastText (`computeSubwords`, `hash`, `pushHash`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from transforms.fasttext_model import FastTextModel
from transforms.fasttext_words import LONGEST_REMEMBERED, is_plain
from vocab.bits import count_ones
from vocab.compiled import njit

_ZERO, _ONE = np.uint64(0), np.uint64(1)
_FNV_BASIS, _FNV_PRIME = np.uint32(2166136261), np.uint32(16777619)
_STRIDE = 32  # letters that are written at a time, for no more than one of them or for all


class NGrams(NamedTuple):
    """Which n-grams have a row.

    Attributes:
        shortest: characters of the shortest n-gram.
        longest: characters of the longest; less than `shortest` if words have no n-grams.
        buckets: how many buckets there are, uint32.
        factor: uint64, and
        shift: uint64: h * factor >> shift is h // buckets or one less, for any h below 2^32.
        likely: uint64[buckets / 256], a bit for each four buckets, whether one of them has a row. Small enough for the
            processor's nearest cache but one; few n-grams pass.
        cells: uint64[buckets / 32]: in the lower half a bit a bucket, whether it has a row; in the upper half how many
            buckets before these have one.
        first_row: the row of the first bucket that has one; the others' follow in order.
    """

    shortest: int
    longest: int
    buckets: np.uint32
    factor: np.uint64
    shift: np.uint64
    likely: np.ndarray
    cells: np.ndarray
    first_row: int


class Lanes(NamedTuple):
    """Working memory for words that are spelled out.

    Attributes:
        letters: uint32[lanes], the bytes of each character, the first one lowest.
        room: uint32[lanes], how many letters of the word there are from this one on.
        bytes: int32[4, lanes], each letter's first byte, second byte and so on, signed as fastText has them, or 0.
        hashes: uint32[lanes], of the n-grams that begin here.
        buckets: uint32[lanes], of the n-grams of one length.
        woven: uint32[lanes * lengths], the buckets of all lengths, lane by lane.
        places: int32[lanes * lengths], where in `woven` those lie that have a row.
        rows: int32[lanes * lengths], their rows.
    """

    letters: np.ndarray
    room: np.ndarray
    bytes: np.ndarray
    hashes: np.ndarray
    buckets: np.ndarray
    woven: np.ndarray
    places: np.ndarray
    rows: np.ndarray


def ngrams(model: FastTextModel) -> NGrams:
    """The n-grams of a model."""
    kept = slice(model.buckets) if model.kept_buckets is None else model.kept_buckets
    has_row = np.zeros(256 * (model.buckets // 256 + 1), bool)  # one more at least: the bucket of what is no n-gram
    has_row[kept] = True
    bits = np.packbits(has_row, bitorder="little").view("<u4").astype(np.uint64)
    rows = has_row.reshape(-1, 32).sum(axis=1, dtype=np.uint64)
    shift = 31 + max(model.buckets - 1, 1).bit_length()
    return NGrams(
        shortest=max(model.min_ngram, 1),
        longest=model.max_ngram if has_row.any() else 0,
        buckets=np.uint32(model.buckets),
        factor=np.uint64((1 << shift) // max(model.buckets, 1)),
        shift=np.uint64(shift),
        likely=np.packbits(has_row.reshape(-1, 4).any(axis=1), bitorder="little").view("<u8").astype(np.uint64),
        cells=bits | (np.cumsum(rows) - rows) << np.uint64(32),
        first_row=len(model.words),
    )


@njit(cache=True, nogil=True)
def new_lanes(letters, longest, lengths):
    """Memory for so many letters, n-grams of up to `longest` letters and so many lengths."""
    size = letters + longest + _STRIDE
    numbers = np.empty((4, size), np.uint32)
    places = np.empty((2, size * lengths + 1), np.uint32)
    return Lanes(
        numbers[0], numbers[1], np.empty((4, size), np.int32), numbers[2], numbers[3],
        np.empty(size * lengths, np.uint32), places[0], places[1].view(np.int32),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def spell_words(data, words, numbers, letters, room, ends):
    """Spell out words of a block, one after the other from the first lane on.

    Args:
        data: uint8[bytes] of UTF-8, without NUL.
        words: Words.
        numbers: int64[some], of the words in the block.
        letters: uint32[lanes], written, see `Lanes`.
        room: uint32[lanes], written.
        ends: int64[some], written: where the lanes of each word end.

    Returns:
        All letters in one uint32: which bytes any of them has.
    """
    # All in one loop: to hand arrays over, word by word, takes as long as to spell.
    begins, stops, pieces = words.begins, words.ends, words.letters
    every, last = np.uint32(0), 0
    for i in range(numbers.shape[0]):
        word, first = np.uint64(numbers[i]), last
        at, stop = begins[word], stops[word]
        letters[first] = 60
        last += 1
        if is_plain(pieces, word) and at + LONGEST_REMEMBERED <= data.shape[0]:
            for k in range(LONGEST_REMEMBERED):
                letters[np.uint64(last + k)] = data[np.uint64(at + k)]
            last += stop - at
        else:
            while at < stop:
                letter, size = _letter(data, at)
                letters[last] = letter
                every |= letter
                at += size
                last += 1
        letters[last] = 62
        last += 1
        size = last - first
        for k in range(_rounded(size)):
            room[np.uint64(first + k)] = np.uint32(size - k)
        ends[i] = last
    return every


@njit(cache=True, nogil=True)
def spell(data, begin, end, opened, closed, letters, room, first):
    """Spell out data[begin:end], a stretch of a word, from lane `first` on.

    Args:
        data: uint8[bytes] of UTF-8, without NUL.
        begin: of a character.
        end: of a character.
        opened: whether the word begins there, with a < of its own.
        closed: whether it ends there, with a > of its own.
        letters: uint32[lanes], written, see `Lanes`.
        room: uint32[lanes], written.
        first: a lane.

    Returns:
        Where the lanes end, and all letters in one uint32: which bytes any of them has.
    """
    every, last = np.uint32(0), first + opened
    letters[first] = 60
    while begin < end:
        letters[last], size = _letter(data, begin)
        every |= letters[last]
        begin += size
        last += 1
    letters[last] = 62
    last += closed
    for i in range(last - first):
        room[first + i] = last - first - i
    return last, every


@njit(cache=True, nogil=True)
def _rounded(count):
    """The next multiple of `_STRIDE`. Loops of so many turns need no slower loop for the rest."""
    return (count + _STRIDE - 1) & ~(_STRIDE - 1)


@njit(cache=True, nogil=True)
def _letter(data, at):
    """The bytes of the character at data[at] as a uint32, and how many they are."""
    byte = np.uint32(data[at])
    if byte < 0x80:
        return byte, 1
    byte |= np.uint32(data[at + 1]) << np.uint32(8)
    if byte & 0xFF < 0xE0:
        return byte, 2
    byte |= np.uint32(data[at + 2]) << np.uint32(16)
    if byte & 0xFF < 0xF0:
        return byte, 3
    return byte | np.uint32(data[at + 3]) << np.uint32(24), 4


@njit(cache=True, nogil=True)
def find_rows(model, lanes, count, every, opened):
    """Find the rows of all n-grams of the words in lanes[:count].

    Args:
        model: NGrams.
        lanes: Lanes; `room` says where words end, and is 0 where no n-gram is to begin.
        count: how many lanes there are.
        every: all letters in one, see `spell`.
        opened: whether a word begins in the first lane, not a stretch of one.

    Returns:
        How many `lanes.rows` there are, in fastText's order. Their `lanes.places`, divided by how many lengths n-grams
        have, are the lanes that they begin in.
    """
    shortest, longest, size, factor, shift, likely, cells, first_row = model
    letters, room, bytes_, hashes, buckets, woven, places, rows = lanes
    lengths = longest - shortest + 1
    if lengths < 1:
        return 0
    widest = 0
    while widest < 1 or (widest < 4 and every >> np.uint32(8 * widest)):
        _take_bytes(letters, count + longest, widest, bytes_)
        widest += 1
    hashes[: _rounded(count)] = _FNV_BASIS
    for length in range(1, longest + 1):
        for number in range(widest):
            _hash_on(hashes, bytes_, number, length - 1, count)
        if length >= shortest:
            _to_buckets(size, factor, shift, hashes, room, length, count, buckets)
            _weave(buckets, count, woven, length - shortest, lengths)
    if shortest == 1:
        _bury_brackets(room, count, opened, woven, lengths, size)
    found = _probe(likely, woven, count * lengths, places)
    return _look_up(cells, first_row, woven, found, places, rows)


@njit(cache=True, nogil=True)
def _take_bytes(letters, count, number, bytes_):
    """Write the byte of each letter that has this number, signed."""
    shift = np.uint32(24 - 8 * number)
    for lane in range(_rounded(count)):
        bytes_[np.uint64(number), lane] = np.int32(np.uint32(letters[lane] << shift)) >> np.int32(24)


@njit(cache=True, nogil=True)
def _hash_on(hashes, bytes_, number, ahead, count):
    """Hash one byte more by fastText's FNV-1a, in which bytes are signed: of the letter so many lanes ahead.

    The cast keeps products at 32 bits.
    """
    number = np.uint64(number)
    for lane in range(_rounded(count)):
        byte = bytes_[number, np.uint64(ahead + lane)]
        factor = _FNV_PRIME if byte != 0 else np.uint32(1)  # a letter that has no such byte changes nothing
        hashes[lane] = np.uint32((hashes[lane] ^ np.uint32(byte)) * factor)


@njit(cache=True, nogil=True)
def _to_buckets(size, factor, shift, hashes, room, length, count, buckets):
    """Write the buckets of the n-grams of one length; one that never has a row where the word has ended."""
    for lane in range(_rounded(count)):
        quotient = np.uint32(np.uint64(hashes[lane]) * factor >> shift)
        rest = np.uint32(hashes[lane] - np.uint32(quotient * size))
        rest = min(rest, np.uint32(rest - size))
        buckets[lane] = rest if room[lane] >= np.uint32(length) else size


@njit(cache=True, nogil=True)
def _weave(buckets, count, woven, number, lengths):
    for lane in range(count):
        woven[np.uint64(lane * lengths + number)] = buckets[lane]


@njit(cache=True, nogil=True)
def _bury_brackets(room, count, opened, woven, lengths, bucket):
    """Take < and > out, which are no n-grams by themselves."""
    first = opened
    for lane in range(count):
        if first or room[lane] == 1:
            woven[lane * lengths] = bucket
        first = room[lane] == 1


@njit(cache=True, nogil=True)
def _probe(likely, buckets, count, places):
    """Write the places of those buckets that may have a row; returns how many there are."""
    found = _ZERO
    for place in range(count):
        bucket = buckets[place]
        places[found] = place  # taken back by the next one if there is no row: a branch would often be guessed wrong
        found += likely[bucket >> np.uint32(8)] >> np.uint64(bucket >> np.uint32(2) & np.uint32(63)) & _ONE
    return np.int64(found)


@njit(cache=True, nogil=True)
def _look_up(cells, first_row, buckets, count, places, rows):
    """Keep those places whose bucket has a row, and write the rows; returns how many there are."""
    found = _ZERO
    for i in range(count):
        place = places[i]
        bucket = buckets[place]
        cell, bit = cells[bucket >> np.uint32(5)], np.uint64(bucket & np.uint32(31))
        places[found] = place
        rows[found] = first_row + np.int64(cell >> np.uint64(32)) + np.int64(count_ones(cell & ((_ONE << bit) - _ONE)))
        found += cell >> bit & _ONE
    return np.int64(found)


@njit(cache=True, nogil=True)
def bucket_row(model, bucket):
    """The row of a bucket (uint64), or -1."""
    cell = model.cells[bucket >> np.uint64(5)]
    bit = _ONE << (bucket & np.uint64(31))
    if cell & bit == 0:
        return -1
    return model.first_row + np.int64(cell >> np.uint64(32)) + np.int64(count_ones(cell & (bit - _ONE)))
