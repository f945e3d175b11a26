"""Locality-sensitive hashing: which documents to compare at all.

A MinHash signature is cut into bands of a few numbers each. Two documents that agree in all numbers of a band fall
into the same bucket, and only documents that share a bucket are compared. With b bands of r numbers a pair of
similarity s meets in at least one with probability p = 1 - (1 - s^r)^b (Leskovec, Rajaraman, Ullman: Mining of
Massive Datasets, 3.4):

    s        0.5     0.6     0.7     0.75    0.8      0.85       0.9
    25 x 5   0.548   0.868   0.990   0.999   0.99995  0.9999990  1.0     the default: what meets is verified
    14 x 8   0.053   0.211   0.565   0.772   0.924    0.988      1.0     usual where nothing is verified

What travels is one number for each document and band, packed by partition, so that a shuffle sees as many groups as
there are partitions, not as many as there are buckets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from transforms.ascending import first_from
from transforms.shingles import mix
from vocab.compiled import njit

BANDS, ROWS = 25, 5

ENTRY = np.dtype("<u8")
"""A document in a bucket of a band: 32 bits of the band's hash, then the document's number.

So sorted entries are buckets, with their documents in order. Documents that share 32 bits by chance are compared in
vain, some two thousand pairs in a partition of four million entries, and always the same ones.
"""

_DOCUMENT_BITS = np.uint64(32)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class Buckets(NamedTuple):
    """Documents by bucket; bucket i holds documents[offsets[i]:offsets[i + 1]], sorted, at least two and all different.

    Attributes:
        documents: int32, document numbers (or, where a function says so, indices).
        offsets: int64 (buckets + 1,).
        bands: int32 (buckets,), the band that each is a bucket of.
    """

    documents: np.ndarray
    offsets: np.ndarray
    bands: np.ndarray


@dataclass(frozen=True)
class Partitions:
    """How the entries of all bands are dealt out: a partition has some whole bands, or a range of one band's hashes.

    Attributes:
        bands: how many bands there are.
        whole: partitions that the bands are dealt to, one or more to each.
        cuts: partitions that a band is cut into; 1 where one has several.
    """

    bands: int
    whole: int
    cuts: int

    @classmethod
    def at_least(cls, count: int, *, bands: int) -> Partitions:
        """That many partitions or a few more, all of about the same size."""
        return cls(bands, min(count, bands), -(-count // bands))

    @property
    def count(self) -> int:
        """How many partitions there are."""
        return self.whole * self.cuts

    def bands_of(self, partitions: range) -> range:
        """The bands that have entries in some partitions."""
        first, last = partitions[0] // self.cuts, partitions[-1] // self.cuts
        return range(first * self.bands // self.whole, (last + 1) * self.bands // self.whole)

    def deal(self, entries: np.ndarray, band: int) -> Iterator[tuple[int, np.ndarray]]:
        """Each partition that has entries of a band, with those entries.

        Args:
            entries: of `ENTRY`, all of one band.
            band: its number.
        """
        first = ((band + 1) * self.whole - 1) // self.bands * self.cuts
        dealt, ends = (entries, [0, entries.size]) if self.cuts == 1 else _deal(entries, self.cuts)
        for cut in range(self.cuts):
            if ends[cut] < ends[cut + 1]:
                yield first + cut, dealt[ends[cut] : ends[cut + 1]]


@njit(cache=True, nogil=True)
def _deal(entries, cuts):
    """Counting sort by ranges of equal width; returns the entries and the bounds of the ranges."""
    dealt, ends = np.empty_like(entries), np.zeros(cuts + 1, np.int64)
    factor = np.uint64(cuts)
    for entry in entries:
        ends[((entry >> _DOCUMENT_BITS) * factor >> _DOCUMENT_BITS) + np.uint64(1)] += 1
    for cut in range(cuts):
        ends[cut + 1] += ends[cut]
    place = ends[:-1].copy()
    for entry in entries:
        cut = (entry >> _DOCUMENT_BITS) * factor >> _DOCUMENT_BITS
        dealt[place[cut]] = entry
        place[cut] += 1
    return dealt, ends


def recall(similarity: float, *, bands: int = BANDS, rows: int = ROWS) -> float:
    """Probability that a pair of this Jaccard similarity shares a bucket."""
    return 1 - (1 - similarity**rows) ** bands


def band_entries(
    minhash: np.ndarray, documents: np.ndarray, *, group: int, bands: Iterable[int], rows: int = ROWS
) -> np.ndarray:
    """The buckets that documents fall into, by band.

    Args:
        minhash: uint32 (n, permutations).
        documents: int32 (n,), their numbers.
        group: 64-bit number of what is deduplicated together (a language).
        bands: numbers of bands.
        rows: numbers in a band.

    Returns:
        `ENTRY` (bands, n).

    Raises:
        ValueError: the signatures are too short for those bands.
    """
    chosen = np.array(list(bands), np.int64)
    if rows * (chosen.max(initial=-1) + 1) > minhash.shape[1]:
        needed = rows * (chosen.max() + 1)
        raise ValueError(
            f"{chosen.max() + 1} bands of {rows} need {needed} MinHash values, there are {minhash.shape[1]}"
        )
    entries = np.empty((chosen.size, documents.size), ENTRY)
    _band_entries(np.ascontiguousarray(minhash), documents, np.uint64(group), chosen, rows, entries)
    return entries


@njit(cache=True, nogil=True)
def _band_entries(minhash, documents, group, bands, rows, entries):
    seeds = np.empty(bands.shape[0], np.uint64)
    for b in range(bands.shape[0]):
        seeds[b] = mix(mix(group) ^ np.uint64(bands[b]))
    for i in range(minhash.shape[0]):
        number = np.uint64(documents[i])
        for b in range(bands.shape[0]):
            value = seeds[b]
            for k in range(bands[b] * rows, (bands[b] + 1) * rows):
                value = (value ^ np.uint64(minhash[i, k])) * _GOLDEN
            entries[b, i] = mix(value) >> _DOCUMENT_BITS << _DOCUMENT_BITS | number


def text_entries(text_hash: np.ndarray, documents: np.ndarray, *, group: int) -> np.ndarray:
    """The bucket of each text: equal texts meet there without any bands.

    Args:
        text_hash: uint64 (n, 2), the 128-bit hash of the folded text.
        documents: int32 (n,), their numbers.
        group: as of `band_entries`.

    Returns:
        `ENTRY` (1, n).
    """
    entries = np.empty((1, documents.size), ENTRY)
    _band_entries(np.ascontiguousarray(text_hash), documents, np.uint64(group), np.zeros(1, np.int64), 2, entries)
    return entries


def concatenate(chunks: Iterable[bytes]) -> np.ndarray:
    """Entries from the bytes of their arrays, in the order given.

    Raises:
        ValueError: a chunk is not a whole number of entries.
    """
    data = bytearray().join(chunks)
    if len(data) % ENTRY.itemsize:
        raise ValueError(f"{len(data)} bytes are not whole entries of {ENTRY.itemsize} bytes: a chunk was cut off")
    return np.frombuffer(data, ENTRY)


def buckets(entries: np.ndarray, groups: np.ndarray | None = None, *, band: int = 0) -> Buckets:
    """The buckets of a band that hold at least two documents of one group.

    Args:
        entries: of `ENTRY`, any order; sorted in place. Repeats count once.
        band: number of the band.
        groups: int64, sorted, the numbers with which a new group of documents begins; documents of different groups
            are never in one bucket. None: there is one group.
    """
    entries.sort()
    documents, offsets = _runs(entries, np.zeros(0, np.int64) if groups is None else groups)
    return Buckets(documents, offsets, np.full(offsets.size - 1, band, np.int32))


@njit(cache=True, nogil=True)
def _runs(entries, groups):
    """Documents and bounds of the buckets of sorted entries."""
    documents = np.empty(entries.shape[0], np.int32)
    offsets = np.zeros(entries.shape[0] // 2 + 1, np.int64)
    found, start = 0, 0
    while start < entries.shape[0]:
        end = start + 1
        while end < entries.shape[0] and entries[end] >> _DOCUMENT_BITS == entries[start] >> _DOCUMENT_BITS:
            end += 1
        if end - start > 1:
            found = _added(entries[start:end], groups, documents, offsets, found)
        start = end
    return documents[: offsets[found]].copy(), offsets[: found + 1].copy()


@njit(cache=True, nogil=True)
def _added(run, groups, documents, offsets, found):
    """Append the documents of entries with the same hash, a bucket a group; returns how many buckets there are now."""
    length, stop = offsets[found], np.int64(-1)
    for entry in run:
        document = np.int64(np.uint32(entry))
        if document >= stop:
            found, length = _closed(offsets, found, length)
            after = first_from(groups, document + 1)
            stop = groups[after] if after < groups.shape[0] else np.int64(1) << 32
        if length == offsets[found] or documents[length - 1] != document:
            documents[length] = document
            length += 1
    return _closed(offsets, found, length)[0]


@njit(cache=True, nogil=True)
def _closed(offsets, found, length):
    """Keep the last bucket if it has two documents, else drop it; the number of buckets, and of their documents."""
    if length - offsets[found] > 1:
        found += 1
        offsets[found] = length
    return found, offsets[found]
