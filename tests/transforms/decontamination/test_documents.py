import numpy as np
import pyarrow as pa
from item_tables import items

from transforms.decontamination.documents import DocumentSearch, ParagraphCut, cut_counts
from transforms.decontamination.report import FoundList
from transforms.decontamination.screen import Screen
from transforms.normalise import normalise
from transforms.storage import WorkDirectory

SCREEN = Screen.of(items())


def batch(texts, first):
    columns = [pa.array(range(first, first + len(texts))), pa.array(texts), pa.array([len(text) for text in texts])]
    return pa.record_batch(columns, names=["document", "text", "characters"])


def test_paragraphs_are_cut_and_listed_over_batches(tmp_path):
    work, kept = WorkDirectory(tmp_path), []
    with FoundList(work, "found.arrow") as found:
        cut = ParagraphCut(SCREEN, found)
        for first, texts in ((10, [b"x", b"a\nHallo Welt"]), (12, ["你好".encode(), b"y"])):
            normal = normalise(pa.array(texts))
            kept += cut(normal, pa.array(range(first, first + 2))).texts.to_pylist()
    assert kept == ["x", "a", "", "y"]
    rows = work.open_arrow(found.file).read_all().to_pylist()
    assert [(row["row"], row["document"], row["paragraph"], row["text"]) for row in rows] == [
        (1, 11, 1, "Hallo Welt"),
        (2, 12, 0, "你好"),
    ]
    assert cut_counts(work, found.file, 4).tolist() == [0, 1, 1, 0]
    assert cut_counts(work, None, 2).tolist() == [0, 0]


def test_documents_go_for_what_is_in_them_or_what_nothing_is_left_without(tmp_path):
    cut = np.array([0, 2, 3, 0, 0], np.int32)
    with FoundList(WorkDirectory(tmp_path), "found.arrow") as found:
        search = DocumentSearch(SCREEN, found)
        assert search(batch(["x\nhallo welt", "left", ""], 0), cut).tolist() == [1, 0, 3]
        assert search(batch(["", "in any language\n你好"], 3), cut).tolist() == [0, 2]
    assert found.file.rows == 3


def test_without_items_nothing_goes_but_what_was_emptied(tmp_path):
    with FoundList(WorkDirectory(tmp_path), "found.arrow") as found:
        counts = DocumentSearch(None, found)(batch(["hallo welt", ""], 0), np.array([0, 1], np.int32))
    assert counts.tolist() == [0, 1] and found.file is None
