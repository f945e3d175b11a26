import lzma
import unicodedata
from importlib.resources import files

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from transforms.shingles import ALONE, IGNORED, folding_table
from transforms.words import cut, segment
from vocab.encoding import Encoder
from vocab.training import TrainingOptions, train


def listed(words):
    """The words of each text as they are written."""
    written = words.written(np.arange(words.hashes.size)).to_pylist()
    return [written[first:last] for first, last in zip(words.offsets, words.offsets[1:], strict=False)]


def plain(text):
    """Words as (written, folded), from the definition."""
    table, found, current = folding_table(), [], None
    for character in text:
        folded = int(table[ord(character)])
        if folded == IGNORED:
            if current:
                current[2] += character
            continue
        if folded == 0 or folded >= ALONE or (current and current[3]):
            current = None
        if folded:
            if current is None:
                current = ["", "", "", folded >= ALONE]
                found.append(current)
            current[0] += current[2] + character
            current[1] += chr(folded & 0x1FFFFF)
            current[2] = ""
    return [(word[0], word[1]) for word in found] or ([(text, None)] if text else [])


@settings(max_examples=200)
@given(st.lists(st.text(st.sampled_from("aAßéЖж1 .,日本กខ\u00ad\u200b😀-"), max_size=12), max_size=6))
@example(["a\u00adb \u00ad", "日a本\u200b", "", "…"])
def test_words_are_those_of_the_definition(texts):
    words = segment(pa.array(texts, pa.string()))

    assert listed(words) == [[written for written, _ in plain(text)] for text in texts]
    # Words have the same hash if they fold to the same characters, and a text without any its own.
    keys = [folded or ("bytes", written) for text in texts for written, folded in plain(text)]
    hashes = words.hashes.tolist()
    assert len(set(keys)) == len(set(hashes)) == len(set(zip(keys, hashes, strict=True)))
    assert 0 not in hashes


def test_words_of_a_slice_are_those_of_its_texts():
    texts = pa.array(["eins", "Das Haus", "日本 drei", "vier"])

    words = segment(texts[1:3])

    assert listed(words) == [["Das", "Haus"], ["日", "本", "drei"]]
    assert words.hashes.tolist() == segment(pa.array(["das haus", "日本 DREI"])).hashes.tolist()


def test_forms_tell_how_a_word_is_written():
    forms = segment(pa.array(["Haus haus Haus"])).forms()

    assert forms[0] == forms[2] != forms[1]


def test_forms_are_those_of_the_bytes_wherever_they_stand():
    written = ["a", "Straßenbahn", "b" * 8, "b" * 9, "c" * 16 + "d", "日", "a" * 7]
    words = [segment(pa.array([text])) for text in (" ".join(written), " ".join(written[::-1]), "a")]
    forms = [one.forms().tolist() for one in words]

    assert len(set(forms[0])) == len(written)
    assert forms[0] == forms[1][::-1] and forms[2] == forms[0][:1]


def test_words_of_some_texts():
    words = segment(pa.array(["eins zwei", "", "drei", "vier fünf sechs"]))

    taken = words.take(np.array([3, 1, 0]))

    assert taken.offsets.tolist() == [0, 3, 3, 5]
    assert taken.written(np.arange(5)).to_pylist() == ["vier", "fünf", "sechs", "eins", "zwei"]
    assert taken.hashes.tolist() == [*words.hashes[3:].tolist(), *words.hashes[:2].tolist()]


def test_a_null_is_refused():
    with pytest.raises(ValueError, match="text 1 of 3 is null"):
        segment(pa.array(["a", None, "b"]))


@pytest.fixture(scope="module")
def japanese():
    content = (files("babelmill") / "sample" / "cc-100" / "ja.txt.xz").read_bytes()
    return unicodedata.normalize("NFC", lzma.decompress(content).decode().rstrip("\n")).split("\n\n")


@pytest.fixture(scope="module")
def pieces(japanese, tmp_path_factory):
    path = tmp_path_factory.mktemp("vocabulary") / "spm.model"
    path.write_bytes(train(japanese, options=TrainingOptions(size=900, coverage=1.0)).model)
    return Encoder(path)


def test_a_vocabulary_cuts_what_has_no_spaces(japanese, pieces):
    texts = pa.array([*japanese, "Das ist ein Text", "", "人権 ABC人権abc"])

    found = cut(texts, pieces).to_pylist()

    assert found[-3:-1] == ["Das ist ein Text", ""]
    for text, result in zip(texts.to_pylist(), found, strict=True):
        assert result.replace(" ", "") == text.replace(" ", "")
    words = listed(segment(texts, pieces))
    assert words[-3] == ["Das", "ist", "ein", "Text"]
    assert sum(map(len, words)) < 0.8 * segment(texts).hashes.size
    known = {text.replace("▁", "") for text, _, _ in pieces.model.pieces}
    assert set(words[-1]) <= known | {"ABC", "abc"}


def test_what_a_vocabulary_does_not_know_is_left_out(pieces):
    assert listed(segment(pa.array(["龘Haus"]), pieces)) == [["Haus"]]
