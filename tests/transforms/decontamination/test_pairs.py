import numpy as np
import pyarrow as pa
from item_tables import publish

from transforms.decontamination.pairs import REASONS, PairSearch
from transforms.decontamination.report import FoundList
from transforms.filters.rules import REASONS as FILTERS
from transforms.rules import Judgement
from transforms.storage import WorkDirectory


def batch(pairs, first=0):
    source, target = zip(*pairs, strict=True)
    return pa.record_batch(
        [pa.array(range(first, first + len(pairs))), pa.array(source), pa.array(target)],
        names=["document", "source", "target"],
    )


def judgement(*reasons):
    values = np.float32([np.nan if reason < 0 else 0.5 for reason in reasons])
    return Judgement(np.array(reasons, np.int8), values)


def test_a_pair_goes_for_either_side_whatever_the_filters_say(tmp_path):
    work = WorkDirectory(tmp_path)
    with FoundList(work, "found.arrow") as found:
        search = PairSearch.open(work, publish(work), ["de", "zh-Hans"], found)
        judged = search(batch([("Hallo Welt!", "x"), ("a", "b"), ("a", "b")]), judgement(-1, 2, -1))
        again = search(batch([("in any language", "你好"), ("你好", "Hallo Welt")], 3), judgement(4, -1))
    assert REASONS[:-1] == FILTERS and REASONS[-1] == "test_set"
    assert [REASONS[reason] if reason >= 0 else None for reason in (*judged.reason, *again.reason)] == [
        "test_set",
        FILTERS[2],
        None,
        "test_set",
        None,  # each side is held against its own language alone
    ]
    np.testing.assert_array_equal(judged.value, np.float32([1, 0.5, np.nan]))
    np.testing.assert_array_equal(again.value, np.float32([2, np.nan]))
    assert judged.reason.dtype == np.int8 and judged.value.dtype == np.float32
    rows = work.open_arrow(found.file).read_all().to_pylist()
    assert [(row["row"], row["column"], row["test_set"]) for row in rows] == [
        (0, "source", "one"),
        (3, "source", "one"),
        (3, "target", "two"),
    ]


def test_without_test_sets_the_filters_judge(tmp_path):
    with FoundList(WorkDirectory(tmp_path), "found.arrow") as found:
        search = PairSearch.open(WorkDirectory(tmp_path), None, ["de", "en"], found)
        judged = search(batch([("Hallo Welt", "b")]), judgement(3))
    assert judged.reason.tolist() == [3] and found.file is None
