"""Which documents of a bucket are alike: by hash, by signature, and where that leaves doubt by the shingles themselves.

1. Documents with the same 128-bit hash are alike (`twins`). One stands for all of them from here on.
2. Of the others in a bucket, those whose estimated similarity is at least `threshold + margin` are alike. `match` finds
   most of them, in a few comparisons a document.
3. Then all pairs that are not in one component are compared (`candidates`). Those estimated below `threshold - margin`
   are not alike, and those in between are settled by the exact similarity of their sets of shingles (`settle`), in
   rounds, for each pair that is joined makes many others needless.

So the components are those of comparing all pairs of every bucket, in whatever order. With 128 numbers the standard
error of an estimate at 0.8 is 0.035, and the default margin of 0.1 leaves three in a thousand pairs at the threshold to
chance, and fewer elsewhere. Sets of too unequal size are never alike: a similarity is at most the smaller size divided
by the greater.
"""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

import numpy as np
from numba import njit

from babelmill.format import PERMUTATIONS
from transforms.components import find, flatten, unite
from transforms.jaccard import set_similarity
from transforms.lsh import ROWS, Buckets

MARGIN = 0.1
"""How far from the threshold an estimate decides alone: three standard errors."""

COMPARISONS = 8
"""Comparisons a document of a bucket that `match` spends on it."""

ROUND = (1 << 10, 1 << 20)
"""Candidates in a round of `connect`, least and most: 8 MiB."""

SHINGLES = 1 << 22
"""Shingles of the documents in a round of `connect`: 32 MiB of hashes. A single pair may have more."""

BLOCK = 4096
"""Documents of a bucket that are compared with all others before the next block is: about what a round can hold."""


class Source(Protocol):
    """Where `connect` reads documents; each method takes n document numbers (uint64, sorted, all different)."""

    def hashes(self, documents: np.ndarray) -> np.ndarray:
        """128-bit hashes of the folded texts, uint8 (n, 16)."""

    def signatures(self, documents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """MinHash values, uint32 (n, 128), and numbers of distinct shingles, int32 (n,)."""

    def shingle_sets(self, documents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and offsets of the sets of shingles, as of `jaccard.shingle_sets`."""


class Matches(NamedTuple):
    """What `connect` found and what it took.

    Attributes:
        edges: uint64 (m, 2), document numbers that span the components: each document with the smallest of its own.
        compared: pairs of signatures compared.
        candidates: pairs that the signatures left in doubt.
    """

    edges: np.ndarray
    compared: int
    candidates: int


def connect(buckets: Buckets, source: Source, *, threshold: float, margin: float = MARGIN, rows: int = ROWS) -> Matches:
    """Join the documents of a partition's buckets that are alike.

    A pair in doubt is settled in the bucket of the first band in which it agrees, so once over all partitions. Needs
    working memory of 528 bytes for each different text in the buckets and a bounded amount for texts.

    Args:
        buckets: of document numbers, from `band_hashes` with the same `rows`.
        source: reads signatures and texts.
        threshold: Jaccard similarity from which two documents are alike.
        margin: how far from the threshold the estimate decides.
        rows: numbers in a band.
    """
    documents, indexed = _indexed(buckets)
    first = twins(indexed.documents, indexed.offsets, source.hashes(documents))
    edges = [_edges(documents, first)]

    documents, indexed = _indexed(_only(buckets, first[indexed.documents] == indexed.documents))
    signatures = source.signatures(documents)
    bounds = (_least(threshold - margin), _least(threshold + margin), threshold)
    parents = np.arange(documents.size, dtype=np.int32)
    compared = match(*indexed[:2], *signatures, bounds, parents)

    found, last, limit = 0, (0, 0, 0), ROUND[0]
    seen, pairs = np.zeros(documents.size, bool), np.empty((ROUND[1], 2), np.int32)
    while last[0] < indexed.bands.size:
        count, more, last = candidates(*indexed, *signatures, bounds, rows, parents, last, seen, pairs[:limit])
        involved, places = np.unique(pairs[:count], return_inverse=True)
        seen[involved] = False
        if count:
            sets = source.shingle_sets(documents[involved])
            needed = settle(pairs[:count], places.reshape(-1, 2), *sets, threshold, parents)
            # Many needless candidates: what a round joins should be known sooner.
            limit = max(limit // 4, ROUND[0]) if needed < count / 2 else min(limit * 2, ROUND[1])
        found, compared = found + count, compared + more
    flatten(parents)
    edges.append(_edges(documents, parents))
    return Matches(np.concatenate(edges), compared, found)


def _indexed(buckets: Buckets) -> tuple[np.ndarray, Buckets]:
    """The different documents of buckets, sorted, and the buckets with int32 indices into them."""
    documents, members = np.unique(buckets.documents, return_inverse=True)
    return documents, buckets._replace(documents=members.astype(np.int32))


def _only(buckets: Buckets, mask: np.ndarray) -> Buckets:
    """Buckets with the documents that a mask picks, without those that have fewer than two left."""
    kept = np.concatenate([[0], np.cumsum(mask)])[buckets.offsets]
    sizes = np.diff(kept)
    mask = mask & np.repeat(sizes > 1, np.diff(buckets.offsets))
    offsets = np.concatenate([[0], np.cumsum(sizes[sizes > 1])]).astype(np.int64)
    return Buckets(buckets.documents[mask], offsets, buckets.bands[sizes > 1])


def _edges(documents: np.ndarray, roots: np.ndarray) -> np.ndarray:
    """(root, document) for each document that is not its own root, uint64 (m, 2)."""
    others = np.flatnonzero(roots != np.arange(roots.size))
    return np.stack([documents[roots[others]], documents[others]], axis=1)


def _least(similarity: float) -> int:
    """How many equal numbers two signatures have at least if their estimated similarity is at least this."""
    # Rounded, for 0.8 + 0.1 is a little more than 0.9.
    return math.ceil(round(similarity * PERMUTATIONS, 6))


def twins(members: np.ndarray, offsets: np.ndarray, text_hash: np.ndarray) -> np.ndarray:
    """For each document the first with the same 128-bit hash and a bucket in common.

    Args:
        members: int32, indices of documents by bucket.
        offsets: int64, where each bucket starts.
        text_hash: uint8 (n, 16).

    Returns:
        int32 (n,), indices; a document without an earlier twin has its own.
    """
    # Texts that are equal share all of their buckets, or none if they are of different groups.
    bucket = np.zeros(len(text_hash), np.int64)
    bucket[members[::-1]] = np.repeat(np.arange(offsets.size - 1), np.diff(offsets))[::-1]
    high, low = np.ascontiguousarray(text_hash).view("<u8").reshape(-1, 2).T
    order = np.lexsort((bucket, low, high))
    new = np.ones(order.size, bool)
    new[1:] = np.logical_or.reduce([key[order[1:]] != key[order[:-1]] for key in (high, low, bucket)])
    first = np.empty(order.size, np.int32)
    first[order] = order[new][np.cumsum(new) - 1]
    return first


@njit(cache=True, nogil=True)
def match(members, offsets, minhash, shingles, bounds, parents):
    """Unite documents of each bucket whose signatures show that they are alike, most of them in few comparisons.

    A search through each bucket: a document is compared with all that have not been reached, those like it are reached,
    and in turn they are compared with what is left. It ends when nothing is left, or after `COMPARISONS` a document.

    Args:
        members: int32, indices of documents by bucket.
        offsets: int64, where each bucket starts.
        minhash: uint32 (n, 128).
        shingles: int32 (n,), sizes of the sets.
        bounds: equal numbers from which two documents may be alike, and from which they certainly are; the threshold.
        parents: int32 (n,), a union-find forest, changed in place.

    Returns:
        How many pairs of signatures were compared.
    """
    compared = 0
    for bucket in range(offsets.shape[0] - 1):
        rest = members[offsets[bucket] : offsets[bucket + 1]].copy()
        left, queue = rest.shape[0], np.empty_like(rest)
        end = compared + COMPARISONS * left
        while left > 1 and compared < end:
            left -= 1
            queue[0], head, tail = rest[left], 0, 1
            while head < tail and left > 0 and compared < end:
                x, kept = queue[head], 0
                root = find(parents, x)
                for i in range(left):
                    y = rest[i]
                    joined = find(parents, y) == root
                    if not joined:
                        compared += 1
                        if agreement(minhash, shingles, x, y, bounds) >= bounds[1]:
                            root, joined = unite(parents, x, y), True
                    if joined:
                        queue[tail] = y
                        tail += 1
                    else:
                        rest[kept] = y
                        kept += 1
                head, left = head + 1, kept
    return compared


@njit(cache=True, nogil=True)
def candidates(members, offsets, bands, minhash, shingles, bounds, rows, parents, last, seen, pairs):
    """Compare pairs that are not in one component yet, after `last`, until a round is full; unite the certain ones.

    Args:
        members, offsets, minhash, shingles, bounds, parents: as of `match`.
        bands: uint8 (buckets,), the band that each is a bucket of.
        rows: numbers in a band.
        last: the last pair of the round before: bucket, and places in the bucket; (0, 0, 0) to start.
        seen: bool (n,), all False; documents of this round are marked.
        pairs: int32 (m, 2), gets the pairs in doubt.

    Returns:
        How many pairs were written, how many pairs of signatures were compared, and the last pair; its bucket is the
        number of buckets when there are no more.
    """
    count, compared, weight = 0, 0, 0
    bucket, i, j = last
    while bucket < bands.shape[0]:
        group = members[offsets[bucket] : offsets[bucket + 1]]
        roots, major, others = components_of(parents, group)
        i, j = next_pair(roots, major, others, i, j)
        while i >= 0:
            x, y = group[i], group[j]
            if find(parents, x) != find(parents, y) and not meets_before(minhash, x, y, bands[bucket], rows):
                compared += 1
                equal = agreement(minhash, shingles, x, y, bounds)
                if equal >= bounds[1]:
                    unite(parents, x, y)
                elif equal >= bounds[0]:
                    pairs[count, 0], pairs[count, 1] = x, y
                    count += 1
                    for z in (x, y):
                        weight += 0 if seen[z] else shingles[z]
                        seen[z] = True
                    if count == pairs.shape[0] or weight >= SHINGLES:
                        return count, compared, (bucket, i, j)
            i, j = next_pair(roots, major, others, i, j)
        bucket, i, j = bucket + 1, 0, 0
    return count, compared, (bucket, i, j)


@njit(cache=True, nogil=True)
def next_pair(roots, major, others, i, j):
    """The places in a bucket of the next two documents of different components, after places i and j.

    Pairs come by blocks of the second document, so that a round of many pairs is one of few documents: within a block
    by the first document, then by the second. The first pair comes after places 0 and 0, and (-1, -1) after the last.

    Args:
        roots, major, others: as of `components_of`.
    """
    start = j - j % BLOCK
    while start < roots.shape[0] and others.shape[0] > 0:
        stop = min(start + BLOCK, roots.shape[0])
        while i < stop:
            j = max(start, i + 1, j + 1)
            if roots[i] == major:
                k = np.searchsorted(others, j)
                j = others[k] if k < others.shape[0] else stop
            else:
                while j < stop and roots[j] == roots[i]:
                    j += 1
            if j < stop:
                return i, j
            i, j = i + 1, 0
        i, start = 0, stop
    return -1, -1


@njit(cache=True, nogil=True)
def components_of(parents, group):
    """Roots of a bucket's documents, the root that more than half of them have, if any, and the places of the others.

    With the majority known, a bucket that is one component but for a few documents costs few steps. Where no component
    has a majority, half of all pairs or more are of different ones and there is little to save. The majority is found
    by Boyer and Moore's vote (1981); what the vote gives where there is none does no harm.
    """
    roots = np.empty(group.shape[0], np.int32)
    major, votes = np.int32(-1), 0
    for i in range(group.shape[0]):
        roots[i] = find(parents, group[i])
        if votes == 0:
            major = roots[i]
        votes += 1 if roots[i] == major else -1
    return roots, major, np.flatnonzero(roots != major)


@njit(cache=True, nogil=True)
def settle(pairs, places, values, offsets, threshold, parents):
    """Unite the pairs whose exact similarity is at least the threshold; those in one component already are passed over.

    Args:
        pairs: int32 (m, 2), indices of documents.
        places: int64 (m, 2), where their sets stand.
        values, offsets: sets of shingles, as of `jaccard.shingle_sets`.
        threshold: similarity from which two documents are alike.
        parents: int32 (n,), a union-find forest, changed in place.

    Returns:
        How many pairs were not passed over.
    """
    needed = 0
    for i in range(pairs.shape[0]):
        if find(parents, pairs[i, 0]) != find(parents, pairs[i, 1]):
            needed += 1
            if set_similarity(values, offsets, places[i, 0], places[i, 1]) >= threshold:
                unite(parents, pairs[i, 0], pairs[i, 1])
    return needed


@njit(cache=True, nogil=True)
def agreement(minhash, shingles, x, y, bounds):
    """In how many numbers the signatures of x and y are equal; -1 if the sizes of their sets are too different."""
    if min(shingles[x], shingles[y]) / max(shingles[x], shingles[y]) < bounds[2]:
        return -1
    left, right, equal = minhash[x], minhash[y], np.uint32(0)
    for k in range(left.shape[0]):
        # The cast keeps numba from widening to 64 bits, which would cost SIMD lanes.
        equal = np.uint32(equal + np.uint32(left[k] == right[k]))
    return np.int64(equal)


@njit(cache=True, nogil=True)
def meets_before(minhash, x, y, band, rows):
    """Whether x and y agree in a band before this one, where they are or were compared."""
    left, right = minhash[x], minhash[y]
    for start in range(0, np.int64(band) * rows, rows):
        k = start
        while k < start + rows and left[k] == right[k]:
            k += 1
        if k == start + rows:
            return True
    return False
