"""The reader of fastText's binary format against files whose content is known."""

import lzma
import re
import struct

import numpy as np
import pytest
from fasttext_files import LABELS, WORDS, FastTextFile

from transforms.fasttext_model import ModelError, read_model
from transforms.langid import bundled_model

KINDS = {
    "dense": FastTextFile(),
    "softmax": FastTextFile(loss="softmax"),
    "without n-grams": FastTextFile(min_ngram=0, max_ngram=0, buckets=0),
    "quantised": FastTextFile(quantised=True),
    "narrow last piece": FastTextFile(quantised=True, dimension=7, piece=3),
    "norms": FastTextFile(quantised=True, norms=True),
    "quantised output": FastTextFile(quantised=True, quantised_output=True, norms=True),
    "output flag without quantised input": FastTextFile(quantised_output=True),
    "pruned": FastTextFile(quantised=True, kept=(59, 0, 17, 31)),
    "pruned to nothing": FastTextFile(quantised=True, kept=()),
}


@pytest.mark.parametrize("file", KINDS.values(), ids=KINDS)
def test_every_weight_and_name_is_read(file, tmp_path):
    model = read_model(file.write(tmp_path))

    assert model.words == tuple(word.encode() for word in WORDS)
    assert model.labels == ("de", "en", "ru", "ja", "pt-BR")
    assert model.label_words == tuple(label.encode() for label in LABELS)
    assert model.label_counts.tolist() == list(file.counts)
    assert (model.loss, model.word_ngrams, model.buckets) == (file.loss, 1, file.buckets)
    assert (model.min_ngram, model.max_ngram) == (file.min_ngram, file.max_ngram)
    assert model.input.dtype == model.output.dtype == np.float32
    np.testing.assert_array_equal(model.input, file.input)
    np.testing.assert_allclose(model.output * model.output_norms[:, None], file.output, rtol=1e-6)
    if file.kept is None:
        assert model.kept_buckets is None
    else:
        assert model.kept_buckets.tolist() == list(file.kept)


def test_the_bundled_model_is_the_one_of_176_languages():
    model = read_model(bundled_model())

    assert len(model.labels) == 176
    assert model.labels[:3] == ("en", "ru", "de")
    assert (model.loss, model.min_ngram, model.max_ngram) == ("hs", 2, 4)
    assert model.input.shape == (50_000, 16)
    assert model.input.shape[0] == len(model.words) + len(model.kept_buckets)


@pytest.mark.parametrize(
    "file", [FastTextFile(buckets=3), FastTextFile(quantised=True, norms=True, kept=(2, 1), words=("</s>", "das"))]
)
def test_a_file_that_ends_anywhere_too_early_is_refused(file, tmp_path):
    content = file.content()
    path = tmp_path / "cut.bin"
    steps = range(8, len(content), 1 if len(content) < 1000 else 7)
    for end in steps:
        path.write_bytes(content[:end])
        with pytest.raises(ModelError, match=r"cut\.bin is truncated or damaged: .*; fetch it again"):
            read_model(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty, not a fastText model"),
        (b"\x0a", "is not a fastText model"),
        (b"<!doctype html><title>404</title>", "is not a fastText model (.bin or .ftz): it begins with b'<!doctyp'"),
        (lzma.compress(FastTextFile().content()), "compressed files cannot be read"),
        (FastTextFile(version=11).content(), "is a fastText model of format 11, this reads format 12"),
        (FastTextFile(kind=2).content(), "holds word vectors, not labels; use a model trained with"),
    ],
    ids=["empty", "one byte", "html", "xz", "version", "unsupervised"],
)
def test_what_is_no_supervised_model_is_refused(content, message, tmp_path):
    path = tmp_path / "lid.bin"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=re.escape(message)) as caught:
        read_model(path)
    assert str(path) in str(caught.value)


def _with(values, at):
    """A change to a file: the packed values stand at a byte."""
    return lambda content: content[:at] + values + content[at + len(values) :]


DICTIONARY = 8 + 56
ENTRIES = DICTIONARY + 28
DAMAGE = {
    "dimension": (_with(struct.pack("<i", 0), 8), "0 dimensions"),
    "loss": (_with(struct.pack("<i", 9), 8 + 24), "loss 9"),
    "buckets": (_with(struct.pack("<i", -2), 8 + 32), "-2 buckets"),
    "other dimension": (_with(struct.pack("<i", 8), 8), "input matrix is 68 x 6, .* for 68 x 8"),
    "other buckets": (_with(struct.pack("<i", 61), 8 + 32), "input matrix is 68 x 6, .* for 69 x 6"),
    "entries": (_with(struct.pack("<iii", 14, 8, 5), DICTIONARY), "14 entries for 8 words and 5 labels"),
    "no labels": (_with(struct.pack("<iii", 13, 13, 0), DICTIONARY), "13 words and 0 labels"),
    "a word among the labels": (_with(struct.pack("<iii", 13, 7, 6), DICTIONARY), "mixes words and labels"),
    "a spelling without end": (
        lambda content: content[:ENTRIES] + b"x" * 500,
        "spelling in its dictionary begins at byte 92 and does not end",
    ),
    "a count beyond reason": (
        lambda content: content.replace(struct.pack("<qb", 900, 1), struct.pack("<qb", 10**15, 1)),
        "seen 1 to 1000000000000000 times",
    ),
    "pairs of pruning": (
        lambda content: content.replace(struct.pack("<q", -1), struct.pack("<q", 2), 1),
        "2 buckets that survived pruning are not numbered|input matrix is",
    ),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGE.values(), ids=DAMAGE)
def test_a_file_that_contradicts_itself_is_refused(damage, message, tmp_path):
    path = tmp_path / "lid.bin"
    path.write_bytes(damage(FastTextFile().content()))
    with pytest.raises(ModelError, match=f"is truncated or damaged: .*({message}).*; fetch it again"):
        read_model(path)


def test_a_quantiser_of_another_shape_is_refused(tmp_path):
    content = FastTextFile(quantised=True).content()
    quantiser = struct.pack("<iiii", 6, 3, 2, 2)
    assert content.count(quantiser) == 1
    for values in [(6, 2, 2, 2), (6, 3, 0, 6), (4, 2, 2, 2), (6, -3, 2, 14)]:
        path = tmp_path / "lid.ftz"
        path.write_bytes(content.replace(quantiser, struct.pack("<iiii", *values)))
        with pytest.raises(ModelError, match=f"quantiser of its input matrix cuts {values[0]} columns"):
            read_model(path)


def test_a_missing_file_is_the_systems_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_model(tmp_path / "none.bin")
