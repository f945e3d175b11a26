import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from naive_decontamination import occurrences

from transforms.decontamination import search
from transforms.decontamination.index import build
from transforms.decontamination.search import find

ENGLISH = "We now have four month old mice that are non diabetic that used to be diabetic he added"
CHINESE = "我们现在有四个月大没有糖尿病的老鼠但它们曾经得过该病他补充道这是一个很好的消息"
KHMER = "ឥឡូវ​យើង​មាន​កណ្ដុរ​អាយុ​បួន​ខែ​ដែល​គ្មាន​ជំងឺ​ទឹក​នោម​ផ្អែម​ដែល​ធ្លាប់​មាន​ជំងឺ"


def found(texts, items):
    result = find(pa.array(texts, pa.string()), build(pa.array(items, pa.string())))
    return list(zip(result.row.tolist(), result.paragraph.tolist(), result.item.tolist(), strict=True))


def words(text, first, last):
    return " ".join(text.split()[first:last])


@pytest.mark.parametrize(
    "item", [ENGLISH, CHINESE, KHMER, "Grüße aus der Straße, über 25 Jahre!", "Ο Οδυσσέας ταξίδι στην Ιθάκη"]
)
@pytest.mark.parametrize(
    "change",
    [
        str,
        str.upper,
        str.title,
        lambda text: f"«{text}»!",
        lambda text: text.replace(" ", ", "),
        lambda text: f"Before it, there is something. {text} And something after it",
        lambda text: f"One paragraph\n{text}\nanother",
    ],
)
def test_an_item_is_found_however_it_is_dressed(item, change):
    texts = ["nothing of the kind", change(item), "", "nothing"]
    assert [row for row, _, _ in found(texts, ["something else that is held out", item])] == [1]


@pytest.mark.parametrize(
    ("text", "item", "is_found"),
    [
        (words(ENGLISH, 2, 15), ENGLISH, True),
        (words(ENGLISH, 2, 14), ENGLISH, False),
        ("x " + words(ENGLISH, 4, 17) + " y", ENGLISH, True),
        (words(ENGLISH, 0, 12) + " y " + words(ENGLISH, 12, 17), ENGLISH, False),
        ("x one two three four five y", "one two three four five", True),
        ("x one two three four y", "one two three four", False),
        ("One, two: three four!", "one two three four", True),
        ("one two three\nfour five", "one two three four five", False),
        (CHINESE[5:31], CHINESE, True),
        (CHINESE[5:30], CHINESE, False),
        ("前" + CHINESE[:10] + "后", CHINESE[:10], True),
        ("前" + CHINESE[:9] + "后", CHINESE[:9], False),
        (CHINESE[:9] + "。", CHINESE[:9], True),
        ("Straße", "STRASSE", False),
        ("STRASSE", "straße", True),
        ("…", "…", False),
    ],
)
def test_how_much_of_an_item_it_takes(text, item, is_found):
    assert bool(found([text], [item])) == is_found


def test_each_item_counts_once_in_a_paragraph_and_all_that_are_there_are_named():
    items = [ENGLISH, "used to be diabetic he added", ENGLISH + " later"]
    texts = ["", f"{ENGLISH} {ENGLISH}\nno\n{ENGLISH}"]
    assert sorted(found(texts, items)) == [(1, paragraph, item) for paragraph in (0, 2) for item in (0, 1, 2)]


def test_spans_are_the_bytes_of_the_paragraph():
    text = "Erster Absatz, größer.\n" + ENGLISH + "\nzuletzt"
    result = find(pa.array(["x", text]), build(pa.array([ENGLISH])))
    assert text.encode()[result.start[0] : result.stop[0]].decode() == ENGLISH
    assert result.counts(2).tolist() == [0, 1]


def test_more_may_be_found_than_there_was_room_for(monkeypatch):
    monkeypatch.setattr(search, "ROOM", 64)
    items = [f"item number {number} of this long list" for number in range(300)]
    assert found(["\n".join(items)], items) == [(0, number, number) for number in range(300)]


def test_a_slice_of_a_column_is_read_by_its_own_rows():
    texts = pa.array(["x", ENGLISH, "y", ENGLISH]).slice(2)
    assert find(texts, build(pa.array([ENGLISH]))).row.tolist() == [1]


@pytest.mark.parametrize(("texts", "items"), [([], ["a"]), (["a"], []), (["", "\n\n"], ["", "!"])])
def test_nothing_is_found_in_nothing(texts, items):
    assert found(texts, items) == []


LETTERS = st.text(st.sampled_from("aAbß 東京กข,\n"), max_size=120)
FEW_WORDS = st.lists(st.sampled_from(["a", "B", "ß", "c,", "東", "ก"]), max_size=60).map(" ".join)


@settings(max_examples=300)
@given(st.lists(LETTERS | FEW_WORDS, max_size=5), st.lists(LETTERS | FEW_WORDS, max_size=5))
@example(["a a a a a a"], ["a a a a a"])
def test_what_is_found_is_what_the_naive_search_finds(texts, items):
    result = found(texts, items)
    assert len(result) == len(set(result)) and set(result) == occurrences(texts, items)


@settings(max_examples=100)
@given(st.data())
def test_parts_of_items_are_found_as_the_naive_search_does(data):
    item = data.draw(st.lists(st.sampled_from("abcdef"), min_size=5, max_size=40).map(" ".join) | st.just(CHINESE))
    first = data.draw(st.integers(0, len(item)))
    text = data.draw(LETTERS) + item[first : data.draw(st.integers(first, len(item)))].upper() + data.draw(LETTERS)
    assert set(found([text], [item])) == occurrences([text], [item])
