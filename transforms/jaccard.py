"""Exact Jaccard similarity of texts: size of the intersection of their two sets of shingles over that of the union.

Sets lie one after the other in one array, set i at values[offsets[i]:offsets[i + 1]], each sorted (CSR).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numba import njit

from transforms.parts import text_buffers
from transforms.shingles import WORDS, document_shingles, folding_table, scratch


def shingle_set(text: str, *, words: int = WORDS) -> np.ndarray:
    """The distinct shingles of one text, uint64, sorted; see `shingles`."""
    return shingle_sets(pa.array([text], pa.string()), words=words)[0]


def shingle_sets(texts: pa.StringArray, *, words: int = WORDS) -> tuple[np.ndarray, np.ndarray]:
    """The distinct shingles of every text of a column.

    Args:
        texts: valid UTF-8, without nulls.
        words: tokens in a shingle.

    Returns:
        values: uint64, the sets one after the other, each sorted.
        offsets: int64 (n + 1,), where each starts.
    """
    offsets = np.zeros(len(texts) + 1, np.int64)
    if len(texts) == 0:
        return np.zeros(0, np.uint64), offsets
    data, bounds = text_buffers(texts)
    lengths = np.diff(bounds)
    values = np.empty(int((lengths // 2 + 1).sum(dtype=np.int64)), np.uint64)
    _shingle_sets(data, bounds, words, folding_table(), *scratch(int(lengths.max())), values, offsets)
    return values[: offsets[-1]].copy(), offsets


@njit(cache=True, nogil=True)
def _shingle_sets(data, bounds, words, table, hashes, slots, values, offsets):
    for r in range(bounds.shape[0] - 1):
        count, _ = document_shingles(data, bounds[r], bounds[r + 1], words, table, hashes, slots)
        start = offsets[r]
        offsets[r + 1] = start + count
        values[start : start + count] = np.sort(hashes[:count])


@njit(cache=True, nogil=True)
def jaccard(values, offsets, left, right):
    """Similarity of pairs of sets.

    Args:
        values: uint64, the sets one after the other, each sorted and without repeats.
        offsets: int64 (n + 1,), where each starts.
        left, right: integers (m,), the two sets of each pair.

    Returns:
        float64 (m,); 1 for two empty sets.
    """
    similarity = np.empty(left.shape[0], np.float64)
    for i in range(left.shape[0]):
        similarity[i] = set_similarity(values, offsets, left[i], right[i])
    return similarity


@njit(cache=True, nogil=True)
def set_similarity(values, offsets, left, right):
    """Jaccard similarity of two sets of a CSR array, by merging them."""
    i, end = offsets[left], offsets[left + 1]
    j, stop = offsets[right], offsets[right + 1]
    total, common = end - i + stop - j, 0
    while i < end and j < stop:
        a, b = values[i], values[j]
        # No branch on which is smaller: it could not be predicted.
        common += a == b
        i += a <= b
        j += b <= a
    return common / (total - common) if total > 0 else 1.0
