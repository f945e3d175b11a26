"""Labels of vectors, against the probabilities of all leaves of the tree."""

import numpy as np
import pytest

from transforms.fasttext_labels import Output, by_tree, label_tree

LABELS, TEXTS, DIMENSION = 300, 60, 16


@pytest.fixture(scope="module")
def output():
    generator = np.random.default_rng(1)
    columns = generator.normal(0, 4, (DIMENSION, LABELS)).astype(np.float32)
    return Output(columns, generator.uniform(0.5, 1.5, LABELS).astype(np.float32))


@pytest.fixture(scope="module")
def tree():
    return label_tree(np.sort(np.random.default_rng(2).zipf(1.3, LABELS).clip(1, 10**6))[::-1])


def log_right(vector, output, row):
    product = float(vector.astype(float) @ output.columns[:, row].astype(float)) * output.norms[row]
    right = 1 / (1 + np.exp(-np.clip(product, -80, 80)))
    return np.log(right + 1e-5), np.log(1 - right + 1e-5)


def leaves(vector, output, tree, node=2 * LABELS - 2, so_far=0.0):
    """The logarithmic score of every leaf below a node."""
    if node < LABELS:
        return {node: so_far}
    right, left = log_right(vector, output, node - LABELS)
    return leaves(vector, output, tree, tree.left[node], so_far + left) | leaves(
        vector, output, tree, tree.right[node], so_far + right
    )


@pytest.mark.parametrize("spread", [0.05, 0.3, 2.0])
def test_the_most_probable_leaf_and_the_probability_of_some(spread, output, tree):
    vectors = np.random.default_rng(3).normal(0, spread, (TEXTS, DIMENSION)).astype(np.float32)
    counts = np.ones(TEXTS, np.int64)
    counts[7] = 0
    every = [leaves(vector, output, tree) for vector in vectors]
    asked = np.array([max(scores, key=scores.__getitem__) for scores in every[:3]] + [LABELS - 1], np.int32)
    asked = np.unique(asked)
    label, score, own = np.empty(TEXTS, np.int32), np.empty(TEXTS, np.float32), np.empty(TEXTS, np.float32)
    by_tree(vectors, counts, output, tree, asked, label, score, own)
    for text, scores in enumerate(every):
        if counts[text] == 0:
            assert (label[text], score[text], own[text]) == (-1, 0, 0)
            continue
        best = max(scores.values())
        followed = {leaf: value for leaf, value in scores.items() if value >= np.log(1e-5)}
        if not followed:
            assert label[text] == -1 and score[text] == 0
        else:
            assert scores[label[text]] == pytest.approx(best, abs=1e-4)
            assert score[text] == pytest.approx(np.exp(best), rel=1e-4)
        expected = sum(np.exp(followed[leaf]) for leaf in asked.tolist() if leaf in followed)
        assert own[text] == pytest.approx(expected, rel=1e-3, abs=2e-5)
