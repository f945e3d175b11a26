import numpy as np
import pyarrow as pa
import pytest

from transforms.recall import Recall


class Asked:
    """Finds out how long texts are, and notes which it was asked about."""

    def __init__(self):
        self.texts = []

    def __call__(self, kind, texts):
        assert kind == "de"
        found = texts.to_pylist()
        self.texts.append(found)
        columns = [pa.array(found, pa.binary()), pa.array(map(len, found), pa.int32())]
        return pa.record_batch(columns, names=["text", "size"])


def ask(recall, texts):
    found = recall("de", pa.array(texts, pa.binary()))
    assert found.column("text").to_pylist() == texts
    assert found.column("size").to_pylist() == [len(text) for text in texts]


def test_each_text_is_asked_about_once():
    asked = Asked()
    recall = Recall(asked)
    ask(recall, [b"a", b"bb", b"a", b""])
    ask(recall, [b"bb", b"ccc", b"", b"ccc", b"dddd"])
    ask(recall, [b"dddd", b"a"])
    assert asked.texts == [[b"a", b"bb", b""], [b"ccc", b"dddd"]]


def test_nothing_is_asked_about_too():
    asked = Asked()
    recall = Recall(asked)
    ask(recall, [])
    ask(recall, [])
    ask(recall, [b"a"])
    assert recall("de", pa.array([], pa.binary())).schema.names == ["text", "size"]


def test_when_it_is_full_the_texts_of_the_last_call_stay():
    asked = Asked()
    recall = Recall(asked, most=300)
    ask(recall, [b"x" * 40, b"y" * 40])
    ask(recall, [b"y" * 40, b"z" * 40, b"w" * 40])
    ask(recall, [b"w" * 40, b"y" * 40, b"z" * 40])
    ask(recall, [b"x" * 40])
    assert [len(texts) for texts in asked.texts] == [2, 2, 1]


@pytest.mark.parametrize("most", [0, 200, 1 << 20])
def test_a_sliced_column_in_any_order_gets_its_rows(most):
    random = np.random.default_rng(1)
    recall = Recall(Asked(), most=most)
    for _ in range(50):
        texts = [b"%d" % number * 3 for number in random.integers(0, 40, random.integers(0, 30))]
        column = pa.array([b"before", *texts, b"after"], pa.binary())[1:-1]
        assert recall("de", column).column("text").to_pylist() == texts


def test_texts_of_the_last_kinds_are_remembered():
    asked = []

    def find_out(kind, texts):
        asked.append((kind, *texts.to_pylist()))
        return pa.record_batch([texts], names=["text"])

    recall = Recall(find_out, kinds=2)
    for kind in ("en", "de", "en", "ja", "en", "de"):
        recall(kind, pa.array(["one"]))
    assert asked == [("en", "one"), ("de", "one"), ("ja", "one"), ("de", "one")]
