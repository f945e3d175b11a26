import sys
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.normal_form import CHANGES, CLASS, JOINS, LONGEST, normal_form, settle, unsettled

FORMS = ("NFC", "NFKC")
CHARACTERS = [chr(point) for point in range(0x40000)]
TRICKY = [
    character
    for character in CHARACTERS
    if (unicodedata.decomposition(character) or unicodedata.combining(character))
    and not 0xF900 <= ord(character) < 0xFB00  # a thousand ideographs that become others
    and ord(character) < 0x2F800
]
HANGUL = [
    chr(point) for point in (0x1100, 0x1112, 0x1113, 0x1160, 0x1161, 0x1175, 0x11A7, 0x11A8, 0x11C2, 0xAC00, 0xAC01)
]

texts = st.text(
    st.sampled_from(TRICKY) | st.sampled_from(HANGUL) | st.sampled_from("aeo 가ñẹ́が"), min_size=1, max_size=8
)


def normalised(text, form):
    points = np.array([ord(character) for character in text], np.int32)
    return "".join(map(chr, settle(points, len(text), normal_form(form))))


def taken_for_settled(text, form):
    """Whether a text passes as one in normal form when it is read from left to right as the kernel does."""
    tables, starter, last_class = normal_form(form), 0, 0
    for character in text:
        properties = int(tables.properties[ord(character)])
        if unsettled(starter, ord(character), last_class, tables):
            return False
        last_class = properties & CLASS
        starter = starter if last_class else ord(character)
    return True


@pytest.mark.parametrize("form", FORMS)
def test_every_character_alone(form):
    for character in CHARACTERS:
        expected = unicodedata.normalize(form, character)
        if expected != character or ord(character) % 50 == 0 or 0xAC00 <= ord(character) < 0xD7A4:
            assert normalised(character, form) == expected, ascii(character)


@pytest.mark.parametrize("form", FORMS)
def test_what_changes_is_known(form):
    changes = np.flatnonzero(normal_form(form).properties & CHANGES)
    assert changes.tolist() == [ord(each) for each in CHARACTERS if unicodedata.normalize(form, each) != each]


@pytest.mark.parametrize("form", FORMS)
def test_planes_left_out_have_nothing_to_normalise(form):
    later = "".join(map(chr, range(0x40000, sys.maxunicode + 1)))
    assert unicodedata.normalize(form, later) == later
    assert not any(map(unicodedata.combining, later))


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=800)
@given(text=texts)
def test_tricky_texts(form, text):
    assert normalised(text, form) == unicodedata.normalize(form, text)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=800)
@given(text=texts)
def test_what_passes_for_settled_is(form, text):
    """Of texts in normal form and others; and the first of those pass, so that they cost nothing."""
    if taken_for_settled(text, form):
        assert unicodedata.is_normalized(form, text)
    base = unicodedata.normalize(form, text)[:1]
    assert taken_for_settled(base, form) or unicodedata.combining(base)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("e\u0323\u0302", "ệ"),
        ("é\u0323", "ẹ\u0301"),
        ("e\u0316\u0323", "e\u0316\u0323"),  # blocked by a mark of the same class
        ("e\u0316\u0301", "é\u0316"),
        ("\u09c7\u0301\u09be", "\u09c7\u0301\u09be"),  # blocked by any mark
        ("\u1100\u1161\u11a8", "각"),
        ("가\u11a7", "가\u11a7"),
        ("\u0958", "\u0915\u093c"),  # excluded from composition
    ],
)
def test_examples(text, expected):
    assert unicodedata.normalize("NFC", text) == expected
    assert normalised(text, "NFC") == expected


@pytest.mark.parametrize("form", FORMS)
def test_every_pair_that_composes_is_seen(form):
    tables = normal_form(form)
    for pair in tables.pairs:
        text = chr(pair >> 21) + chr(pair & 0x1FFFFF)
        assert not taken_for_settled(text, form), ascii(text)


def test_a_character_that_starts_a_span_is_out_of_reach():
    """What nothing joins and whose class is 0 is never changed by what stands before it."""
    for form in FORMS:
        properties = normal_form(form).properties
        starts = [character for character in TRICKY if not properties[ord(character)] & (CLASS | JOINS)]
        assert len(starts) > 1000
        for before in ("e", "가", "\u09c7", "\u1100", "é\u0323"):
            for character in starts:
                apart = unicodedata.normalize(form, before) + unicodedata.normalize(form, character)
                assert unicodedata.normalize(form, before + character) == apart, ascii((before, character))


def test_no_character_grows_beyond_its_bound():
    for form in FORMS:
        for character in CHARACTERS:
            if not 0xD800 <= ord(character) < 0xE000:
                grown = len(unicodedata.normalize(form, character).encode()) / len(character.encode())
                assert grown <= LONGEST[form], ascii(character)
        assert max(np.diff(normal_form(form).starts)) <= 18


def test_a_million_marks_take_no_time():
    marks = "e" + "\u0301\u0323" * 200_000
    assert normalised(marks, "NFC") == "ẹ" + "\u0323" * 199_999 + "\u0301" * 200_000


def test_characters_that_stay_have_no_properties():
    properties = normal_form("NFC").properties
    assert not properties[[ord(character) for character in "aéß한字ก😀"]].any()
    assert properties[0x958] & CHANGES and properties[0x301] & JOINS and properties[0x301] & CLASS == 230
