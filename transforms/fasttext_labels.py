"""Numba kernels that turn vectors into labels and their probabilities, as fastText does to the last bit.

Sources: Joulin et al. 2016, "Bag of Tricks for Efficient Text Classification"; loss.cc of fastText.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from transforms.fasttext_model import UNCOUNTED
from vocab.compiled import njit

_LEAST_SCORE = np.float32(math.log(1e-5))  # fastText follows no branch whose logarithmic score is lower
_MOST_OF_ALL = np.float32(math.log(0.51))  # more than a half: fastText's sums along a path may be 1e-5 off at each node


class Output(NamedTuple):
    """What scores a vector: float32[dimension, labels], and float32[labels] that the products are multiplied by."""

    columns: np.ndarray
    norms: np.ndarray


class Tree(NamedTuple):
    """The tree of hierarchical softmax: its leaves are nodes 0 to labels - 1, its root is the last node.

    Attributes:
        left: int32[nodes], a child of each inner node; -1 at a leaf.
        right: int32[nodes], the other.
        steps: int32[all paths]: from the root to each leaf, 2 * node + 1 to go right there and 2 * node to go left.
        ends: int64[labels + 1]; the path of label i is `steps[ends[i] : ends[i + 1]]`.
    """

    left: np.ndarray
    right: np.ndarray
    steps: np.ndarray
    ends: np.ndarray


def label_tree(counts: np.ndarray) -> Tree:
    """fastText's Huffman tree over labels that were seen int64[labels] times, the most frequent first."""
    leaves = len(counts)
    nodes = 2 * leaves - 1
    weights = [*counts.tolist(), *[UNCOUNTED] * (leaves - 1)]
    left, right = np.full(nodes, -1, np.int32), np.full(nodes, -1, np.int32)
    leaf, node = leaves - 1, leaves
    for parent in range(leaves, nodes):
        for side in (left, right):
            if leaf >= 0 and weights[leaf] < weights[node]:
                side[parent], leaf = leaf, leaf - 1
            else:
                side[parent], node = node, node + 1
        weights[parent] = weights[left[parent]] + weights[right[parent]]
    paths: list[list[int]] = [[] for _ in range(nodes)]
    for parent in reversed(range(leaves, nodes)):
        paths[left[parent]] = [*paths[parent], 2 * parent]
        paths[right[parent]] = [*paths[parent], 2 * parent + 1]
    ends = np.cumsum([0, *(len(path) for path in paths[:leaves])])
    return Tree(left, right, np.array([step for path in paths[:leaves] for step in path], np.int32), ends)


@njit(cache=True, nogil=True)
def by_tree(vectors, counts, output, tree, labels, label, score, own):
    """Find each text's most probable leaf, and the probability of some, each the product along its path.

    A leaf of `labels` that is more probable than all others together is the one that a search would find.

    Args:
        vectors: float32[texts, dimension], of `embed`.
        counts: int64[texts], of `embed`.
        output: Output, a label an inner node; one is left over.
        tree: Tree.
        labels: int32[some].
        label: int32[texts], written; -1 where fastText finds none.
        score: float32[texts], written, its probability; 0 where there is none.
        own: float32[texts], written, the summed probability of `labels`.
    """
    leaves = output.norms.shape[0]
    nodes, scores = np.empty(leaves + 1, np.int32), np.empty(leaves + 1, np.float32)
    products = np.empty(leaves, np.float32)
    for text in range(counts.shape[0]):
        label[text], score[text], own[text] = -1, 0, 0
        if counts[text] == 0:
            continue
        _multiply(vectors[text], output.columns, output.norms, products)
        total = 0.0
        for leaf in labels:
            along = _along_path(products, tree, leaf)
            if along >= _LEAST_SCORE:
                total += np.exp(along)
            if along > _MOST_OF_ALL:
                label[text], score[text] = leaf, np.exp(along)
        own[text] = total
        if label[text] < 0:
            label[text], score[text] = _search(products, tree, nodes, scores)


@njit(cache=True, nogil=True)
def _along_path(products, tree, leaf):
    """The logarithmic score of a leaf, float32; less than `_LEAST_SCORE` where fastText would not follow its path."""
    leaves, along = products.shape[0], np.float32(0)
    for step in tree.steps[tree.ends[leaf] : tree.ends[leaf + 1]]:
        right = _to_right(products[(step >> 1) - leaves])
        along += _log(right if step & 1 else np.float32(1) - right)
        if along < _LEAST_SCORE:
            break
    return along


@njit(cache=True, nogil=True)
def _search(products, tree, nodes, scores):
    """The most probable leaf as fastText finds it: depth first, left first, the last one among equals.

    Args:
        nodes, scores: int32 and float32, more than there are leaves: the nodes that are still to be visited.

    Returns:
        The leaf, or -1, and its probability.
    """
    leaves, found, probability = products.shape[0], np.int32(-1), np.float32(0)
    best, depth = _LEAST_SCORE, 1
    nodes[0], scores[0] = tree.left.shape[0] - 1, 0
    while depth > 0:
        depth -= 1
        node, so_far = nodes[depth], scores[depth]
        if so_far < best:
            continue
        if node < leaves:
            best, found, probability = so_far, node, np.exp(so_far)
            continue
        right = _to_right(products[node - leaves])
        nodes[depth], scores[depth] = tree.right[node], so_far + _log(right)
        nodes[depth + 1], scores[depth + 1] = tree.left[node], so_far + _log(np.float32(1) - right)
        depth += 2
    return found, probability


@njit(cache=True, nogil=True)
def by_softmax(vectors, counts, output, labels, label, score, own):
    """Find each text's most probable label, the last one among equals, and the probability of some labels.

    Args:
        vectors: float32[texts, dimension], of `embed`.
        counts: int64[texts], of `embed`.
        output: Output, a row a label.
        labels: int32[some].
        label: int32[texts], written; -1 where fastText finds none.
        score: float32[texts], written, its probability; 0 where there is none.
        own: float32[texts], written, the summed probability of `labels`.
    """
    share = np.empty(output.norms.shape[0], np.float32)
    for text in range(counts.shape[0]):
        label[text], score[text], own[text] = -1, 0, 0
        if counts[text] == 0:
            continue
        _multiply(vectors[text], output.columns, output.norms, share)
        largest, total = share.max(), np.float32(0)
        for row in range(share.shape[0]):
            share[row] = math.exp(np.float64(share[row] - largest))
            total += share[row]
        best = np.float32(-np.inf)
        for row in range(share.shape[0]):
            share[row] = _log(share[row] / total)
            if share[row] >= best:
                best, label[text], score[text] = share[row], row, np.exp(share[row])
        for row in labels:
            own[text] += np.exp(share[row])


@njit(cache=True, nogil=True)
def _multiply(vector, columns, norms, products):
    """Write the scaled product of a vector and each row, summed from left to right: those of all rows at once.

    One after the other would take longer for ten rows than this for all of lid.176, as a sum waits for itself at each
    step.
    """
    products[:] = np.float32(0)
    fours = vector.shape[0] - vector.shape[0] % 4
    for first in range(0, fours, 4):  # four columns in each turn save most loads and stores of `products`
        one, two, three, four = columns[first], columns[first + 1], columns[first + 2], columns[first + 3]
        a, b, c, d = vector[first], vector[first + 1], vector[first + 2], vector[first + 3]
        for row in range(products.shape[0]):
            products[row] = (((products[row] + one[row] * a) + two[row] * b) + three[row] * c) + four[row] * d
    for column in range(fours, vector.shape[0]):
        for row in range(products.shape[0]):
            products[row] += columns[column, row] * vector[column]
    for row in range(products.shape[0]):
        products[row] *= norms[row]


@njit(cache=True, nogil=True)
def _log(probability):
    """The logarithm that fastText takes, in double precision, kept away from log 0."""
    return np.float32(math.log(np.float64(probability) + 1e-5))


@njit(cache=True, nogil=True)
def _to_right(product):
    """The probability of going right at an inner node."""
    return np.float32(1) / (np.float32(1) + np.exp(-product))
