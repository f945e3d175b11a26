"""Locality-sensitive hashing: which documents to compare at all.

A MinHash signature is cut into bands of a few numbers each. Two documents that agree in all numbers of a band fall
into the same bucket, and only documents that share a bucket are compared. With b bands of r numbers a pair of
similarity s meets in at least one with probability p = 1 - (1 - s^r)^b (Leskovec, Rajaraman, Ullman: Mining of
Massive Datasets, 3.4):

    s        0.5     0.6     0.7     0.75    0.8      0.85       0.9
    25 x 5   0.548   0.868   0.990   0.999   0.99995  0.9999990  1.0     the default: what meets is verified
    14 x 8   0.053   0.211   0.565   0.772   0.924    0.988      1.0     usual where nothing is verified

Across documents only (band hash, document number) travels, packed by partition of the hash space, so that a shuffle
sees as many groups as there are partitions, not as many as there are buckets.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numba import njit

from transforms.shingles import mix

BANDS, ROWS = 25, 5

ENTRY = np.dtype([("hash", "<u8"), ("document", "<u8")])
"""A document in a bucket. The lowest byte of `hash` is the number of the band."""

_BAND_BITS = np.uint64(8)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class Buckets(NamedTuple):
    """Documents by bucket; bucket i holds documents[offsets[i]:offsets[i + 1]], sorted, at least two and all different.

    Attributes:
        documents: uint64, document numbers (or, where a function says so, int32 indices).
        offsets: int64 (buckets + 1,).
        bands: uint8 (buckets,), the band that each is a bucket of.
    """

    documents: np.ndarray
    offsets: np.ndarray
    bands: np.ndarray


def recall(similarity: float, *, bands: int = BANDS, rows: int = ROWS) -> float:
    """Probability that a pair of this Jaccard similarity shares a bucket."""
    return 1 - (1 - similarity**rows) ** bands


def band_hashes(
    minhash: np.ndarray, text_hash: np.ndarray, *, group: int, bands: int = BANDS, rows: int = ROWS
) -> np.ndarray:
    """Hashes of the buckets that documents fall into.

    Args:
        minhash: uint32 (n, permutations).
        text_hash: uint8 (n, 16), the 128-bit hash of the folded text; equal ones meet even with `bands=0`.
        group: 64-bit number of what is deduplicated together (a language); documents of different groups do not meet.
        bands: number of bands, 255 at most.
        rows: numbers in a band.

    Returns:
        uint64 (n, bands + 1), the last column for the text's hash; the lowest byte is the column's number.

    Raises:
        ValueError: the signatures are too short for that many bands.
    """
    if bands * rows > minhash.shape[1] or not 0 <= bands <= 255:
        raise ValueError(f"{bands} bands of {rows} need {bands * rows} MinHash values, there are {minhash.shape[1]}")
    hashes = np.empty((minhash.shape[0], bands + 1), np.uint64)
    words = np.ascontiguousarray(text_hash).view("<u8").reshape(-1, 2)
    _band_hashes(np.ascontiguousarray(minhash), words, np.uint64(group), rows, hashes)
    return hashes


@njit(cache=True, nogil=True)
def _band_hashes(minhash, words, group, rows, hashes):
    bands = hashes.shape[1] - 1
    for i in range(hashes.shape[0]):
        for band in range(bands):
            value = mix(group)
            for k in range(band * rows, (band + 1) * rows):
                value = mix(value * _GOLDEN + np.uint64(minhash[i, k]))
            hashes[i, band] = _labelled(value, band)
        value = mix(mix(group) * _GOLDEN + words[i, 0])
        hashes[i, bands] = _labelled(mix(value * _GOLDEN + words[i, 1]), bands)


@njit(cache=True, nogil=True)
def _labelled(value, band):
    return value >> _BAND_BITS << _BAND_BITS | np.uint64(band)


def partition(hashes: np.ndarray, documents: np.ndarray, *, partitions: int) -> list[np.ndarray]:
    """Deal the entries of documents out by range of the hash space.

    Args:
        hashes: uint64 (n, columns), as of `band_hashes`.
        documents: uint64 (n,), their numbers.
        partitions: how many ranges of equal width.

    Returns:
        An array of `ENTRY` for each partition, some perhaps empty; `tobytes` makes it ready to travel.
    """
    entries = np.empty(hashes.size, ENTRY)
    columns = entries.view(np.uint64).reshape(-1, 2)
    ends = np.zeros(partitions + 1, np.int64)
    _partition(np.ascontiguousarray(hashes), np.ascontiguousarray(documents, np.uint64), partitions, columns, ends)
    return [entries[ends[i] : ends[i + 1]] for i in range(partitions)]


@njit(cache=True, nogil=True)
def _partition(hashes, documents, partitions, columns, ends):
    """Counting sort by partition; `ends` gets the bounds of the partitions."""
    count, bits = np.uint64(partitions), np.uint64(32)
    for value in hashes.flat:
        ends[((value >> bits) * count >> bits) + np.uint64(1)] += 1
    for p in range(partitions):
        ends[p + 1] += ends[p]
    place = ends[:-1].copy()
    for i in range(hashes.shape[0]):
        for value in hashes[i]:
            p = (value >> bits) * count >> bits
            columns[place[p], 0], columns[place[p], 1] = value, documents[i]
            place[p] += 1


def concatenate(chunks: Iterable[bytes]) -> np.ndarray:
    """Entries of one partition from the bytes of its arrays, in the order given.

    Raises:
        ValueError: a chunk is not a whole number of entries.
    """
    data = b"".join(chunks)
    if len(data) % ENTRY.itemsize:
        raise ValueError(f"{len(data)} bytes are not whole entries of {ENTRY.itemsize} bytes: a chunk was cut off")
    return np.frombuffer(data, ENTRY)


def buckets(entries: np.ndarray) -> Buckets:
    """Sort the entries of a partition into buckets and leave out those with a single document.

    Args:
        entries: of `ENTRY`, any order; repeats count once.
    """
    hashes = np.ascontiguousarray(entries["hash"])
    order = np.argsort(hashes)
    documents, ends, bands = _runs(hashes[order], entries["document"][order])
    return Buckets(documents, ends, bands)


@njit(cache=True, nogil=True)
def _runs(hashes, documents):
    """Buckets of entries that are sorted by hash; sorts the documents of each in place."""
    offsets, bands = np.empty(hashes.shape[0] // 2 + 1, np.int64), np.empty(hashes.shape[0] // 2, np.uint8)
    found, length, start = 0, 0, 0
    offsets[0] = 0
    while start < hashes.shape[0]:
        end = start + 1
        while end < hashes.shape[0] and hashes[end] == hashes[start]:
            end += 1
        if end - start > 1:
            _sort(documents[start:end])
            kept = length
            for i in range(start, end):
                if i == start or documents[i] != documents[kept - 1]:
                    documents[kept] = documents[i]
                    kept += 1
            if kept - length > 1:
                bands[found] = np.uint8(hashes[start])
                found, length = found + 1, kept
                offsets[found] = length
        start = end
    return documents[:length].copy(), offsets[: found + 1].copy(), bands[:found].copy()


@njit(cache=True, nogil=True)
def _sort(values):
    """Sort in place; most buckets hold two or three documents, for which the general sort takes ten times as long."""
    if values.shape[0] > 16:
        values.sort()
        return
    for i in range(1, values.shape[0]):
        value, j = values[i], i
        while j > 0 and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value
