"""Exact Jaccard similarity of texts: size of the intersection of their two sets of shingles over that of the union.

Sets lie one after the other in one array, set i at values[offsets[i]:offsets[i + 1]] (CSR), in any order and without 0,
which is never the hash of a shingle. To compare two, one is put into a hash table and the other is looked up there;
sorting them, to merge them, would take several times as long.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from transforms.shingles import WORDS, ascii_steps, document_shingles, folding_table, scratch
from vocab.columns import text_buffers
from vocab.compiled import njit

_ZERO, _ONE = np.uint64(0), np.uint64(1)


def shingle_set(text: str, *, words: int = WORDS) -> np.ndarray:
    """The distinct shingles of one text, uint64; see `shingles`."""
    return shingle_sets(pa.array([text], pa.string()), words=words)[0]


def shingle_sets(
    texts: pa.StringArray, rows: np.ndarray | None = None, *, words: int = WORDS
) -> tuple[np.ndarray, np.ndarray]:
    """The distinct shingles of every text of a column, or of some.

    Args:
        texts: valid UTF-8, without nulls.
        rows: int64 (n,), which; None: all.
        words: tokens in a shingle.

    Returns:
        values: uint64, the sets one after the other.
        offsets: int64 (n + 1,), where each starts.
    """
    rows = np.arange(len(texts)) if rows is None else rows
    offsets = np.zeros(rows.size + 1, np.int64)
    if rows.size == 0:
        return np.zeros(0, np.uint64), offsets
    data, bounds = text_buffers(texts)
    lengths = bounds[rows + 1] - bounds[rows]
    values = np.empty(int((lengths // 2 + 1).sum(dtype=np.int64)), np.uint64)
    _shingle_sets(
        data, bounds, rows, words, folding_table(), ascii_steps(), *scratch(int(lengths.max())), values, offsets
    )
    return values[: offsets[-1]].copy(), offsets


@njit(cache=True, nogil=True)
def _shingle_sets(data, bounds, rows, words, table, steps, hashes, slots, values, offsets):
    for i in range(rows.shape[0]):
        start, end = bounds[rows[i]], bounds[rows[i] + 1]
        count, _ = document_shingles(data, start, end, words, table, steps, hashes, slots)
        offsets[i + 1] = offsets[i] + count
        values[offsets[i] : offsets[i + 1]] = hashes[:count]


@njit(cache=True, nogil=True)
def jaccard(values, offsets, left, right):
    """Similarity of pairs of sets.

    Args:
        values: uint64, the sets one after the other, each without repeats and without 0.
        offsets: int64 (n + 1,), where each starts.
        left, right: integers (m,), the two sets of each pair; it is fastest if pairs with the same left follow each
            other.

    Returns:
        float64 (m,); 1 for two empty sets.
    """
    similarity = np.empty(left.shape[0], np.float64)
    slots, last = slots_for(offsets), _ZERO
    for i in range(left.shape[0]):
        if i == 0 or left[i] != left[i - 1]:
            last = put(slots, values[offsets[left[i]] : offsets[left[i] + 1]])
        size = offsets[left[i] + 1] - offsets[left[i]]
        similarity[i] = set_similarity(slots, last, size, values[offsets[right[i]] : offsets[right[i] + 1]])
    return similarity


@njit(cache=True, nogil=True)
def slots_for(offsets):
    """A table for any set of a CSR array."""
    size, longest = 2, 0
    for i in range(offsets.shape[0] - 1):
        longest = max(longest, offsets[i + 1] - offsets[i])
    while size < 2 * longest:
        size *= 2
    return np.empty(size, np.uint64)


@njit(cache=True, nogil=True)
def put(slots, one):
    """Fill a table with a set; returns the mask for `set_similarity`."""
    size = 2
    while size < 2 * one.shape[0]:
        size *= 2
    slots[:size] = _ZERO
    last = np.uint64(size - 1)
    for value in one:
        slot = value & last
        while slots[slot] != _ZERO:
            slot = (slot + _ONE) & last
        slots[slot] = value
    return last


@njit(cache=True, nogil=True)
def set_similarity(slots, last, size, other):
    """Jaccard similarity of the set of `size` values that `put` put into a table, and another set."""
    common = 0
    for value in other:
        slot = value & last
        while slots[slot] != _ZERO and slots[slot] != value:
            slot = (slot + _ONE) & last
        common += slots[slot] == value
    total = size + other.shape[0]
    return common / (total - common) if total > 0 else 1.0
