import numpy as np
import pyarrow as pa

from transforms.decontamination.index import build
from transforms.decontamination.windows import WINDOWS

WORDS = " ".join(f"word{number}" for number in range(20))


def test_a_long_item_has_a_key_for_each_overlap_and_a_short_one_has_one():
    index = build(pa.array([WORDS, "one two three", "a b c d e f", "…"]))
    assert np.bincount(index.item[index.piece]).tolist() == [20 - WINDOWS[0].overlap + 1, 1, 1]
    assert sorted(index.at[index.item[index.piece] == 0].tolist()) == list(range(8))


def test_keys_are_sorted_and_buckets_and_filter_lead_to_each():
    index = build(pa.array([f"{WORDS} {number}" for number in range(50)]))
    assert (np.diff(index.keys.astype(object)) >= 0).all()
    bucket = index.keys >> np.uint64(64 - int(np.log2(len(index.buckets) - 1)))
    entries = np.arange(len(index.keys))
    assert (index.buckets[bucket] <= entries).all() and (entries < index.buckets[bucket + np.uint64(1)]).all()
    top = index.keys >> np.uint64(58 - int(np.log2(len(index.filter))))
    assert (index.filter[top >> np.uint64(6)] >> (top & np.uint64(63)) & np.uint64(1)).all()
    assert np.unpackbits(index.filter.view(np.uint8)).mean() < 1 / 30


def test_an_item_that_capitals_change_has_both_spellings():
    assert build(pa.array(["straße", "weg"])).item.tolist() == [0, 0, 1]


def test_paragraphs_of_an_item_are_pieces_of_it():
    assert build(pa.array(["one\ntwo", "three"])).item.tolist() == [0, 0, 1]


def test_an_index_is_read_only():
    assert not any(array.flags.writeable for array in build(pa.array(["a"])))
