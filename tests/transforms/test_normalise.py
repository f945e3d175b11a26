import re
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.normalise import BREAKS, DROPPED, SPACES, normalise

FORMS = ("NFC", "NFKC")
MARKS = "\u0301\u0323\u0308\u0316\u093c\u09be\u09d7\u0345\u05bc\u0651\u064e\u0f73\u1161\u11a8\uff9e"
LETTERS = "abcéẹ\u0958\u09c7\u1100가각ﬁﷺ½´…Åが漢한हन😀\ue000\ufffd"
BLANKS = " \t\n\r\x0b\x0c\x1c\x85\xa0\u1680\u2003\u2028\u2029\u202f\u3000"
UNSEEN = "\x00\x07\x7f\x9f\xad\u200b\u200e\u202e\u2066\ufeff\ufffe\U0001d173\U000e0041\U0010ffff"

tricky = st.text(st.sampled_from(MARKS) | st.sampled_from(LETTERS) | st.sampled_from(BLANKS) | st.sampled_from(UNSEEN))
broken = st.tuples(tricky.map(str.encode), st.binary(max_size=3), tricky.map(str.encode)).map(b"".join)
runs = st.lists(tricky | st.sampled_from(["plain words  and\n", "жизнь ", "字字", "ខ្មែរ", "e\u0323"]), max_size=9).map(
    "".join
)
anything = st.one_of(tricky.map(str.encode), runs.map(str.encode), st.text().map(str.encode), st.binary(), broken)


def among(character, spans):
    return any(first <= ord(character) <= last for first, last in spans)


def naive(raw, form):
    """The rules as they are stated, one character at a time."""
    text = raw.decode("utf-8", "replace")
    replaced = text.count("\ufffd") - raw.count("\ufffd".encode())
    text = "".join(character for character in text if not among(character, DROPPED))
    text = "".join(" " if among(character, SPACES) else character for character in text)
    text = "".join("\n" if among(character, BREAKS) else character for character in text)
    text = unicodedata.normalize(form, text)
    paragraphs = (re.sub(" +", " ", paragraph).strip(" ") for paragraph in text.split("\n"))
    return "\n".join(paragraph for paragraph in paragraphs if paragraph), replaced


def one(raw, form="NFC"):
    return normalise(pa.array([raw], pa.binary()), form=form).texts[0].as_py()


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=400)
@given(raw=st.lists(anything, max_size=5))
def test_it_does_what_the_rules_say(form, raw):
    found = normalise(pa.array([b"not this one", *raw], pa.binary())[1:], form=form)
    found.texts.validate(full=True)
    expected = [naive(text, form) for text in raw]
    assert found.texts.to_pylist() == [text for text, _ in expected]
    assert found.replaced.tolist() == [count for _, count in expected]
    assert found.characters.tolist() == [len(text) for text, _ in expected]
    assert (found.replaced.dtype, found.characters.dtype) == (np.int32, np.int32)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=300)
@given(raw=anything)
def test_twice_is_once(form, raw):
    once = one(raw, form)
    assert one(once.encode(), form) == once


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("before", "after"), [("x", "y"), ("x", "y and more"), ("жы", "жыжыжы"), ("字", "字字字")])
def test_every_character_between_letters(form, before, after):
    """Alone, and in the middle of characters of one, two and three bytes, which are looked at many at a time."""
    points = [*range(0xD800), *range(0xE000, 0x40000), *range(0xE0000, 0xE0400), *range(0x10FFF0, 0x110000)]
    texts = [f"{before}{chr(point)}{after}" for point in points]
    found = normalise(pa.array([text.encode() for text in texts], pa.binary()), form=form).texts.to_pylist()
    dropped, blank = set(), {}
    for first, last in DROPPED:
        dropped.update(range(first, last + 1))
    for spans, character in ((SPACES, " "), (BREAKS, "\n")):
        for first, last in spans:
            blank.update(dict.fromkeys(range(first, last + 1), character))
    for point, text, new in zip(points, texts, found, strict=True):
        kept = "" if point in dropped else blank.get(point, chr(point))
        assert new == re.sub(" +", " ", unicodedata.normalize(form, f"{before}{kept}{after}")), ascii(text)


def test_every_control_format_and_space_character_is_dealt_with():
    """Those that stay are known by name: joiners, signs that are seen, and what hieroglyphs are arranged by."""
    stay = set()
    for point in range(0x110000):
        character, category = chr(point), unicodedata.category(chr(point))
        if category in ("Cc", "Zs", "Zl", "Zp", "Cf"):
            handled = [among(character, spans) for spans in (DROPPED, SPACES, BREAKS)]
            assert sum(handled) <= 1, hex(point)
            if not any(handled):
                assert category == "Cf", hex(point)
                stay.add(point)
            if category[0] == "Z":
                assert handled[1] or handled[2], hex(point)
    assert stay == {
        *range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD,  # signs around numbers and verses
        0x180E, 0x200C, 0x200D,
        *(point for point in range(0x13430, 0x13440) if unicodedata.category(chr(point)) == "Cf"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("\ufeffBOM", "BOM"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("co\xadop", "coop"),
        ("e\xad\u0301", "é"),
        ("a\x00b", "ab"),
        ("a\r\n\r\n b \n\n", "a\nb"),
        ("a \u3000\xa0b", "a b"),
        ("a \n\t b", "a\nb"),
        (" \u0301x", "\u0301x"),
        ("क\u093c", "क\u093c"),
        ("\u0958", "क\u093c"),
        ("ﬁ", "ﬁ"),
        (" \t\n", ""),
        ("", ""),
    ],
)
def test_examples(raw, expected):
    assert one(raw.encode()) == expected


def test_compatibility_brings_spaces_that_are_evened_out():
    assert one("´ \u3000´x´".encode(), "NFKC") == "\u0301 \u0301x \u0301"
    assert one("ﬁ①ﾊﾟ".encode(), "NFKC") == "fi1パ"


def test_no_mapping_ends_in_a_space():
    spaces = [
        character for character in map(chr, range(0x40000)) if unicodedata.normalize("NFKC", character)[-1] == " "
    ]
    assert len(spaces) > 10 and all(among(each, SPACES) for each in spaces)


@pytest.mark.parametrize(
    "raw",
    [b"\xff", b"a\xc3", b"\xe2\x82", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80", b"\xf0\x90x", b"\xe0\x80\x80"],
)
def test_invalid_sequences_are_replaced_and_counted(raw):
    texts = [b"ok", raw, "\ufffd".encode(), raw + "\ufffd".encode() + raw, b"in the middle " + raw + b" of a text"]
    texts += ["ж".encode() + raw + "жжжж".encode(), "字".encode() + raw + "字字字".encode(), b"at the end " + raw]
    found = normalise(pa.array(texts, pa.binary()))
    assert found.texts.to_pylist() == [text.decode("utf-8", "replace") for text in texts]
    count = raw.decode("utf-8", "replace").count("\ufffd")
    assert found.replaced.tolist() == [0, count, 0, 2 * count, count, count, count, count]


def test_a_column_of_nothing():
    for texts in (pa.array([], pa.binary()), pa.array([b"", b""], pa.binary()), pa.array([b"x", b""], pa.binary())[1:]):
        found = normalise(texts)
        assert found.texts.to_pylist() == [""] * len(texts)
        assert found.characters.tolist() == [0] * len(texts)


def test_what_cannot_be_normalised_is_refused():
    with pytest.raises(ValueError, match="text 1 of 2 is null"):
        normalise(pa.array([b"x", None], pa.binary()))
    with pytest.raises(ValueError, match="'NFD' is not known"):
        normalise(pa.array([b"x"], pa.binary()), form="NFD")
