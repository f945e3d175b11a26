import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive_decontamination import WINDOWS as BY_NAME
from naive_decontamination import kind

from transforms.decontamination.windows import WINDOWS, kinds


def test_the_windows_are_those_of_the_naive_search():
    assert [tuple(window) for window in WINDOWS] == list(BY_NAME.values())
    assert all(window.least < window.overlap for window in WINDOWS)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Word by word", 0),
        ("слово", 0),
        ("한국어 낱말", 0),
        ("हिन्दी", 0),
        ("東京タワー", 1),
        ("ภาษาไทย", 2),
        ("ខ្មែរ", 2),
        ("…", -1),
    ],
)
def test_kinds_of_scripts(text, number):
    assert kinds([text]).tolist() == [number]


@given(st.lists(st.text(st.sampled_from("ab 東京กข,\u200b"), max_size=20)))
def test_the_kind_is_that_of_most_tokens(texts):
    names = [None, *BY_NAME]
    assert [names[number + 1] for number in kinds(texts)] == [kind(text) for text in texts]
