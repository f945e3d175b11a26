import re
from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.filters.numerals import lacking
from transforms.filters.points import decoded


def lacks(source, target):
    return lacking(decoded(pa.array([source])), decoded(pa.array([target])))[0]


def naive(source, target):
    """Without Han: the multisets of numbers, as they stand and with groups of three digits joined."""

    def differ(*texts):
        first, second = (Counter(int(number) for number in re.findall(r"\d+", text)) for text in texts)
        return min((first - second).total(), (second - first).total())

    joined = [re.sub(r"(?<=\d)[,.'’٬， ](?=\d\d\d(?!\d))", "", text) for text in (source, target)]
    return min(differ(source, target), differ(*joined))


PIECES = st.sampled_from(
    ["1", "20", "020", "٢٠", "300", "4,500", "4500", "4 500", "1.234,5", "x", " ", ", ", ".", "a7"]
)
TEXT = st.lists(PIECES, max_size=8).map("".join)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=5))
def test_lacking_is_as_counters_have_it(pairs):
    columns = [pa.array([pair[side] for pair in pairs], pa.string()) for side in (0, 1)]
    assert lacking(*map(decoded, columns)).tolist() == [naive(*pair) for pair in pairs]


def test_many_numbers_are_compared_too():
    source, target = "; ".join(map(str, range(200))), "; ".join(map(str, reversed(range(3, 203))))
    assert lacks(source, target) == 3


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("Page 3 of 7", "Seite 3 von 7", 0),
        ("Page 3 of 7", "Seite 4 von 7", 1),
        ("Page 3 of 7", "Seite drei von 7", 0),  # one side may write a number as a word
        ("3 and 4", "5 und 6", 2),
        ("5 5", "5 6", 1),  # a number counts as often as it occurs
        ("༦༣ x", "63 x", 0),
        ("७ दिन", "8 days", 1),
        ("10,200,000.5", "10200000,5", 0),
        ("12,345", "12,346", 1),
        ("1,2345", "12345", 1),  # four digits are no group
        ("in 2019", "二〇一九年", 0),
        ("25 in 7", "二十五 7 8", 0),
        ("25 in 7", "二十六 8 9", 2),
        ("25 in 7", "二十五 8 9", 1),
        ("100000 x 7", "10万 x 8", 1),
        ("340000000 8", "3億4千万 9", 1),
        ("1 of 2", "一 3 4", 2),  # 一 stands for no number
    ],
)
def test_pairs(source, target, expected):
    assert lacks(source, target) == lacks(target, source) == expected
