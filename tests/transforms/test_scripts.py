import hashlib
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms import make_script_ranges
from transforms.languages import LANGUAGES
from transforms.script_ranges import RANGES, UNICODE
from transforms.scripts import UnknownScript, script_numbers, share, share_of_each, shares

NAMES = {
    "Latn": "LATIN", "Grek": "GREEK", "Cyrl": "CYRILLIC", "Arab": "ARABIC", "Hebr": "HEBREW", "Deva": "DEVANAGARI",
    "Beng": "BENGALI", "Guru": "GURMUKHI", "Gujr": "GUJARATI", "Orya": "ORIYA", "Taml": "TAMIL", "Telu": "TELUGU",
    "Knda": "KANNADA", "Mlym": "MALAYALAM", "Sinh": "SINHALA", "Thai": "THAI", "Laoo": "LAO", "Tibt": "TIBETAN",
    "Mymr": "MYANMAR", "Geor": "GEORGIAN", "Armn": "ARMENIAN", "Ethi": "ETHIOPIC", "Khmr": "KHMER", "Hang": "HANGUL",
    "Hira": "HIRAGANA", "Kana": "KATAKANA", "Hani": "CJK",
}  # fmt: skip
"""The word with which the names of a script's characters begin."""


def script(character):
    codes, numbers = script_numbers()
    number = numbers[ord(character)]
    return codes[number - 1] if number else None


def naive_share(text, scripts):
    letters = [script(character) for character in text if script(character)]
    return sum(code in scripts for code in letters) / len(letters) if letters else float("nan")


def test_only_letters_and_marks_have_a_script():
    _, numbers = script_numbers()
    for point in np.flatnonzero(numbers):
        assert unicodedata.category(chr(point)) == "Cn" or unicodedata.category(chr(point))[0] in "LM", hex(point)


def test_scripts_agree_with_the_names_of_all_characters():
    by_name, shared = {name: code for code, name in NAMES.items()}, []
    for point in range(0x110000):
        character = chr(point)
        code = by_name.get(unicodedata.name(character, "").partition(" ")[0])
        if code and unicodedata.category(character)[0] in "LM" and script(character) != code:
            assert script(character) is None, hex(point)
            shared.append(point)
    # Marks that several scripts use, by the Unicode Character Database: Arabic vowel signs, Vedic accents, ...
    assert shared == [0x374, 0x640, *range(0x64B, 0x656), 0x670, *range(0x951, 0x955)]


def test_the_table_is_as_generated():
    fingerprint = hashlib.sha256(repr(sorted(RANGES.items())).encode()).hexdigest()
    assert (UNICODE, fingerprint[:16]) == ("18.0.0", "2d747e860ba707d8")


def test_the_table_agrees_with_the_packages_that_it_came_from():
    pytest.importorskip("fontTools.unicodedata")
    if pytest.importorskip("unicodedata2").unidata_version != UNICODE:
        pytest.skip("another version of Unicode")
    codes, numbers = script_numbers()
    expected = np.zeros(0x110000, np.uint8)
    for code, points in make_script_ranges.letters_by_script().items():
        expected[points] = 1 + codes.index(code)
    np.testing.assert_array_equal(numbers, expected)


def test_ranges_are_written_shortly():
    assert make_script_ranges.ranges([65, 66, 67, 170]) == "41-43 AA"


def test_every_language_is_in_scripts_that_exist():
    assert {script for entry in LANGUAGES for script in entry.scripts} <= set(RANGES)


@pytest.mark.parametrize(
    ("text", "scripts", "expected"),
    [
        ("Grüße, 3 Mal!", ("Latn",), 1.0),
        ("это test", ("Cyrl",), 3 / 7),
        ("это test", ("Cyrl", "Latn"), 1.0),
        ("日本語のテスト", ("Hira", "Kana", "Hani"), 1.0),
        ("日本語のテスト", ("Hani",), 3 / 7),
        ("한국어 漢字", ("Hang", "Hani"), 1.0),
        ("हिन्दी", ("Deva",), 1.0),
        ("𐒰𐓍 a", ("Osge",), 2 / 3),
        ("ー123 ... ！🙂", ("Latn",), float("nan")),
        ("", ("Latn",), float("nan")),
        ("abc", (), float("nan")),
    ],
)
def test_share(text, scripts, expected):
    np.testing.assert_array_equal(share(pa.array([text]), scripts), np.float32([expected]))


@given(
    st.lists(st.text(max_size=20), max_size=6), st.sampled_from([("Latn",), ("Hani", "Hira"), ("Cyrl", "Grek", "Arab")])
)
def test_share_equals_counting_one_by_one(texts, scripts):
    found = share(pa.array(["dropped", *texts], pa.string())[1:], scripts)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [naive_share(text, scripts) for text in texts], rtol=1e-6)


@given(st.lists(st.text("aя漢 1🙂", max_size=9), max_size=4))
def test_two_shares_for_the_price_of_one(texts):
    column = pa.array(texts, pa.string())
    for some, others in (
        (("Latn",), ("Cyrl", "Hani")),
        (("Cyrl",), ("Cyrl", "Latn")),
        ((), ("Hani",)),
        (("Hani",), ()),
    ):
        for found, alone in zip(shares(column, some, others), (some, others), strict=True):
            np.testing.assert_array_equal(found, share(column, alone))


def test_an_unknown_script_is_named():
    with pytest.raises(UnknownScript, match="'Jpan' is not one of Unicode's"):
        share(pa.array(["x"]), ("Latn", "Jpan"))


CHOICES = (("Latn",), (), ("Hira", "Kana", "Hani"), ("Cyrl",))
PIECES = st.text(st.sampled_from("aZß1, 日本かなд\u0301\u200d𐌰"), max_size=30)


@given(st.lists(st.tuples(PIECES, st.integers(0, len(CHOICES) - 1)), max_size=8))
def test_scripts_may_differ_from_document_to_document(documents):
    texts = pa.array(["dropped", *(text for text, _ in documents)], pa.string())[1:]

    found = share_of_each(texts, CHOICES, np.array([choice for _, choice in documents], np.int64))

    assert found.dtype == np.float32
    expected = [naive_share(text, CHOICES[choice]) for text, choice in documents]
    np.testing.assert_allclose(found, np.array(expected, np.float32), rtol=1e-6)
