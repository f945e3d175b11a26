"""Which rows of text are equal, byte for byte."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import numpy as np
import pyarrow as pa

from transforms.pairs import first_equal
from vocab.bits import load_eight
from vocab.columns import text_buffers
from vocab.compiled import kernel, njit

_PRIME = np.uint64(0x9E3779B97F4A7C15)
_ONE, _EIGHT, _HALF = np.uint64(1), np.uint64(8), np.uint64(32)


def first_rows(columns: Sequence[pa.StringArray | pa.BinaryArray], hashes: np.ndarray | None = None) -> np.ndarray:
    """For each row the first that is equal to it in all columns.

    Args:
        columns: one or more, of n texts each, without nulls.
        hashes: what `hashed` gives for them, where that is known.

    Returns:
        int32 (n,), rows; one without an equal before it has its own.
    """
    hashes = hashed(columns) if hashes is None else hashes
    buffers = [text_buffers(column) for column in columns]
    for seed in count(1):
        first = first_equal(hashes)
        # By 64 bits a column texts are as good as never taken for others; where they are, other hashes tell them apart.
        if all(_same(data, offsets, first) for data, offsets in buffers):
            break
        hashes = hashed(columns, seed=seed)
    return first


def hashed(columns: Sequence[pa.StringArray | pa.BinaryArray], *, seed: int = 0) -> np.ndarray:
    """Hashes of rows of text, by all columns and by each: uint64 (n, 1 + columns)."""
    hashes = np.zeros((len(columns[0]), 1 + len(columns)), np.uint64)
    for number, column in enumerate(columns):
        _hash(*text_buffers(column), np.uint64(seed), hashes, 1 + number)
    return hashes


@njit(cache=True, nogil=True)
def _hash(data, offsets, seed, keys, column):
    """Write the hashes of texts to a column of `keys`, uint64 (n, columns), and mix them into its first one."""
    for r in range(keys.shape[0]):
        key, at, end = (seed + _ONE) * _PRIME, np.int64(offsets[r]), np.int64(offsets[r + 1])
        key ^= np.uint64(end - at)
        while at < end:
            key = (key ^ _eight(data, at, end)) * _PRIME
            key ^= key >> _HALF
            at += 8
        keys[r, column] = key
        key = (keys[r, 0] ^ key) * _PRIME
        keys[r, 0] = key ^ key >> _HALF


@njit(cache=True, nogil=True)
def _same(data, offsets, first):
    """Whether each text is that of the row which is said to be the first that is equal to it."""
    for r in range(first.shape[0]):
        at, end = np.int64(offsets[r]), np.int64(offsets[r + 1])
        other = np.int64(offsets[first[r]])
        if other == at:
            continue
        stop = np.int64(offsets[first[r] + 1])
        if stop - other != end - at:
            return False
        while at < end:
            if _eight(data, at, end) != _eight(data, other, stop):
                return False
            at, other = at + 8, other + 8
    return True


@kernel
def _eight(data, at, end):
    """The next eight bytes of a text, of which those behind its end are 0."""
    if at + 8 <= data.shape[0]:
        letters = load_eight(data, at)
        left = end - at
        return letters if left >= 8 else letters & ((_ONE << (_EIGHT * np.uint64(left))) - _ONE)
    letters = np.uint64(0)
    for k in range(min(end - at, 8)):
        letters |= np.uint64(data[at + k]) << (_EIGHT * np.uint64(k))
    return letters
