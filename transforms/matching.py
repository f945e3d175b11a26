"""Which documents of a partition's buckets are alike: by hash, by signature, and in doubt by the shingles themselves.

1. Documents with the same 128-bit hash are alike (`twins`); those of one part were joined before they came here. They
   share the buckets of every band, so those of the first band show them all. One stands for all of them from here on.
2. Of the others in a bucket, those whose estimated similarity is at least `threshold + margin` are alike. `match` finds
   most of them, in a few comparisons a document.
3. Then all pairs that are not in one component are compared (`candidates`). Those estimated below `threshold - margin`
   are not alike, and those in between are settled by the exact similarity of their sets of shingles (`settle`), in
   rounds, for each pair that is joined makes many others needless.

So the components are those of comparing all pairs of every bucket, in whatever order, and what is known of them from
elsewhere spares work but changes nothing. With 128 numbers the standard error of an estimate at 0.8 is 0.035, and the
default margin of 0.1 leaves three in a thousand pairs at the threshold to chance, and fewer elsewhere. Sets of too
unequal size are never alike: a similarity is at most the smaller size divided by the greater.

A bucket of more than `WINDOW` documents is the exception. In an order that is drawn anew for each band, its documents
are compared with the `WINDOW / 2` before and after them only: memory stays bounded, and time grows with the bucket and
not with its square. A dense cluster becomes one component all the same, for neighbouring windows overlap by half; what
may be missed is a document that is like very few of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from babelmill.format import PERMUTATIONS
from transforms.components import firsts, flatten, roots_of, unite_pairs
from transforms.lsh import ROWS, Buckets
from transforms.pairs import SKETCH, STARS, candidates, match, settle, sketch, star, twins

MARGIN = 0.1
"""How far from the threshold an estimate decides alone: three standard errors."""

WINDOW = 1 << 16
"""Documents of a bucket that are compared with each other."""

PIECE = 1 << 17
"""Documents whose signatures are in memory at a time; at least `WINDOW`. For each piece all files are opened once."""

SIGNED = 660
"""Bytes that a document of a piece takes: its signature and its sketch."""

ROUND = (1 << 14, 1 << 20)
"""Candidates in a round, least and most: 8 MiB."""

_GOLDEN = 0x9E3779B97F4A7C15


class Source(Protocol):
    """Where documents are read; each method takes n document numbers (int32, sorted, all different)."""

    def hashes(self, documents: np.ndarray) -> np.ndarray:
        """128-bit hashes of the folded texts, uint64 (n, 2)."""

    def signatures(self, documents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """MinHash values, uint32 (n, 128), and numbers of distinct shingles, int32 (n,)."""

    def shingle_sets(self, documents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and offsets of the sets of shingles, as of `jaccard.shingle_sets`."""


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """When two documents are alike.

    Attributes:
        threshold: Jaccard similarity from which they are.
        margin: how far from the threshold the estimate decides.
        rows: numbers in a band.
    """

    threshold: float
    margin: float = MARGIN
    rows: int = ROWS

    @property
    def bounds(self) -> tuple[int, int, float]:
        """As the kernels of `pairs` take them."""
        return _least(self.threshold - self.margin), _least(self.threshold + self.margin), self.threshold


class Work(NamedTuple):
    """What a piece of work took.

    Attributes:
        compared: pairs of signatures compared.
        candidates: pairs that the signatures left in doubt.
    """

    compared: int = 0
    candidates: int = 0


def connect(
    bands: Iterable[Buckets],
    source: Source,
    likeness: Likeness | None,
    *,
    forest: np.ndarray | None = None,
    piece: int = PIECE,
) -> tuple[np.ndarray, Work]:
    """Join the documents of a partition's buckets that are alike.

    Needs working memory of 13 bytes for each document in the buckets, `SIGNED` bytes for each of a piece, and 32 MB for
    shingles.

    Args:
        bands: buckets of document numbers, those of a band together. Documents of equal texts are in the same ones.
        source: reads signatures and texts.
        likeness: when two are alike; None: when their texts are equal.
        forest: int32, the root of every document as far as it is known from elsewhere.
        piece: documents whose hashes or signatures are in memory at a time.

    Returns:
        Pairs of documents that join what was not joined in `forest`, int32 (m, 2), and what it took.
    """
    bands = list(bands)
    documents = _distinct([buckets.documents for buckets in bands])
    parents = firsts(documents if forest is None else forest[documents])
    before, work = parents.copy(), Work()
    if bands:
        stands = _unite_twins(_placed(bands[0], documents), documents, source, parents, piece)
        if likeness is not None:
            work = _join_bands(bands, documents, stands, source, likeness, parents, piece)
    flatten(parents)
    changed = np.flatnonzero(parents != before)
    return np.stack([documents[parents[changed]], documents[changed]], axis=1), work


def _join_bands(
    bands: list[Buckets],
    documents: np.ndarray,
    stands: np.ndarray,
    source: Source,
    likeness: Likeness,
    parents: np.ndarray,
    piece: int,
) -> Work:
    """Unite the documents of some bands' buckets that are alike, of those that stand for all of the same text."""
    work = Work()
    for loaded in _loads(bands, piece):
        placed = _placed(loaded, documents)
        placed = _divided(_only(placed, stands[placed.documents]), parents)
        for buckets in _pieces(placed, documents, piece):
            chosen, members = np.unique(buckets.documents, return_inverse=True)
            roots = firsts(roots_of(parents, chosen))
            indexed = buckets._replace(documents=members.astype(np.int32))
            took = join(indexed, documents[chosen], source, likeness, parents=roots)
            unite_pairs(parents, chosen[roots], chosen)
            work = Work(work.compared + took.compared, work.candidates + took.candidates)
    return work


def _placed(buckets: Buckets, documents: np.ndarray) -> Buckets:
    """Buckets of document numbers as buckets of indices into `documents`, which are sorted."""
    return buckets._replace(documents=np.searchsorted(documents, buckets.documents).astype(np.int32))


def _unite_twins(band: Buckets, documents: np.ndarray, source: Source, parents: np.ndarray, piece: int) -> np.ndarray:
    """Unite the documents of a band's buckets whose texts are equal; bool (n,), which one stands for its like."""
    stands = np.ones(documents.size, bool)
    for buckets in _pieces(_divided(band, parents), documents, piece):
        chosen, members = np.unique(buckets.documents, return_inverse=True)
        first = chosen[twins(members.astype(np.int32), buckets.offsets, source.hashes(documents[chosen]))]
        unite_pairs(parents, first, chosen)
        stands[chosen[first != chosen]] = False
    flatten(parents)
    return stands


def join(buckets: Buckets, documents: np.ndarray, source: Source, likeness: Likeness, *, parents: np.ndarray) -> Work:
    """Unite those documents of some buckets that are alike.

    Args:
        buckets: of int32 indices into `documents`, no two of the same text.
        documents: int32 (n,), sorted, those of the buckets.
        source, likeness: as of `connect`.
        parents: int32 (n,), a forest, changed in place and flattened.
    """
    signatures = source.signatures(documents)
    compared = match(buckets.documents, buckets.offsets, *signatures, likeness.bounds, parents)

    doubts = Doubts.none(documents, source, likeness, parents)
    shared = (*signatures, doubts.known, doubts.sketches, likeness.bounds, likeness.rows, parents)
    for row in range(STARS):
        buckets, last = _divided(buckets, parents, beyond=row + 1), (0, 0)
        while last[0] < buckets.bands.size:
            count, more, last = star(*buckets, *shared, row, last, doubts.seen, doubts.pairs)
            doubts.settle(count)
            compared += more
    buckets, end, limit = _divided(buckets, parents, beyond=STARS + 1), (0, STARS, 0), ROUND[0]
    while end[0] < buckets.bands.size:
        count, more, end = candidates(*buckets, *shared, end, doubts.seen, doubts.pairs[:limit])
        # Many needless candidates: what a round joins should be known sooner.
        limit = max(limit // 4, ROUND[0]) if doubts.settle(count) < count / 2 else min(limit * 2, ROUND[1])
        compared += more
    flatten(parents)
    return Work(compared, doubts.settled)


@dataclass
class Doubts:
    """Pairs whose signatures leave them in doubt, in rounds.

    Attributes:
        documents: int32 (n,), the numbers of the documents that are compared.
        source: reads texts.
        threshold: similarity from which two are alike.
        parents: int32 (n,), a forest, changed in place.
        pairs: int32 (m, 2), indices of the documents of a round.
        seen: bool (n,), which they are.
        known: bool (n,), of which documents there is a sketch.
        sketches: uint64 (n, `SKETCH`).
        settled: pairs of all rounds.
    """

    documents: np.ndarray
    source: Source
    threshold: float
    parents: np.ndarray
    pairs: np.ndarray
    seen: np.ndarray
    known: np.ndarray
    sketches: np.ndarray
    settled: int = 0

    @classmethod
    def none(cls, documents: np.ndarray, source: Source, likeness: Likeness, parents: np.ndarray) -> Doubts:
        """Before the first round."""
        pairs, seen, known = (
            np.empty((ROUND[1], 2), np.int32),
            np.zeros(documents.size, bool),
            np.zeros(documents.size, bool),
        )
        sketches = np.empty((documents.size, SKETCH), np.uint64)
        return cls(documents, source, likeness.threshold, parents, pairs, seen, known, sketches)

    def settle(self, count: int) -> int:
        """Unite those of the first `count` pairs that are alike by their texts; returns how many had to be compared."""
        if not count:
            return 0
        self.settled += count
        involved, places = np.unique(self.pairs[:count], return_inverse=True)
        self.seen[involved] = False
        sets = self.source.shingle_sets(self.documents[involved])
        sketch(*sets, involved, self.known, self.sketches)
        return settle(self.pairs[:count], places.reshape(-1, 2), *sets, self.threshold, self.parents)


def _loads(bands: Iterable[Buckets], piece: int) -> Iterator[Buckets]:
    """Buckets of one band or more, of as many as have no more documents together than a piece of work may have."""
    together: list[Buckets] = []
    documents = np.zeros(0, np.int32)
    for buckets in bands:
        documents = _distinct([documents, buckets.documents])
        if together and documents.size > piece:
            yield _joined(together)
            together, documents = [], _distinct([buckets.documents])
        together.append(buckets)
    if together:
        yield _joined(together)


def _joined(bands: list[Buckets]) -> Buckets:
    """The buckets of several bands."""
    sizes = np.concatenate([np.diff(buckets.offsets) for buckets in bands])
    return Buckets(
        np.concatenate([buckets.documents for buckets in bands]),
        np.concatenate([[0], np.cumsum(sizes)]),
        np.concatenate([buckets.bands for buckets in bands]),
    )


def _divided(buckets: Buckets, parents: np.ndarray, *, beyond: int = 1) -> Buckets:
    """Those buckets of more than `beyond` documents that are not all in one component."""
    if not buckets.bands.size:
        return buckets
    roots, starts, sizes = roots_of(parents, buckets.documents), buckets.offsets[:-1], np.diff(buckets.offsets)
    divided = np.minimum.reduceat(roots, starts) != np.maximum.reduceat(roots, starts)
    return _only(buckets, np.repeat(divided & (sizes > beyond), sizes))


def _pieces(buckets: Buckets, documents: np.ndarray, piece: int) -> Iterator[Buckets]:
    """Buckets by the piece; one that is too large is cut into windows.

    Args:
        buckets: of indices into `documents`, of several bands only if they fit into a piece.
        documents: int32, their numbers.
        piece: documents in a piece, at most.
    """
    offsets, start = buckets.offsets, 0
    crowds = [*np.flatnonzero(np.diff(offsets) > WINDOW), buckets.bands.size]
    if len(crowds) == 1 and _distinct([buckets.documents]).size <= piece:
        yield from [buckets] if buckets.bands.size else []
        return
    for crowd in crowds:
        while start < crowd:
            stop = min(int(np.searchsorted(offsets, offsets[start] + piece, side="right")) - 1, crowd)
            members = buckets.documents[offsets[start] : offsets[stop]]
            yield Buckets(members, offsets[start : stop + 1] - offsets[start], buckets.bands[start:stop])
            start = stop
        if crowd < buckets.bands.size:
            yield from _windows(buckets.documents[offsets[crowd] : offsets[crowd + 1]], documents, buckets.bands[crowd])
            start = crowd + 1


def _windows(crowd: np.ndarray, documents: np.ndarray, band: int) -> Iterator[Buckets]:
    """The documents of one bucket (indices into `documents`), a window at a time."""
    factor = np.uint64(_GOLDEN * (2 * int(band) + 1) % (1 << 64))
    ordered = crowd[np.argsort(documents[crowd].astype(np.uint64) * factor)]
    for start in range(0, crowd.size - WINDOW // 2, WINDOW // 2):
        window = ordered[start : start + WINDOW]
        yield Buckets(window, np.array([0, window.size]), np.array([band], np.int32))


def _distinct(columns: list[np.ndarray]) -> np.ndarray:
    """The different numbers of some columns, int32, sorted."""
    values = np.sort(np.concatenate([np.zeros(0, np.int32), *columns]))
    return values[np.flatnonzero(np.diff(values, prepend=-1))]


def _only(buckets: Buckets, mask: np.ndarray) -> Buckets:
    """Buckets with the documents that a mask picks, without those that have fewer than two left."""
    kept = np.concatenate([[0], np.cumsum(mask)])[buckets.offsets]
    sizes = np.diff(kept)
    mask = mask & np.repeat(sizes > 1, np.diff(buckets.offsets))
    offsets = np.concatenate([[0], np.cumsum(sizes[sizes > 1])]).astype(np.int64)
    return Buckets(buckets.documents[mask], offsets, buckets.bands[sizes > 1])


def _least(similarity: float) -> int:
    """How many equal numbers two signatures have at least if their estimated similarity is at least this."""
    # Rounded, for 0.8 + 0.1 is a little more than 0.9.
    return math.ceil(round(similarity * PERMUTATIONS, 6))
