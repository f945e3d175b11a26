"""Normalisation against the SentencePiece library's."""

import functools
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spm_files import TEXTS, TRICKY, character_map, library, model_file

from vocab.model_file import Kind
from vocab.normaliser import BLANK, compile_rules, normalise

NAMED = ["identity", "nmt_nfkc", "nfkc", "nmt_nfkc_cf", "nfkc_cf"]
# Replacements of several characters, that overlap, shrink to nothing, and begin or end in spaces.
OWN = {
    "ab": "X",
    "abc": " y ",
    "b": "",
    "éé": "ab",
    "日": "  ",
    "日本": "long" * 30,
    "😀": " ",
    "c😀": "▁",
    "d": "a  b",
}
SYMBOLS = ("<mask>", "ab c", "é", "▁d", "😀\u3000")


@functools.cache
def sides(rule, symbols, suffix=False, dummy_prefix=True, squeeze=True, escape=True):
    """The library with a model, and rules for the kernel."""
    name = OWN if rule == "own" else rule
    settings = {"suffix": suffix, "dummy_prefix": dummy_prefix, "squeeze": squeeze, "escape": escape}
    pieces = [("a", -1.0), *((symbol, 0.0, Kind.USER_DEFINED) for symbol in symbols)]
    rules = compile_rules(character_map(name), [symbol.encode() for symbol in symbols], **settings)
    return library(model_file(pieces, rule=name, **settings)), rules


def normal(rules, text, room=None):
    """What the kernel writes, and whether it saw a word mark; None if there is no room."""
    data = np.frombuffer(b"<" + text.encode() + b">", np.uint8)
    out = np.full(room or 60 * len(data) + 2 * rules.most, 7, np.uint8)
    size, marked = normalise(data, 1, data.size - 1, rules, out)
    if size < 0:
        return None, marked
    assert out[size] == 0
    return bytes(out[:size]).decode(), marked


@pytest.mark.parametrize("rule", [*NAMED, "own"])
@pytest.mark.parametrize("symbols", [(), SYMBOLS])
def test_tricky_texts_with_all_settings(rule, symbols):
    for settings in itertools.product((False, True), repeat=4):
        processor, rules = sides(rule, symbols, *settings)
        for text in [*TRICKY, "abcabdb b dd", "日 日本 日", "a 😀b", "c😀 d", "ab c  ab  c▁d", " 😀\u3000 é"]:
            assert normal(rules, text)[0] == processor.normalize(text), (settings, text)


@given(
    texts=st.lists(st.one_of(TEXTS, st.text("abcdé日本😀 ▁<mask>\u3000")), min_size=1, max_size=8),
    rule=st.sampled_from([*NAMED, "own"]),
    symbols=st.sampled_from([(), SYMBOLS]),
    settings=st.tuples(*[st.booleans()] * 4),
)
def test_any_text(texts, rule, symbols, settings):
    processor, rules = sides(rule, symbols, *settings)
    for text in texts:
        assert normal(rules, text)[0] == processor.normalize(text)


@pytest.mark.parametrize("rule", NAMED)
def test_every_character_alone_and_before_marks(rule):
    processor, rules = sides(rule, ())
    points = [point for point in range(0x110000) if not 0xD800 <= point < 0xE000]
    for start in range(0, len(points), 1 << 14):
        text = "".join(f"{chr(point)}a{chr(point)}\u0301\u0323x" for point in points[start : start + (1 << 14)])
        assert normal(rules, text)[0] == processor.normalize(text)


def test_a_word_mark_of_the_texts_own_is_told():
    for text in TRICKY:
        assert normal(sides("identity", SYMBOLS)[1], text)[1] == ("▁" in text)
        assert not normal(sides("nmt_nfkc", ())[1], text)[1]  # this rule replaces it with a space


def test_blanks_are_what_becomes_a_space():
    flags = sides("nmt_nfkc", ())[1].flags
    assert {chr(point) for point in range(128) if flags[point] == BLANK} == set("\t\n\f\r ")
    assert flags[0x3000] == BLANK
    flags = sides("identity", ())[1].flags
    assert np.flatnonzero(flags == BLANK).tolist() == [32]


@given(TEXTS, st.integers(0, 400))
def test_without_room_nothing_is_written_behind_the_end(text, room):
    rules = sides("own", ())[1]
    data, memory = np.frombuffer(text.encode(), np.uint8), np.full(room + 8, 7, np.uint8)
    size, _ = normalise(data, 0, data.size, rules, memory[:room])
    assert (memory[room:] == 7).all()
    if size >= 0:
        assert bytes(memory[:size]).decode() == normal(rules, text)[0]
    assert size >= 0 or room < 50 * len(text.encode()) + 2 * rules.most


@pytest.mark.parametrize("size", [3, 8, 2000, -1])
def test_a_map_that_was_cut_off(size):
    whole = character_map("nfkc")
    with pytest.raises(ValueError, match=r"a character map of [\d,]+ bytes, [\d,]+ of them a trie"):
        compile_rules(whole[:size], [], dummy_prefix=True, suffix=False, squeeze=True, escape=True)
