import unicodedata

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from transforms.shingles import (
    ALONE,
    IGNORED,
    NO_SPACES,
    RAW,
    ascii_steps,
    distinct,
    document_shingles,
    folding_table,
    scratch,
)

MASK = (1 << 64) - 1

TEXTS = {
    "de": "Die Größe der STRASSE, in Metern: 12,5 (etwa). Übermäßig!",
    "el": "Ο Οδυσσέας· ΟΔΥΣΣΕΑΣ, «ταξίδι» στην Ιθάκη.",
    "hi": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता प्राप्त है।",
    "ja": "すべての人間は、生まれながらにして自由であり、カタカナ ABC-12 も。",
    "km": "មនុស្សទាំងអស់ កើតមកមានសេរីភាព។",
    "th": "มนุษย์ทั้งหลายเกิดมามีอิสระ 123",
    "mixed": "Tokyo東京tower タワー333m\u200bhigh co\u00adoperate ❤️ 𠮷野家 𐐀𐐨",
}


def tokens_of(text):
    """The tokens of a text as lists of code points, told slowly."""
    tokens, open_token = [], False
    for character in text:
        point, category = ord(character), unicodedata.category(character)
        if category == "Cf" or 0xFE00 <= point <= 0xFE0F or 0xE0100 <= point <= 0xE01EF:
            continue
        if category[0] not in "LMN":
            open_token = False
            continue
        folded = character.casefold()
        folded = ord(folded if len(folded) == 1 else character.lower()[0])
        if any(first <= point <= last for first, last in NO_SPACES):
            tokens.append([folded | int(ALONE)])
            open_token = False
        elif open_token:
            tokens[-1].append(folded)
        else:
            tokens.append([folded])
            open_token = True
    return tokens or [[byte | int(RAW) for byte in text.encode()]] * bool(text)


def mixed(value):
    value ^= value >> 33
    value = value * 0xFF51AFD7ED558CCD & MASK
    value ^= value >> 33
    value = value * 0xC4CEB9FE1A85EC53 & MASK
    return value ^ value >> 33


def token_hashes(token):
    """Both hashes of a token."""
    first, second = 0xCBF29CE484222325, 0x9E3779B97F4A7C15
    for character in token:
        first = (first ^ character) * 0x100000001B3 & MASK
        second = (second ^ character) * 0x9E3779B97F4A7C15 & MASK
    return first, second


def shingles_of(text, words):
    """Distinct shingles in order of appearance."""
    hashes = [mixed(token_hashes(token)[0]) for token in tokens_of(text)]
    windows = []
    for start in range(max(1, len(hashes) - words + 1)):
        window = hashes[start : start + words]
        value = 0
        for token_hash in window:
            value = (value * 0x9E3779B97F4A7C15 + token_hash) & MASK
        windows.append(max(mixed(value), 1))
    return list(dict.fromkeys(windows))


def murmur3_x64_128(data):
    """MurmurHash3 of bytes, after the reference's C++."""

    def rotated(value, left):
        return (value << left | value >> 64 - left) & MASK

    c1, c2, h1, h2 = 0x87C37B91114253D5, 0x4CF5AD432745937F, 0, 0
    whole = len(data) // 16 * 16
    for i in range(0, whole, 16):
        k1, k2 = (int.from_bytes(data[j : j + 8], "little") for j in (i, i + 8))
        h1 ^= rotated(k1 * c1 & MASK, 31) * c2 & MASK
        h1 = ((rotated(h1, 27) + h2) * 5 + 0x52DCE729) & MASK
        h2 ^= rotated(k2 * c2 & MASK, 33) * c1 & MASK
        h2 = ((rotated(h2, 31) + h1) * 5 + 0x38495AB5) & MASK
    k1, k2 = (int.from_bytes(part, "little") for part in (data[whole:][:8], data[whole:][8:]))
    h1 ^= (rotated(k1 * c1 & MASK, 31) * c2 & MASK) ^ len(data)
    h2 ^= (rotated(k2 * c2 & MASK, 33) * c1 & MASK) ^ len(data)
    h1 = (h1 + h2) & MASK
    h2 = (h2 + h1) & MASK
    h1, h2 = mixed(h1), mixed(h2)
    h1 = (h1 + h2) & MASK
    return h1.to_bytes(8, "little") + ((h2 + h1) & MASK).to_bytes(8, "little")


def read(text, words=5):
    """Shingles (list) and 128-bit hash (bytes) of a text, by the kernels."""
    data = np.frombuffer(b"before " + text.encode() + b" after", np.uint8)
    hashes, slots = scratch(len(text.encode()))
    count, text_hash = document_shingles(data, 7, len(data) - 6, words, folding_table(), ascii_steps(), hashes, slots)
    return hashes[:count].tolist(), np.array(text_hash, "<u8").tobytes()


def read_slowly(text, words=5):
    """What `read` should give."""
    blocks = np.array([token_hashes(token) for token in tokens_of(text)], "<u8")
    return shingles_of(text, words), murmur3_x64_128(blocks.tobytes())


@pytest.mark.parametrize("words", [1, 3, 5])
@pytest.mark.parametrize("language", TEXTS)
def test_shingles_and_hash_are_the_naive_ones(language, words):
    assert read(TEXTS[language], words) == read_slowly(TEXTS[language], words)


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("aB ß\u00ad東ก…️"), max_size=40),
    st.integers(1, 6),
)
@example("", 5)
@example("…", 5)
@example("a b 東", 2)
def test_any_text_is_read_as_the_naive_way_does(text, words):
    assert read(text, words) == read_slowly(text, words)


@pytest.mark.parametrize(
    "data, expected",
    [
        (b"", "00000000000000000000000000000000"),
        (b"hello", "029bbd41b3a7d8cb191dae486a901e5b"),
        (b"The quick brown fox jumps over the lazy dog", "6c1b07bc7bbc4be347939ac4a93c437a"),
    ],
)
def test_the_naive_hash_gives_the_published_values(data, expected):
    assert murmur3_x64_128(data).hex() == expected


@pytest.mark.parametrize(
    "one, other",
    [
        ("Hello, World!", "hello   world"),
        ("ΟΔΟΣ", "οδος"),
        ("ẞ", "ß"),
        ("東京 タワー", "東京、タワー。"),
        ("A東京B", "a 東京 b"),
        ("co\u00adoperate", "cooperate"),
        ("❤️ heart", "❤ heart"),
        ("trailing …", "trailing"),
    ],
)
def test_texts_that_differ_in_case_spacing_and_signs_are_the_same(one, other):
    assert read(one) == read(other)


@pytest.mark.parametrize(
    "one, other",
    [
        ("ab c", "a bc"),
        ("straße", "strasse"),
        ("", " "),
        ("...", "!!!"),
        ("😀", "😁"),
        ("\u00ad", ""),
        ("one two", "two one"),
        ("東京", "京東"),
        ("a", "a a"),
    ],
)
def test_texts_that_differ_in_tokens_are_not(one, other):
    assert set(read(one)[0]).isdisjoint(read(other)[0])
    assert read(one)[1] != read(other)[1]


def test_a_text_shorter_than_a_window_is_its_own_shingle():
    assert len(read("one two three four")[0]) == 1
    assert len(read("one two three four five")[0]) == 1
    assert len(read("one two three four five six")[0]) == 2
    assert set(read("one two three four")[0]).isdisjoint(read("one two three four five")[0])


def test_repeated_windows_count_once():
    assert len(read("a b c d e " * 50)[0]) == 5


def test_characters_of_scripts_without_spaces_stand_alone():
    table = folding_table()
    for character in "กລཀကក្ខកᥐᦀ一𠀀あアㄅꀀꦀ𗀀":
        assert table[ord(character)] == ord(character) | ALONE, character
    for character in "aяαאبअতகಕമ가ሀაա":
        assert table[ord(character)] == ord(character), character
    assert table[ord("。")] == table[ord("་")] == 0
    assert table[0xFE0F] == table[0x200D] == IGNORED


def test_distinct_survives_collisions_of_slots():
    hashes = np.array([1, 65, 129, 1, 193, 65, 257, 129, 64, 0, 0], np.uint64)  # most want the same slot
    slots = np.full(64, 7, np.uint32)
    assert hashes[: distinct(hashes, 11, slots)].tolist() == [1, 65, 129, 193, 257, 64, 0]
