"""The engine on models with random weights: what it asks of CTranslate2, not what a model knows."""

import json
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

ctranslate2 = pytest.importorskip("ctranslate2")

from neural_models import write_model  # noqa: E402
from sentencepiece import SentencePieceProcessor  # noqa: E402

from transforms.engines.neural import CTranslate2, Decoding, Device, language_token  # noqa: E402
from transforms.errors import InputError  # noqa: E402

TEXTS = ["the cat sat", "on the mat number 7", "", "cat\ncat", "number 12 the mat sat on the cat"]
SAMPLING = Decoding(sampling_topk=10, max_length=12)


@pytest.fixture(scope="module")
def marian(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("opus-mt-en-es"))


@pytest.fixture(scope="module")
def nllb(tmp_path_factory):
    return write_model(
        tmp_path_factory.mktemp("nllb"), extra=("eng_Latn", "spa_Latn", "zho_Hans"), add_source_eos=False
    )


def engine_of(folder, **changed):
    changed = {"family": "marian", "pairs": [("en", "es")], "decoding": Decoding(max_length=12), **changed}
    return CTranslate2(folder=folder, **changed)


def translate(engine, texts=TEXTS, *, source="en", target="es", seed=1):
    found = engine.translate(texts, source=source, target=target, seed=seed)
    return found.texts.to_pylist(), found.scores.tolist()


def test_translations_and_scores_are_those_of_the_library(marian):
    pieces = SentencePieceProcessor(model_file=str(marian / "sentencepiece.model"))
    translator = ctranslate2.Translator(str(marian), compute_type="int8", intra_threads=1)
    tokens = [pieces.encode(" ".join(text.split()), out_type=str) for text in TEXTS]
    expected = translator.translate_batch(tokens, beam_size=4, max_decoding_length=12, return_scores=True)
    with engine_of(marian) as engine:
        texts, scores = translate(engine)
    assert texts == [pieces.decode(one.hypotheses[0]) for one in expected]
    assert scores == pytest.approx([one.scores[0] for one in expected])
    assert translate(pickle.loads(pickle.dumps(engine))) == (texts, scores)


def test_a_score_is_the_mean_log_probability_of_a_token(marian):
    # In whole numbers, how a product is rounded depends on the processor and on what else is multiplied.
    device = Device(compute_type="float32")
    with engine_of(marian, device=device, decoding=Decoding(beam_size=1, max_length=5)) as engine:
        (text,), (score,) = translate(engine, ["the cat"])
        loaded = engine._loaded()
    source = [loaded.source.encode("the cat", out_type=str)]
    (words,) = loaded.translator.translate_batch(source, beam_size=1, max_decoding_length=5)[0].hypotheses
    assert text == loaded.target.decode(words)
    log_probs = loaded.translator.score_batch(source, [words])[0].log_probs[:5]
    # A translation has a token at least: the end is not among what the first could be.
    end = loaded.translator.score_batch(source, [[]])[0].log_probs[0]
    assert score == pytest.approx((np.sum(log_probs) - np.log1p(-np.exp(end))) / len(log_probs), rel=1e-4)


def test_sampling_depends_on_nothing_but_the_batch_and_the_seed(marian):
    with engine_of(marian, decoding=SAMPLING) as engine:
        first = [translate(engine, seed=seed) for seed in range(6)]
        assert len({tuple(texts) for texts, _ in first}) == 6
        assert engine.tag("en", "es")["sampled"] and not engine_of(marian).tag("en", "es")["sampled"]
        with ThreadPoolExecutor(3) as threads:
            again = list(threads.map(lambda seed: translate(engine, seed=seed), range(5, -1, -1)))
    assert again == first[::-1]


def test_nllb_is_told_both_languages(nllb, monkeypatch):
    engine = engine_of(nllb, family="nllb", pairs=None)
    assert engine.serves("en", "es") and engine.serves("zh-Hans", "en")
    assert not engine.serves("en", "de") and not engine.serves("en", "en")
    asked = {}

    class Translator:
        def translate_batch(self, sentences, *, target_prefix, **others):
            asked.update(sentences=sentences, prefix=target_prefix)
            result = type("Result", (), {"hypotheses": [["spa_Latn", *engine_pieces]], "scores": [-1.0]})
            return [result] * len(sentences)

    engine_pieces = engine._loaded().source.encode("the cat", out_type=str)
    engine._cache.loaded = engine._loaded()._replace(translator=Translator())
    texts, scores = translate(engine, ["the cat", ""])
    assert texts == ["the cat", "the cat"] and scores == [-1, -1]
    assert asked["sentences"][0][0] == "eng_Latn" and asked["sentences"][0][-1] == "</s>"
    assert asked["sentences"][1] == ["eng_Latn", "</s>"] and asked["prefix"] == [["spa_Latn"]] * 2


def test_nllb_translates(nllb):
    with engine_of(nllb, family="nllb", pairs=None) as engine:
        texts, scores = translate(engine, source="zh-Hans", target="en")
    assert len(texts) == len(TEXTS) and all("eng_Latn" not in text for text in texts) and max(scores) < 0


def test_marian_models_of_many_targets_are_told_the_target(marian):
    engine = engine_of(marian, codes={"es": ">>spa<<"})
    assert engine._source_tokens(["▁a"], "en", "es", True) == [">>spa<<", "▁a"]
    assert engine._source_tokens(["▁a"], "en", "fr", False) == ["▁a", "</s>"]


@pytest.mark.parametrize(
    ("tag", "nllb", "m2m100"),
    [
        ("es", "spa_Latn", "__es__"),
        ("zh-Hans", "zho_Hans", "__zh__"),
        ("ja", "jpn_Jpan", "__ja__"),
        ("ru", "rus_Cyrl", "__ru__"),
        ("ko", "kor_Hang", "__ko__"),
        ("ar", "arb_Arab", "__ar__"),
        ("sr", "srp_Cyrl", "__sr__"),
    ],
)
def test_language_tokens(tag, nllb, m2m100):
    known = ["spa_Latn", "zho_Hans", "zho_Hant", "jpn_Jpan", "rus_Cyrl", "kor_Hang", "arb_Arab", "srp_Cyrl", "hrv_Latn"]
    known += ["__es__", "__zh__", "__ja__", "__ru__", "__ko__", "__ar__", "__sr__"]
    assert language_token(tag, "nllb", known) == nllb
    assert language_token(tag, "m2m100", known) == m2m100
    assert language_token("bs", "nllb", known) is None and language_token("bs", "m2m100", known) is None


def test_the_tag_changes_with_the_model(marian, tmp_path):
    other = write_model(tmp_path / "other", seed=1)
    one, two = engine_of(marian).tag("en", "es"), engine_of(other).tag("en", "es")
    assert one["sha256"] != two["sha256"] and one["parameters"]["beam_size"] == 4
    assert json.dumps(one)


def test_what_is_no_model_is_told(marian, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="no model that CTranslate2 can run on cpu"):
        translate(engine_of(tmp_path))
    for path in marian.iterdir():
        if path.name != "sentencepiece.model":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(InputError, match=r"has no SentencePiece model, expected source\.spm or"):
        translate(engine_of(tmp_path))
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    with pytest.raises(InputError, match=r"pip install 'babelmill\[mt\]'"):
        translate(engine_of(marian))
