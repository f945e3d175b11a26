"""Finding test items in texts: one pass over a column, which looks up a rolling hash for each token.

What is in no test set costs little more than folding: nearly all hashes end at the filter. A key that is there is
never trusted, since it covers few tokens: all tokens of the overlap are compared, by their hashes of 64 bits, of which
several must agree in a row. So no two texts are mistaken for each other.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from transforms.decontamination.index import FACTOR, Index, key_of
from transforms.decontamination.tokens import paragraph_tokens
from transforms.decontamination.windows import WINDOWS
from transforms.shingles import folding_table
from vocab.bits import trailing_zeros
from vocab.columns import text_buffers
from vocab.compiled import njit

ROOM = 4096
"""Occurrences in a column for which there is room at once; a column with more is searched twice."""


class Found(NamedTuple):
    """Occurrences of items, h of them: an item once in a paragraph; in the order of rows and paragraphs.

    Attributes:
        row: int32 (h,), of the column.
        paragraph: int32 (h,), its number in the text, from 0.
        start, stop: int32 (h,), the paragraph's bytes in the text.
        item: int32 (h,), the row of the item; of one paragraph the one that begins first comes first.
    """

    row: np.ndarray
    paragraph: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    item: np.ndarray

    def counts(self, rows: int) -> np.ndarray:
        """How often an item was found in each of `rows` texts, int32 (rows,)."""
        return np.bincount(self.row, minlength=rows).astype(np.int32)


def find(texts: pa.StringArray, index: Index) -> Found:
    """Find the items of an index in every text of a column.

    Needs working memory of 12 bytes for each byte of the longest text.

    Args:
        texts: valid UTF-8, without nulls; paragraphs are separated by line feeds.
        index: of the items.
    """
    found = np.empty((ROOM, 5), np.int32)
    if not len(texts) or not index.keys.size:
        return Found(*found[:0].T)
    data, offsets = text_buffers(texts)
    tokens = int(np.diff(offsets).max()) // 2 + 1
    memory = np.empty(tokens, np.uint64), np.empty(tokens, np.uint64), np.empty(tokens, np.int64)
    windows, items = np.array(WINDOWS, np.int64), int(index.item.max()) + 1
    while True:
        seen = np.full(items, -1, np.int64)
        count = _search(data, offsets, folding_table(), windows, index, *memory, seen, found)
        if count <= len(found):
            return Found(*np.ascontiguousarray(found[:count].T))
        found = np.empty((count, 5), np.int32)


@njit(cache=True, nogil=True)
def _search(data, offsets, table, windows, index, tokens, keys, firsts, seen, found):
    """Write what is found, as far as there is room; returns how much that is.

    Args:
        data, offsets, table: the column and the folding.
        windows: int64 (k, 2), `WINDOWS`.
        index: an `Index`.
        tokens, keys, firsts: uint64 and int64, working memory for the longest paragraph.
        seen: int64 (items,), -1: the last paragraph in which each item was found, counted over all rows.
        found: int32 (room, 5), the columns of `Found`.
    """
    written, serial = 0, 0
    bits, present, buckets, known = index.filter, index.present, index.buckets, index.keys
    for r in range(offsets.shape[0] - 1):
        paragraph, begin, end = 0, np.int64(offsets[r]), np.int64(offsets[r + 1])
        start = begin
        while start < end:
            count, stop = paragraph_tokens(data, start, end, table, tokens)
            place = r, paragraph, start - begin, stop - begin
            if count:
                for kind in present:
                    for k in range(_past_filter(tokens, count, windows[kind, 1], bits, keys, firsts)):
                        entry = _entry(keys[k], buckets, known)
                        if entry >= 0:
                            match = tokens[:count], firsts[k], kind, entry
                            written = _compare(match, windows, index, place, serial, seen, found, written)
            start, paragraph, serial = stop + 1, paragraph + 1, serial + 1
    return written


@njit(cache=True, nogil=True)
def _past_filter(tokens, count, least, bits, keys, firsts):
    """Hash every `least` of tokens[:count], or all of fewer; write the hashes whose bit is set, and where each begins.

    All are written, and those that do not count are written over: a branch would be guessed wrong too often.

    Returns:
        How many count.
    """
    shift = np.uint64(58) - trailing_zeros(np.uint64(bits.shape[0]))
    power = np.uint64(1)
    for _ in range(least):
        power *= FACTOR
    kept, key = 0, key_of(tokens, 0, min(least, count))
    for first in range(max(1, count - least + 1)):
        if first:
            key = key * FACTOR + (tokens[first + least - 1] - tokens[first - 1] * power)
        top = key >> shift
        keys[kept], firsts[kept] = key, first
        kept += np.int64(bits[top >> np.uint64(6)] >> (top & np.uint64(63)) & np.uint64(1))
    return kept


@njit(cache=True, nogil=True)
def _entry(key, buckets, keys):
    """The first entry of a key; -1 if there is none. `buckets` and `keys` are those of an `Index`."""
    bucket = key >> (np.uint64(64) - trailing_zeros(np.uint64(buckets.shape[0] - 1)))
    for entry in range(buckets[bucket], buckets[bucket + np.uint64(1)]):
        if keys[entry] == key:
            return entry
    return -1


@njit(cache=True, nogil=True)
def _compare(match, windows, index, place, serial, seen, found, written):
    """Append the items whose tokens go on from a key as the paragraph's do; returns how many are found by then.

    Args:
        match: the paragraph's tokens, the first of the key's, its kind, and its first entry in the index.
        windows, index, seen, found: as of `_search`.
        place: row, paragraph, and its bounds in bytes.
        serial: the paragraph's number over all rows.
        written: how many were found so far.
    """
    tokens, first, kind, entry = match
    overlap, least = windows[kind, 0], windows[kind, 1]
    key = index.keys[entry]
    while entry < index.keys.shape[0] and index.keys[entry] == key:
        piece, at = index.piece[entry], index.at[entry]
        entry += 1
        item = index.item[piece]
        if index.kind[piece] != kind or seen[item] == serial:
            continue
        length = index.starts[piece + 1] - index.starts[piece]
        needed = min(overlap, length)
        if first + needed > tokens.shape[0] or (length < least and length != tokens.shape[0]):
            continue
        if _equal(tokens, first, index.tokens, index.starts[piece] + at, needed):
            seen[item] = serial
            if written < found.shape[0]:
                found[written, 0], found[written, 1], found[written, 2], found[written, 3] = place
                found[written, 4] = item
            written += 1
    return written


@njit(cache=True, nogil=True)
def _equal(tokens, first, others, at, count):
    """Whether `count` tokens are the same."""
    k = 0
    while k < count and tokens[first + k] == others[at + k]:
        k += 1
    return k == count
