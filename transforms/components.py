"""Clusters of duplicates: union-find over document numbers, and the rule for which document survives.

A forest is an array of parents. No parent is greater than its child, so the root of a component is its smallest
document, and a forest that is flattened is the same whatever the order in which its edges came.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from vocab.compiled import njit


class Reason(IntEnum):
    """Why a document goes."""

    SURVIVOR = 0
    EXACT_DUPLICATE = 1
    NEAR_DUPLICATE = 2


class Survivors(NamedTuple):
    """What becomes of the n documents that have a duplicate.

    Attributes:
        survivor: int32 (n,), the document of its component that stays; itself for one that does.
        reason: int8 (n,), a `Reason`.
    """

    survivor: np.ndarray
    reason: np.ndarray


def joined(roots: np.ndarray) -> np.ndarray:
    """The documents of a flattened forest that are not alone, int32, sorted.

    Args:
        roots: int32 (documents,).
    """
    children = np.flatnonzero(roots != np.arange(roots.size, dtype=np.int32))
    together = np.zeros(roots.size, bool)
    together[children] = together[roots[children]] = True
    return np.flatnonzero(together).astype(np.int32)


def survivors(
    documents: np.ndarray,
    roots: np.ndarray,
    *,
    text_hash: np.ndarray,
    score: np.ndarray,
    characters: np.ndarray,
    other: np.ndarray | None = None,
    keep: int = 1,
) -> Survivors:
    """Decide for each component who stays.

    The best is the one with the highest score (none counts as lowest), then the most characters, then the smallest
    hash, then the smallest document number: a rule that knows nothing of runners or order. Who goes is an exact
    duplicate if a better document of its component has the same hash, else a near duplicate.

    Args:
        documents: int32 (n,), numbers of documents, sorted.
        roots: int32 (n,), the root of each.
        text_hash: uint64 (n, 2), 128-bit hash of the folded text of each.
        score: float32 (n,), its quality, NaN where there is none.
        characters: int32 (n,), its length.
        other: uint64 (n,), hash of what each is paired with; None: of nothing.
        keep: how many documents of a component stay that are paired with different things, the best of each.
    """
    score = np.where(np.isnan(score), -np.inf, score)
    high, low = text_hash.T
    best = np.lexsort((documents, low, high, -characters, -score, roots))
    survivor = np.empty(documents.size, np.int32)
    first, component = _groups(roots[best])
    survivor[best] = documents[best[first]][component]
    if keep > 1 and other is not None:
        stays = best[_few(component, other[best], keep)]
        survivor[stays] = documents[stays]

    # A stable sort: among equals the better one comes first, as in `best`.
    twins = best[np.lexsort((low[best], high[best], roots[best]))]
    first, _ = _groups(roots[twins], high[twins], low[twins])
    reason = np.full(documents.size, Reason.EXACT_DUPLICATE, np.int8)
    reason[twins[first]] = Reason.NEAR_DUPLICATE
    reason[survivor == documents] = Reason.SURVIVOR
    return Survivors(survivor, reason)


def _few(component: np.ndarray, other: np.ndarray, keep: int) -> np.ndarray:
    """Of documents by component, best first: the first of each thing they are paired with, `keep` of them at most.

    Returns:
        Their places, int64.
    """
    order = np.lexsort((other, component))
    new, _ = _groups(component[order], other[order])
    places = np.sort(order[new])
    starts, group = _groups(component[places])
    return places[np.arange(places.size) - starts[group] < keep]


def _groups(*keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of sorted keys: the places where a new group starts, and the number of each element's group."""
    new = np.ones(keys[0].size, bool)
    new[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    return np.flatnonzero(new), np.cumsum(new) - 1


def firsts(values: np.ndarray) -> np.ndarray:
    """For each value the place where it first occurs, int32 (n,): the forest of things that are equal."""
    _, first, inverse = np.unique(values, return_index=True, return_inverse=True)
    return first.astype(np.int32)[inverse]


@njit(cache=True, nogil=True)
def find(parents, i):
    """Root of i's component; halves the path to it on the way."""
    while parents[i] != i:
        parents[i] = parents[parents[i]]
        i = parents[i]
    return i


@njit(cache=True, nogil=True)
def unite(parents, i, j):
    """Make one component of those of i and j, with the smaller root; returns that root."""
    i, j = find(parents, i), find(parents, j)
    low, high = min(i, j), max(i, j)
    parents[high] = low
    return low


@njit(cache=True, nogil=True)
def flatten(parents):
    """Let every parent be a root. One pass is enough since no parent is greater than its child."""
    for i in range(parents.shape[0]):
        parents[i] = parents[parents[i]]


@njit(cache=True, nogil=True)
def unite_pairs(parents, left, right):
    """Unite left[i] with right[i] for every i.

    Args:
        parents: int32 (n,), changed in place; n components to start with are arange(n).
        left, right: int32 (m,), indices.
    """
    for i in range(left.shape[0]):
        unite(parents, left[i], right[i])


@njit(cache=True, nogil=True)
def roots_of(parents, places):
    """The roots of some places, int32 (m,).

    Args:
        parents: int32 (n,), a forest.
        places: int32 (m,).
    """
    roots = np.empty(places.shape[0], np.int32)
    for i in range(places.shape[0]):
        roots[i] = find(parents, places[i])
    return roots
