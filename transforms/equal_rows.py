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
_HALF, _EIGHT = np.uint64(32), np.uint64(8)


def first_rows(columns: Sequence[pa.StringArray | pa.BinaryArray]) -> np.ndarray:
    """For each row the first that is equal to it in all columns.

    Args:
        columns: one or more, of n texts each, without nulls.

    Returns:
        int32 (n,), rows; one without an equal before it has its own.
    """
    buffers = [text_buffers(column) for column in columns]
    for seed in count(1):
        keys = np.zeros((len(columns[0]), 1 + len(columns)), np.uint64)
        for number, (data, offsets) in enumerate(buffers):
            _hash(data, offsets, np.uint64(seed), keys, 1 + number)
        first = first_equal(keys)
        # By 64 bits a column texts are as good as never taken for others; where they are, other hashes tell them apart.
        if all(_same(data, offsets, first) for data, offsets in buffers):
            return first
    raise AssertionError("there are endless seeds")


@njit(cache=True, nogil=True)
def _hash(data, offsets, seed, keys, column):
    """Write the hashes of texts to a column of `keys`, and mix them into its first one."""
    for r in range(keys.shape[0]):
        key, at, end = seed * _PRIME, np.int64(offsets[r]), np.int64(offsets[r + 1])
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
        return letters if left >= 8 else letters & ((np.uint64(1) << (_EIGHT * np.uint64(left))) - np.uint64(1))
    letters = np.uint64(0)
    for k in range(min(end - at, 8)):
        letters |= np.uint64(data[at + k]) << (_EIGHT * np.uint64(k))
    return letters
