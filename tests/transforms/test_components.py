import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.components import Reason, firsts, flatten, joined, roots_of, survivors, unite_pairs

NAN = float("nan")


def attributes(documents):
    """Hash, score and characters of documents, drawn from their numbers, with many ties."""
    documents = np.array(documents, np.uint64)
    text_hash = np.stack([documents % 3, documents % 2], axis=1)
    score = np.array([0.5, 0.9, NAN], np.float32)[documents % 7 % 3]
    return {"text_hash": text_hash, "score": score, "characters": (documents % 5 // 2).astype(np.int32)}


def forest(size, edges):
    parents = np.arange(size, dtype=np.int32)
    left, right = np.array(edges, np.int32).reshape(-1, 2).T
    unite_pairs(parents, left, right)
    flatten(parents)
    return parents


def components(edges):
    """Components of a graph, as sorted lists, by search."""
    near = {}
    for one, other in edges:
        near.setdefault(one, set()).add(other)
        near.setdefault(other, set()).add(one)
    found = []
    while near:
        queue, reached = [min(near)], {min(near)}
        while queue:
            new = near.pop(queue.pop()) - reached
            reached |= new
            queue += new
        found.append(sorted(reached))
    return found


EDGES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).filter(lambda edge: edge[0] != edge[1]), max_size=30)


@settings(max_examples=100, deadline=None)
@given(EDGES, st.randoms())
def test_forests_are_the_components_whatever_the_order(edges, random):
    expected = {document: group[0] for group in components(edges) for document in group}
    roots = forest(31, edges)
    assert roots.tolist() == [expected.get(document, document) for document in range(31)]
    assert joined(roots).tolist() == sorted(expected)
    random.shuffle(edges)
    assert forest(31, edges).tolist() == roots.tolist()


@settings(max_examples=50, deadline=None)
@given(EDGES, st.lists(st.integers(0, 30)))
def test_roots_are_found_before_a_forest_is_flat(edges, places):
    parents = np.arange(31, dtype=np.int32)
    left, right = np.array(edges, np.int32).reshape(-1, 2).T
    unite_pairs(parents, left, right)
    assert roots_of(parents, np.array(places, np.int32)).tolist() == forest(31, edges)[places].tolist()


def test_no_edges_join_nothing():
    assert joined(forest(5, [])).size == 0
    nothing = np.zeros(0, np.int32)
    assert survivors(nothing, nothing, **attributes([])).survivor.size == 0


def test_a_chain_of_100000_documents_is_one_component():
    documents = np.arange(100_000, dtype=np.int32)
    edges = np.stack([documents[:-1], documents[1:]], axis=1)[::-1]
    assert (forest(documents.size, edges) == 0).all()


def test_the_first_of_equal_values_is_their_root():
    assert firsts(np.array([7, 3, 7, 9, 3, 3], np.int32)).tolist() == [0, 1, 0, 3, 1, 1]
    assert firsts(np.zeros(0, np.int32)).dtype == np.int32


def preference(document, given):
    """Smaller is better."""
    score = given["score"][document]
    score = -1.0 if np.isnan(score) else float(score)
    return -score, -int(given["characters"][document]), tuple(given["text_hash"][document].tolist()), document


@settings(max_examples=100, deadline=None)
@given(EDGES)
def test_survivors_are_the_best_by_the_rule(edges):
    roots, given_all = forest(31, edges), attributes(range(31))
    documents = joined(roots)
    found = survivors(documents, roots[documents], **{name: values[documents] for name, values in given_all.items()})
    by_number = dict(
        zip(documents.tolist(), zip(found.survivor.tolist(), found.reason.tolist(), strict=True), strict=True)
    )
    for group in components(edges):
        best = min(group, key=lambda document: preference(document, given_all))
        for document in group:
            survivor, reason = by_number[document]
            assert survivor == best
            same = (given_all["text_hash"][group] == given_all["text_hash"][document]).all(axis=1)
            first = min((np.array(group)[same].tolist()), key=lambda twin: preference(twin, given_all))
            if document == survivor:
                assert reason == Reason.SURVIVOR
            else:
                assert reason == (Reason.NEAR_DUPLICATE if first == document else Reason.EXACT_DUPLICATE)


@pytest.mark.parametrize(
    "score, characters, hashes, best",
    [
        ([0.9, 0.95, 0.8], [9, 1, 9], [1, 2, 3], 1),
        ([NAN, 0.0, NAN], [9, 1, 9], [1, 2, 3], 1),
        ([0.9, 0.9, 0.9], [5, 6, 7], [1, 2, 3], 2),
        ([0.9, 0.9, 0.9], [7, 7, 7], [3, 2, 1], 2),
        ([0.9, 0.9, 0.9], [7, 7, 7], [2, 2, 2], 0),
        ([NAN, NAN, NAN], [7, 7, 7], [2, 1, 2], 1),
    ],
)
def test_score_then_length_then_hash_then_number(score, characters, hashes, best):
    found = survivors(
        np.array([10, 11, 12], np.int32),
        np.array([10, 10, 10], np.int32),
        text_hash=np.array([[value, 0] for value in hashes], np.uint64),
        score=np.array(score, np.float32),
        characters=np.array(characters, np.int32),
    )
    assert found.survivor.tolist() == [10 + best] * 3


@settings(max_examples=100, deadline=None)
@given(EDGES, st.lists(st.integers(0, 3), min_size=31, max_size=31), st.integers(2, 4))
def test_as_many_stay_as_are_paired_with_different_things(edges, others, keep):
    roots, given_all = forest(31, edges), attributes(range(31))
    documents = joined(roots)
    found = survivors(
        documents,
        roots[documents],
        **{name: values[documents] for name, values in given_all.items()},
        other=np.array(others, np.uint64)[documents],
        keep=keep,
    )
    stay = set(documents[found.reason == Reason.SURVIVOR].tolist())
    for group in components(edges):
        best_of_each: dict[int, int] = {}
        for document in sorted(group, key=lambda document: preference(document, given_all)):
            best_of_each.setdefault(others[document], document)
        expected = list(best_of_each.values())[:keep]
        assert stay & set(group) == set(expected)
        goes = [document for document in group if document not in expected]
        survivor = found.survivor[np.searchsorted(documents, goes)] if goes else np.zeros(0, np.int32)
        assert set(survivor.tolist()) <= {expected[0]}
