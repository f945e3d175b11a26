"""Clusters of duplicates: spanning forests that can be merged in any order, and the rule for which document survives.

A forest holds every document that has a duplicate, and for each the smallest document of its component, its root.
Merging is associative and commutative and a merged forest is in canonical form, so that a tree of merges gives the
same bytes on any runner. A forest shrinks as it is merged: a document that has been seen a hundred times is held
once.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numba import njit

NODE = np.dtype(
    [
        ("document", "<u8"),
        ("root", "<u8"),
        ("hash", "<u8", (2,)),
        ("score", "<f4"),
        ("characters", "<i4"),
    ]
)
"""A document of a forest: its number, the smallest number of its component, and what decides who survives."""


class Reason(IntEnum):
    """Why a document goes."""

    SURVIVOR = 0
    EXACT_DUPLICATE = 1
    NEAR_DUPLICATE = 2


class Survivors(NamedTuple):
    """What becomes of the n documents of a forest.

    Attributes:
        document: uint64 (n,), sorted.
        survivor: uint64 (n,), the document of its component that stays; itself for one that does.
        reason: int8 (n,), a `Reason`.
    """

    document: np.ndarray
    survivor: np.ndarray
    reason: np.ndarray


def forest(
    edges: np.ndarray, documents: np.ndarray, *, text_hash: np.ndarray, score: np.ndarray, characters: np.ndarray
) -> np.ndarray:
    """The forest that edges span.

    Args:
        edges: uint64 (m, 2), pairs of document numbers.
        documents: uint64 (n,), all different, any order; every document of `edges` is among them.
        text_hash: uint8 (n, 16), 128-bit hash of the folded text of each document.
        score: float32 (n,), its quality, NaN where there is none.
        characters: int32 (n,), its length.

    Returns:
        `NODE` (n,), sorted by document.

    Raises:
        ValueError: an edge names a document that is not among `documents`.
    """
    nodes = np.empty(documents.size, NODE)
    nodes["document"] = documents
    nodes["hash"] = np.ascontiguousarray(text_hash).view("<u8").reshape(-1, 2)
    nodes["score"], nodes["characters"] = score, characters
    nodes = nodes[np.argsort(documents)]
    return _rooted(nodes, places(nodes["document"], edges[:, 0]), places(nodes["document"], edges[:, 1]))


def merge(forests: Iterable[np.ndarray]) -> np.ndarray:
    """The forest of all components of several forests, those that share a document united.

    Args:
        forests: arrays of `NODE`; a document has the same hash, score and characters wherever it occurs.

    Returns:
        `NODE`, sorted by document, each once.
    """
    nodes = np.concatenate([np.zeros(0, NODE), *forests])
    nodes = nodes[np.argsort(nodes["document"], kind="stable")]
    new = np.ones(nodes.size, bool)
    new[1:] = nodes["document"][1:] != nodes["document"][:-1]
    united = nodes[new]
    return _rooted(united, np.cumsum(new) - 1, places(united["document"], nodes["root"]))


def places(documents: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Where each of `wanted` stands in sorted `documents`, int64.

    Raises:
        ValueError: one is not there.
    """
    found = np.searchsorted(documents, wanted)
    known = found < documents.size
    known[known] = documents[found[known]] == wanted[known]
    if not known.all():
        missing = wanted[np.argmin(known)]
        raise ValueError(f"document {missing} is joined to others but is not among the {documents.size} of the forest")
    return found


def _rooted(nodes: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Set the roots of sorted nodes, given pairs of places in `nodes` that belong together."""
    parents = np.arange(nodes.size, dtype=np.int32)
    unite_pairs(parents, left, right)
    nodes["root"] = nodes["document"][parents]
    return nodes


def survivors(nodes: np.ndarray) -> Survivors:
    """Decide for each component who stays.

    The best is the one with the highest score (none counts as lowest), then the most characters, then the smallest
    hash, then the smallest document number: a rule that knows nothing of runners or order. Who goes is an exact
    duplicate if a better document of its component has the same hash, else a near duplicate.

    Args:
        nodes: a forest, `NODE` (n,).
    """
    score = np.where(np.isnan(nodes["score"]), -np.inf, nodes["score"])
    high, low = nodes["hash"][:, 0], nodes["hash"][:, 1]
    best = np.lexsort((nodes["document"], low, high, -nodes["characters"], -score, nodes["root"]))
    survivor = np.empty(nodes.size, np.uint64)
    first, component = _groups(nodes["root"][best])
    survivor[best] = nodes["document"][best[first]][component]

    # A stable sort: among equals the better one comes first, as in `best`.
    twins = best[np.lexsort((low[best], high[best], nodes["root"][best]))]
    first, _ = _groups(nodes["root"][twins], high[twins], low[twins])
    reason = np.full(nodes.size, Reason.EXACT_DUPLICATE, np.int8)
    reason[twins[first]] = Reason.NEAR_DUPLICATE
    reason[survivor == nodes["document"]] = Reason.SURVIVOR
    return Survivors(nodes["document"].copy(), survivor, reason)


def _groups(*keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of sorted keys: the places where a new group starts, and the number of each element's group."""
    new = np.ones(keys[0].size, bool)
    new[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    return np.flatnonzero(new), np.cumsum(new) - 1


def parse(data: bytes) -> np.ndarray:
    """A forest from the bytes of `nodes.tobytes()`.

    Raises:
        ValueError: not a whole number of nodes.
    """
    if len(data) % NODE.itemsize:
        raise ValueError(f"{len(data)} bytes are not whole nodes of {NODE.itemsize} bytes: the forest was cut off")
    return np.frombuffer(data, NODE)


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
    """Unite left[i] with right[i] for every i, then flatten.

    Args:
        parents: int32 (n,), changed in place; n components to start with are arange(n).
        left, right: int64 (m,), indices.
    """
    for i in range(left.shape[0]):
        unite(parents, left[i], right[i])
    flatten(parents)
