"""Segmentation by unigram models against the SentencePiece library's, where many ways to cut score nearly the same."""

import functools
import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from spm_files import PLAIN, library, model_file, unigram_pieces

from vocab.model_file import Kind, parse_model
from vocab.pieces import lay_out
from vocab.unigram import GREATEST_SUM, STRETCH, new_lattice, segment, unigram_model

AS_IT_IS = {"dummy_prefix": False, "squeeze": False, "escape": False}
SCRIPTED = [("a", -1.0), ("aa", -2.0), ("aaa", -3.0), ("b", -1.5), ("ab", -2.5), ("日", -4.0), ("日日", -0.1)]


def sides(pieces, *, byte_fallback=False):
    """The library, which takes text as it is, and the kernel with the same model."""
    data = model_file(pieces, byte_fallback=byte_fallback, **AS_IT_IS)
    return library(data), functools.partial(cut, unigram_model(lay_out(parse_model(data, name="made"))))


def cut(model, text, *, total=0.0, judged=False, places=4 * STRETCH, room=None):
    """The ids of a text, or None if there was no room; the sum of scores; the limit."""
    data = text.encode()
    ids = np.full(room if room is not None else len(data), -1, np.int32)
    letters = np.frombuffer(data + b"\0", np.uint8).copy()
    count, total, limit = segment(
        letters, len(data), np.float32(total), judged, model, new_lattice(places), ids, np.int64(0), np.int64(0)
    )
    return (ids[:count].tolist() if count >= 0 else None), np.float32(total), np.float32(limit)


@given(pieces=unigram_pieces(marks="anywhere"), texts=st.lists(PLAIN, max_size=5), byte_fallback=st.booleans())
def test_ids_are_the_librarys(pieces, texts, byte_fallback):
    processor, cut = sides(pieces, byte_fallback=byte_fallback)
    for text in [*texts, "".join(texts) * 9, "".join(text for text, _ in pieces)]:
        assert cut(text)[0] == processor.encode(text)


@settings(max_examples=40)
@given(pieces=unigram_pieces(marks="none", scores=(1 / 3, 333.3, 20_000.7)), text=PLAIN, times=st.integers(100, 400))
def test_long_texts_whose_sums_lose_digits_and_begin_anew(pieces, text, times):
    processor, cut = sides(pieces)
    assert cut(text * times)[0] == processor.encode(text * times)


@given(pieces=unigram_pieces(marks="none"), text=st.text("abcé日😀x", max_size=30), data=st.data())
def test_below_the_limit_a_sum_before_changes_no_id(pieces, text, data):
    _, cut = sides(pieces, byte_fallback=data.draw(st.booleans()))
    model = cut.args[0]
    ids, _, limit = cut(text, judged=True)
    share = data.draw(st.floats(-1, 1, width=32, exclude_min=True, exclude_max=True))
    total = np.float32(share) * limit
    assume(limit > 0 and abs(total) < limit)
    expected = functools.reduce(np.add, model.scores[ids], total)
    assert cut(text, total=total)[:2] == (ids, expected)


def test_limits():
    cut = sides([("a", -1.0), ("b", -1.0), ("ab", -1.5), ("ba", -1.5), ("c", -9.0)])[1]
    assert cut("ab", judged=True)[2] > 0.9 * GREATEST_SUM  # a clear case
    assert cut("abc", judged=True)[2] > 0.9 * GREATEST_SUM
    assert cut("aba", judged=True)[2] <= 0  # ab a, a ba
    assert cut("xa", judged=True)[2] > 0.9 * GREATEST_SUM
    assert cut("xxa", judged=True)[2] <= 0  # one id for two unknown characters, whose scores both count
    close = sides([("a", -1.0), ("aa", -2.0 + 2**-12)])[1]("aa", judged=True)[2]
    assert 50 < close < 2**12  # 2^-12 is lost in a sum that is somewhat larger


def test_a_sum_before_may_decide_between_near_equals():
    """Why there are limits: behind a long text, what is a little better is as good, and the first way found stays.

    That lasts until the sum is taken off.
    """
    processor, cut = sides([("aa", -2.0), ("a", -1.0 + 2**-20), ("b", -60.0)])
    counts = (0, 1000, int(GREATEST_SUM / 60), int(GREATEST_SUM / 60) + 1)
    assert [len(processor.encode("b" * count + "aa")) - count for count in counts] == [2, 1, 1, 2]
    for count in counts:
        assert cut("b" * count + "aa")[0] == processor.encode("b" * count + "aa")


def test_unknown_characters_in_a_row_have_one_id():
    pieces = [("a", -1.0)]
    assert sides(pieces)[1]("xya日😀")[0] == [0, 1, 0]
    assert sides(pieces, byte_fallback=True)[1]("éa")[0] == [1 + 0xC3, 1 + 0xA9, 257]


def test_symbols_are_chosen_before_other_pieces():
    pieces = [("a", -0.1), ("b", -0.1), ("abc", -0.1), ("ab", 0.0, Kind.USER_DEFINED), ("éé", 0.0, Kind.USER_DEFINED)]
    pieces += [("b日", -0.1, Kind.UNUSED), ("c", 0.0, Kind.CONTROL), ("日é", -0.1)]
    processor, cut = sides(pieces)
    for letters in itertools.product("abcé日", repeat=5):
        assert cut("".join(letters))[0] == processor.encode("".join(letters))


def test_stretches_end_where_no_piece_goes_on():
    processor, cut = sides(SCRIPTED)
    for text in ("ab" * STRETCH, "日ab" * STRETCH, "b" * (STRETCH - 1) + "aab" * 99, "ba" * (STRETCH // 2) + "日" * 9):
        assert cut(text, places=STRETCH + 600)[0] == processor.encode(text)


def test_a_stretch_without_an_end_needs_room():
    processor, cut = sides(SCRIPTED)
    text = "a" * (3 * STRETCH)
    assert cut(text, places=2 * STRETCH)[0] is None
    assert cut(text, places=4 * STRETCH)[0] == processor.encode(text)
    assert cut("ab" * 4, room=7)[0] is None


def test_a_model_without_normal_pieces_is_refused():
    with pytest.raises(ValueError, match="no normal piece"):
        sides([("<mask>", 0.0, Kind.USER_DEFINED)])
