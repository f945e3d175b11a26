"""Documents through the kernels against the SentencePiece library, word by word and as a whole."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spm_files import TEXTS, TRICKY, bpe_pieces, library, model_file, unigram_pieces

from vocab.model_file import Algorithm, Kind, parse_model
from vocab.segmenter import Segmenter

RULES = ["identity", "nmt_nfkc", "nfkc", "nmt_nfkc_cf", "nfkc_cf"]
SYMBOLS = [("<mask>", 0.0, Kind.USER_DEFINED), ("bc", 0.0, Kind.USER_DEFINED), ("é日", 0.0, Kind.USER_DEFINED)]
LETTERS = [("▁", -3.0), ("a", -2.0), ("b", -2.0), ("ab", -3.5), ("▁a", -4.0)]
BY_WORD = st.fixed_dictionaries({"rule": st.sampled_from(RULES), "byte_fallback": st.booleans()})
SETTINGS = st.fixed_dictionaries(
    {name: st.booleans() for name in ("byte_fallback", "suffix", "dummy_prefix", "squeeze", "escape")}
    | {"rule": st.sampled_from(RULES)}
)


def segmenter(data, *, cached_lines=64):
    return Segmenter(parse_model(data, name="made"), cached_lines=cached_lines)


def ids_of(segmenter, texts, batch=7):
    """The ids of texts, some in a call."""
    found = []
    for start in range(0, len(texts), batch):
        encoded = [text.encode() for text in texts[start : start + batch]]
        offsets = np.cumsum([3, *map(len, encoded)]).astype(np.int32)
        offsets.flags.writeable = False
        data = np.frombuffer(b"<<<" + b"".join(encoded) + b">>", np.uint8)
        ids, ends = segmenter.encode(data, offsets)
        assert ids.dtype == ends.dtype == np.int32
        found += [part.tolist() for part in np.split(ids, ends[1:-1])]
    return found


def compare(data, texts, **settings):
    """Whether both sides agree, also on words that the kernel knows from the first time."""
    made, processor = segmenter(data, **settings), library(data)
    expected = processor.encode(texts)
    for _ in range(2):
        for text, found, wanted in zip(texts, ids_of(made, texts), expected, strict=True):
            assert found == wanted, text
    return made


@st.composite
def models(draw, *, marks, settings):
    """Model files of either kind."""
    algorithm = draw(st.sampled_from([Algorithm.UNIGRAM, Algorithm.BPE]))
    made = unigram_pieces if algorithm is Algorithm.UNIGRAM else bpe_pieces
    pieces = draw(made(marks=marks))
    known = {text for text, _ in pieces}
    symbols = [symbol for symbol in draw(st.sampled_from([[], SYMBOLS])) if symbol[0] not in known]
    return model_file([*symbols, *pieces], algorithm=algorithm, **draw(settings))


@given(data=models(marks="words", settings=BY_WORD), texts=st.lists(TEXTS))
def test_word_by_word(data, texts):
    assert compare(data, texts).separators[32]


@given(data=models(marks="anywhere", settings=SETTINGS), texts=st.lists(TEXTS))
def test_any_model(data, texts):
    compare(data, texts)


@given(data=models(marks="words", settings=BY_WORD), texts=st.lists(TEXTS, min_size=1, max_size=4))
def test_long_documents(data, texts):
    compare(data, [" ".join(texts) * 40, "".join(texts) * 40], cached_lines=1 << 10)


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_trained_models(trained, documents, kind):
    data = trained(kind).model
    texts = [*TRICKY, *documents, " ".join(documents), "".join(documents).replace(" ", ""), "▁".join(documents)]
    compare(data, texts)
    compare(data, texts, cached_lines=1 << 14)


@pytest.mark.parametrize("algorithm", [Algorithm.UNIGRAM, Algorithm.BPE])
def test_memory_grows_as_documents_need(algorithm):
    data = model_file([*LETTERS, ("aa", -3.0), ("aaa", -4.5)], algorithm=algorithm, byte_fallback=True)
    whole = model_file([*LETTERS, ("aa", -3.0), ("a▁", -3.0)], algorithm=algorithm, byte_fallback=True)
    texts = [
        "😀" * 40_000,
        "a" * 30_000,
        "▁" + "ab " * 60_000,
        "😀 " * 3000,
        "",
        "ab" * 90_000,
        "▁" * 50_000,
        "ﷺ" * 5000,
    ]
    assert compare(data, texts).separators.any()
    assert not compare(whole, texts).separators.any()


def test_words_that_become_very_long():
    rule = {"日": "a😀" * 60, "é": "ab " * 15}
    data = model_file([*LETTERS, ("aa", -3.0)], rule=rule, byte_fallback=True)
    compare(data, ["日" * count + "é" for count in range(13)] * 2 + ["日é 日é é日 é"])


def separators(pieces, **settings):
    return bytes(np.flatnonzero(segmenter(model_file(pieces, **settings)).separators).tolist())


def test_what_separates_words():
    assert separators(LETTERS) == b" "
    assert separators(LETTERS, rule="nmt_nfkc") == b"\t\n\x0c\r "
    tab = ("a\tb", 0.0, Kind.USER_DEFINED)
    assert separators([*LETTERS, tab], rule="nmt_nfkc") == b"\n\x0c\r "
    assert separators([*LETTERS, ("▁▁", 0.0, Kind.CONTROL)]) == b" "


@pytest.mark.parametrize(
    "more",
    [[("a▁", -3.0)], [("▁▁", -3.0)], [("a b", 0.0, Kind.USER_DEFINED)], [("▁b", 0.0, Kind.USER_DEFINED)]],
)
def test_pieces_that_may_lie_across_words(more):
    assert separators([*LETTERS, *more]) == b""


@pytest.mark.parametrize(
    "settings",
    [{"dummy_prefix": False}, {"squeeze": False}, {"escape": False}, {"suffix": True}]
    + [{"rule": {left: right}} for left, right in [("a b", "x"), (" a", "x"), (" ", "x"), ("x", "▁"), ("x", "a  b")]],
)
def test_settings_by_which_words_depend_on_each_other(settings):
    assert separators(LETTERS, **settings) == b""
    compare(model_file(LETTERS, **settings), [*TRICKY, "a b ab", "a a b x ax xb", "x  x"])


def test_without_a_piece_for_the_word_mark_unknown_characters_go_on_across_words():
    assert separators(LETTERS[1:]) == b""
    compare(model_file(LETTERS[1:]), ["x y", "a b", "xa ax"])


def test_threads_do_not_share_a_workspace():
    made = segmenter(model_file(LETTERS))
    with made._lent() as first:
        with made._lent() as second:
            assert not np.shares_memory(first.cache.lines, second.cache.lines)
        with made._lent() as third:
            assert third is second
    with made._lent() as fourth:
        assert fourth is first


def test_threads_encode_side_by_side(trained, documents):
    made, processor = segmenter(trained("unigram").model), library(trained("unigram").model)
    ready, expected = threading.Barrier(4), processor.encode(documents)

    def encode(start):
        ready.wait()
        turned = documents[start:] + documents[:start]
        return [ids_of(made, turned, batch=50) for _ in range(3)]

    with ThreadPoolExecutor(4) as pool:
        starts = range(0, 400, 100)
        for start, found in zip(starts, pool.map(encode, starts), strict=True):
            assert found == [expected[start:] + expected[:start]] * 3


def test_no_documents():
    made = segmenter(model_file(LETTERS))
    assert ids_of(made, ["", "", ""]) == [[], [], []]
    ids, ends = made.encode(np.frombuffer(b"", np.uint8), np.zeros(1, np.int32))
    assert (ids.size, ends.tolist()) == (0, [0])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (model_file(LETTERS, algorithm=Algorithm.CHAR), "the algorithm char"),
        (model_file(LETTERS, algorithm=Algorithm.WORD), "the algorithm word"),
        (model_file([*LETTERS, ("a" * 256, -1.0)]), "a key has 256 bytes"),
        (model_file([*LETTERS, ("b", -1.0)]), "a key is there twice"),
        (model_file([*LETTERS, ("x", -1.0, Kind.UNUSED)], algorithm=Algorithm.BPE), "pieces that are not used"),
        (model_file([*LETTERS, ("<other>", 0.0, Kind.UNKNOWN)]), "2 pieces for what is unknown"),
        (model_file([*LETTERS, ("x", float("nan"))]), "scores that are no numbers"),
        (model_file(LETTERS, byte_fallback=True).replace(b"<0x41>", b"<0x4_>"), "no piece for some byte"),
    ],
)
def test_models_that_are_not_covered(data, reason):
    with pytest.raises(ValueError, match=reason):
        segmenter(data)
