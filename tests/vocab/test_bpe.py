"""Segmentation by BPE models against the SentencePiece library's."""

import functools
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spm_files import PLAIN, bpe_pieces, library, model_file

from vocab import bpe
from vocab.bpe import bpe_model, new_agenda, segment
from vocab.model_file import Algorithm, Kind, parse_model
from vocab.pieces import lay_out
from vocab.trie import build_trie

AS_IT_IS = {"algorithm": Algorithm.BPE, "dummy_prefix": False, "squeeze": False, "escape": False}
CHARACTERS = [(letter, -9.0) for letter in "abcd"]


def kernel_of(data):
    model = parse_model(data, name="made")
    symbols = [model.pieces[i].text.encode() for i in model.ids(Kind.USER_DEFINED)]
    trie = build_trie(symbols, np.zeros(len(symbols), np.int32))
    return functools.partial(cut, bpe_model(lay_out(model), trie.cells))


def sides(pieces, *, byte_fallback=False):
    """The library, which takes text as it is, and the kernel with the same model."""
    data = model_file(pieces, byte_fallback=byte_fallback, **AS_IT_IS)
    return library(data), kernel_of(data)


def cut(model, text, *, places=1 << 12, room=None):
    """The ids of a text, or None if there was no room."""
    data = text.encode()
    ids = np.full(room if room is not None else len(data), -1, np.int32)
    letters = np.frombuffer(data + b"\0", np.uint8).copy()
    count = segment(letters, len(data), model, new_agenda(places), ids, np.int64(0), np.int64(0))
    return ids[:count].tolist() if count >= 0 else None


@given(pieces=bpe_pieces(marks="anywhere"), texts=st.lists(PLAIN, max_size=5), byte_fallback=st.booleans())
def test_ids_are_the_librarys(pieces, texts, byte_fallback):
    processor, cut = sides(pieces, byte_fallback=byte_fallback)
    for text in [*texts, "".join(texts) * 9, "".join(text for text, _ in pieces) * 3]:
        assert cut(text) == processor.encode(text)


@settings(max_examples=40)
@given(pieces=bpe_pieces(marks="none"), scores=st.permutations([-3.5, -0.0, 0.0, 1e-30, 7.25, -1e30]), text=PLAIN)
def test_scores_of_any_sign(pieces, scores, text):
    pieces = [(text, scores[-int(score) % len(scores)]) for text, score in pieces]
    processor, cut = sides(pieces)
    assert cut(text * 5) == processor.encode(text * 5)


@given(
    pieces=bpe_pieces(marks="none"),
    symbols=st.sets(st.text("abcé日", min_size=2, max_size=4), max_size=3),
    text=st.text("abcé日x", max_size=60),
)
def test_symbols_are_never_merged(pieces, symbols, text):
    known = {text for text, _ in pieces}
    processor, cut = sides(pieces + [(symbol, 0.0, Kind.USER_DEFINED) for symbol in sorted(symbols - known)])
    assert cut(text) == processor.encode(text)


def test_of_equal_pairs_the_leftmost_comes_first():
    processor, cut = sides([*CHARACTERS, ("ab", -1.0), ("ba", -1.0), ("aba", -2.0), ("bab", -2.0), ("abab", 0.0)])
    for letters in itertools.product("abc", repeat=7):
        assert cut("".join(letters)) == processor.encode("".join(letters))


def test_control_symbols_and_bytes_are_not_merged():
    pieces = [*CHARACTERS, ("ab", 0.0, Kind.CONTROL), ("e", 0.0, Kind.CONTROL), ("bc", -1.0), ("<0", -1.0), ("<", -5.0)]
    processor, cut = sides([*pieces, ("0", -5.0)], byte_fallback=True)
    for text in ("abc", "e", "aeb", "<0x41>", "<0xabc", "<unk>"):
        assert cut(text) == processor.encode(text)


def test_unknown_characters_in_a_row_have_one_id():
    assert sides(CHARACTERS)[1]("xyad日😀") == [0, 1, 4, 0]
    assert sides(CHARACTERS, byte_fallback=True)[1]("éa") == [1 + 0xC3, 1 + 0xA9, 257]


def test_a_stretch_needs_room():
    processor, cut = sides([("a", -1.0), ("aa", 0.0), ("aaaa", 0.0), ("b", -1.0)])
    text = "a" * 999
    assert cut(text, places=999) is None
    assert cut(text, places=1000) == processor.encode(text)
    assert cut("b" + text + "b" + text, places=1000) == processor.encode("b" + text + "b" + text)
    assert cut("bbb", room=2) is None


def test_models_that_are_refused(monkeypatch):
    data = model_file([*CHARACTERS, ("ab", 0.0, Kind.UNUSED)], **AS_IT_IS)
    with pytest.raises(ValueError, match="pieces that are not used"):
        kernel_of(data)
    monkeypatch.setattr(bpe, "MOST_PIECES", 4)
    with pytest.raises(ValueError, match="5 pieces, more than 4"):
        kernel_of(model_file(CHARACTERS, **AS_IT_IS))
