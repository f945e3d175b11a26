import pyarrow as pa
from item_tables import items

from babelmill.format import FOUND_ITEMS
from transforms.decontamination.report import FoundList, summed_up
from transforms.decontamination.screen import Screen
from transforms.storage import WorkDirectory

SCREEN = Screen.of(items())


def found_list(work, name, texts, *, column="text", start=0):
    texts = pa.array(texts)
    with FoundList(work, name) as found:
        documents = pa.array(range(100, 100 + len(texts)))
        found.write(column, texts, documents, start, SCREEN.find(texts), SCREEN)
    return found.file


def test_a_list_says_which_item_is_where(tmp_path):
    work = WorkDirectory(tmp_path)
    file = found_list(work, "found.arrow", ["x", "y\nin any language é\nZ\nHallo, Welt"], column="target", start=7)
    table = work.open_arrow(file).read_all()
    assert table.schema.equals(FOUND_ITEMS)
    common = {"row": 8, "document": 101, "column": "target", "test_set": "one", "file": "a"}
    assert table.to_pylist() == [{**common, "paragraph": 3, "line": 0, "text": "Hallo, Welt"}]


def test_where_nothing_is_found_there_is_no_list(tmp_path):
    assert found_list(WorkDirectory(tmp_path), "found.arrow", ["x"]) is None
    assert not list(tmp_path.glob("*.arrow"))


def test_lists_are_summed_up_by_test_set(tmp_path):
    work = WorkDirectory(tmp_path)
    lists = {
        "d/de/part-00001": [found_list(work, "1.arrow", ["hallo welt", "x", "hallo welt\nin any language"])],
        "d/de/part-00000": [
            found_list(work, "2.arrow", ["x", "hallo welt"]),
            found_list(work, "3.arrow", ["Hallo Welt"]),
        ],
        "d/de/part-00002": [],
    }
    rows = [
        ("one", "document", "de", "a", 0, "Hallo Welt"),
        ("one", "document", "de", "a", 0, "its other column"),
        ("one", "document", "de", "a", 1, "in any language"),
        ("two", "paragraph", "zh", "b", 0, "你好"),
    ]
    assert summed_up(work, lists, items(rows)) == {
        "one": {
            "lines": 2,
            "found": 2,
            "texts": 4,
            "first": {"part": "d/de/part-00000", "row": 1, "file": "a", "line": 0},
        },
        "two": {"lines": 1, "found": 0, "texts": 0, "first": None},
    }
