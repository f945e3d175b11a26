import pyarrow as pa
import pytest
from item_tables import items, publish

from transforms.decontamination.screen import Screen, open_screen, without_paragraphs
from transforms.normalise import normalise
from transforms.storage import WorkDirectory


@pytest.fixture
def published(tmp_path):
    work = WorkDirectory(tmp_path)
    return work, publish(work)


@pytest.mark.parametrize(
    ("tag", "drop", "texts"),
    [
        ("de", None, ["Hallo Welt", "in any language"]),
        ("fr", None, ["in any language"]),
        ("zh-Hant", None, ["in any language", "你好"]),
        ("zh-Hant", "paragraph", ["你好"]),
        ("zh-Hant", "document", ["in any language"]),
        ("fr", "paragraph", None),
    ],
)
def test_texts_are_held_against_their_language_and_what_is_of_none(published, tag, drop, texts):
    screen = open_screen(*published, tag, drop)
    assert (screen.items.column("text").to_pylist() if screen else None) == texts
    assert screen is None or screen.find(pa.array(["x", *texts])).row.tolist() == list(range(1, len(texts) + 1))


def test_no_test_sets_no_screen(tmp_path):
    assert open_screen(WorkDirectory(tmp_path), None, "de") is None


def test_paragraphs_are_taken_out_and_the_rest_is_left_as_it_was():
    texts = ["Hallo Welt!\nbleibt é", "nichts", "a\nhallo welt\nb\nin any language", "hallo, welt", ""]
    normal = normalise(pa.array([text.encode() for text in texts]))
    cut = without_paragraphs(normal, Screen.of(items()).find(normal.texts))
    assert cut.texts.to_pylist() == ["bleibt é", "nichts", "a\nb", "", ""]
    assert cut.characters.tolist() == [8, 6, 3, 0, 0] and cut.characters.dtype == normal.characters.dtype
    assert cut.texts.type == pa.string() and cut.replaced is normal.replaced


def test_what_holds_no_item_is_the_same_column():
    normal = normalise(pa.array([b"nothing"]))
    assert without_paragraphs(normal, Screen.of(items()).find(normal.texts)) is normal
