"""MinHash signatures straight from the UTF-8 buffers of a column.

The 128 numbers of a document are those of `datasketch.MinHash(num_perm=128, seed=1)` (2.0 or later, scheme affine32)
updated with the 32-bit hashes of the document's shingles, so that users of that library can check and reuse them. The
share of equal numbers in two signatures estimates the Jaccard similarity s of the two sets of shingles (Broder 1997),
with a standard error of sqrt(s * (1 - s) / 128): 0.035 at 0.8.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from babelmill.format import PERMUTATIONS
from transforms.shingles import WORDS, ascii_steps, document_shingles, folding_table, scratch, tokenize
from vocab.columns import text_buffers
from vocab.compiled import njit

SEED = 1
"""Of the permutations; datasketch's default."""


class Signatures(NamedTuple):
    """Signatures of n documents.

    Attributes:
        hash: uint8 (n, 16), 128-bit hash of the folded text, see `shingles.tokenize`.
        minhash: uint32 (n, 128).
        shingles: int32 (n,), number of distinct shingles.
    """

    hash: np.ndarray
    minhash: np.ndarray
    shingles: np.ndarray


@cache
def permutations() -> tuple[np.ndarray, np.ndarray]:
    """Factors and summands (uint32 (128,) each, read-only) of the permutations h -> a * h + b mod 2^32, a odd.

    Drawn as datasketch 2.0 draws them; the stream of `RandomState` is frozen, it is the same in every version of numpy.
    """
    generator = np.random.RandomState(SEED)
    a = generator.randint(0, 1 << 31, PERMUTATIONS, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    b = generator.randint(0, 1 << 32, PERMUTATIONS, dtype=np.uint32)
    a.flags.writeable = b.flags.writeable = False
    return a, b


def sign(texts: pa.StringArray, *, words: int = WORDS) -> Signatures:
    """Sign every document of a column.

    Needs working memory of up to 22 bytes for each byte of the longest text.

    Args:
        texts: valid UTF-8, without nulls.
        words: tokens in a shingle.

    Raises:
        ValueError: `texts` holds a null.
    """
    if texts.null_count:
        raise ValueError(f"text {texts.is_null().index(True)} of {len(texts)} is null: fill nulls with '' first")
    rows = len(texts)
    hashes = np.empty((rows, 2), np.uint64)
    minhash = np.empty((rows, PERMUTATIONS), np.uint32)
    shingles = np.empty(rows, np.int32)
    if rows:
        data, offsets = text_buffers(texts)
        memory = scratch(int(np.diff(offsets).max()))
        _sign(data, offsets, words, folding_table(), ascii_steps(), *permutations(), *memory, hashes, minhash, shingles)
    return Signatures(hashes.astype("<u8", copy=False).view(np.uint8), minhash, shingles)


def text_hashes(texts: pa.StringArray) -> np.ndarray:
    """The hashes that `sign` gives, alone: uint64 (n, 2).

    Args:
        texts: valid UTF-8, without nulls.
    """
    found = np.zeros((len(texts), 2), np.uint64)
    if len(texts):
        data, offsets = text_buffers(texts)
        memory = scratch(int(np.diff(offsets).max()))
        _hash(data, offsets, folding_table(), ascii_steps(), *memory, found)
    return found


def pair_hashes(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The hashes of pairs by those of their sides, uint64 (n, 2): as good as certainly equal where both sides are.

    Args:
        source, target: uint64 (n, 2), see `text_hashes`; which side is which matters.
    """
    # The finaliser of MurmurHash3, after each side: a bijection of 64 bits.
    return _finalised(_finalised(source) ^ target)


def _finalised(h: np.ndarray) -> np.ndarray:
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        h = (h ^ (h >> np.uint64(33))) * np.uint64(factor)
    return h ^ (h >> np.uint64(33))


@njit(cache=True, nogil=True)
def _hash(data, offsets, table, steps, hashes, slots, found):
    for r in range(offsets.shape[0] - 1):
        _, text_hash = tokenize(data, offsets[r], offsets[r + 1], table, steps, hashes, slots)
        found[r, 0], found[r, 1] = text_hash


@njit(cache=True, nogil=True)
def _sign(data, offsets, words, table, steps, a, b, hashes, slots, text_hashes, minhash, shingles):
    mixed = np.empty(hashes.shape[0], np.uint32)
    for r in range(offsets.shape[0] - 1):
        count, text_hash = document_shingles(data, offsets[r], offsets[r + 1], words, table, steps, hashes, slots)
        text_hashes[r, 0], text_hashes[r, 1] = text_hash
        shingles[r] = count
        for i in range(count):
            mixed[i] = premix(hashes[i])
        minima(mixed[:count], a, b, minhash[r])


@njit(cache=True, nogil=True)
def premix(shingle):
    """The upper 32 bits of a shingle's hash through MurmurHash3's 32-bit finaliser, as datasketch mixes its input."""
    h = np.uint32(shingle >> np.uint64(32))
    h = np.uint32(np.uint32(h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    h = np.uint32(np.uint32(h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    return np.uint32(h ^ (h >> np.uint32(16)))


@njit(cache=True, nogil=True)
def minima(mixed, a, b, row):
    """For each permutation the smallest value that it gives.

    The compiler turns the inner loop into SIMD; four hashes in each turn save it most loads and stores of `row`.
    """
    row[:] = np.uint32(0xFFFFFFFF)
    last = mixed.shape[0] - 1
    for i in range(0, last + 1, 4):
        h0, h1, h2, h3 = mixed[i], mixed[min(i + 1, last)], mixed[min(i + 2, last)], mixed[min(i + 3, last)]
        for k in range(a.shape[0]):
            low = min(permuted(a[k], h0, b[k]), permuted(a[k], h1, b[k]))
            low = min(low, min(permuted(a[k], h2, b[k]), permuted(a[k], h3, b[k])))
            row[k] = min(row[k], low)


@njit(cache=True, nogil=True)
def permuted(a, h, b):
    """a * h + b mod 2^32; the casts keep numba from widening to 64 bits."""
    return np.uint32(np.uint32(a * h) + b)
