import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.components import NODE, Reason, forest, merge, parse, survivors

NAN = float("nan")


def attributes(documents):
    """Hash, score and characters of documents, drawn from their numbers, with many ties."""
    documents = np.array(documents, np.uint64)
    text_hash = np.zeros((documents.size, 2), np.uint64)
    text_hash[:, 0], text_hash[:, 1] = documents % 3, documents % 2
    score = np.array([0.5, 0.9, NAN], np.float32)[documents % 7 % 3]
    return {
        "text_hash": text_hash.view(np.uint8),
        "score": score,
        "characters": (documents % 5 // 2).astype(np.int32),
    }


def planted(edges):
    documents = np.unique(np.array(edges, np.uint64))[::-1]
    return forest(np.array(edges, np.uint64).reshape(-1, 2), documents, **attributes(documents))


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
@given(EDGES, st.integers(1, 5), st.randoms())
def test_forests_merge_in_any_order_to_the_components(edges, pieces, random):
    expected = [(document, group[0]) for group in components(edges) for document in group]
    whole = planted(edges)
    assert whole[["document", "root"]].tolist() == sorted(expected)

    forests = [planted(edges[start::pieces]) for start in range(pieces)]
    assert merge(forests).tobytes() == whole.tobytes()
    while len(forests) > 1:
        random.shuffle(forests)
        forests.append(merge([forests.pop(), forests.pop()]))
    assert forests[0].tobytes() == whole.tobytes()
    assert merge([whole, whole]).tobytes() == whole.tobytes()


def test_documents_of_64_bits_keep_their_numbers():
    large = [2**64 - 1, 2**63 + 1, 2**53 + 1, 2**53]
    assert planted(list(itertools.pairwise(large)))["root"].tolist() == [2**53] * 4


def test_no_forest_is_an_empty_one():
    assert merge([]).tobytes() == planted([]).tobytes() == b""
    assert survivors(merge([])).document.size == 0


def test_a_chain_of_100000_documents_is_one_component():
    documents = np.arange(100_000, dtype=np.uint64)
    edges = np.stack([documents[:-1], documents[1:]], axis=1)[::-1]
    assert (forest(edges, documents, **attributes(documents))["root"] == 0).all()


def test_an_edge_to_an_unknown_document_is_refused():
    with pytest.raises(ValueError, match="document 5 is joined to others but is not among the 2"):
        forest(np.array([[1, 5]], np.uint64), np.array([1, 2], np.uint64), **attributes([1, 2]))


def test_bytes_are_parsed_back():
    whole = planted([(1, 2), (7, 5)])
    assert parse(whole.tobytes()).tobytes() == whole.tobytes()
    assert parse(whole.tobytes())["document"].tolist() == [1, 2, 5, 7]
    with pytest.raises(ValueError, match=f"{2 * NODE.itemsize - 1} bytes are not whole nodes of {NODE.itemsize} bytes"):
        parse(whole.tobytes()[: 2 * NODE.itemsize - 1])


def preference(node):
    """Smaller is better."""
    score = -1.0 if np.isnan(node["score"]) else float(node["score"])
    return -score, -int(node["characters"]), tuple(node["hash"].tolist()), int(node["document"])


@settings(max_examples=100, deadline=None)
@given(EDGES)
def test_survivors_are_the_best_by_the_rule(edges):
    nodes = planted(edges)
    found = {document: (survivor, reason) for document, survivor, reason in zip(*survivors(nodes), strict=True)}
    assert list(found) == sorted(found) and len(found) == nodes.size
    for group in components(edges):
        members = nodes[np.isin(nodes["document"], group)]
        best = min(members, key=preference)
        for node in members:
            survivor, reason = found[node["document"]]
            assert survivor == best["document"]
            twins = [other for other in members if (other["hash"] == node["hash"]).all()]
            if node["document"] == survivor:
                assert reason == Reason.SURVIVOR
            elif min(map(preference, twins)) < preference(node):
                assert reason == Reason.EXACT_DUPLICATE
            else:
                assert reason == Reason.NEAR_DUPLICATE


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
    text_hash = np.array([[value, 0] for value in hashes], np.uint64).view(np.uint8)
    nodes = forest(
        np.array([[10, 11], [11, 12]], np.uint64),
        np.array([10, 11, 12], np.uint64),
        text_hash=text_hash,
        score=np.array(score, np.float32),
        characters=np.array(characters, np.int32),
    )
    assert survivors(nodes).survivor.tolist() == [10 + best] * 3
