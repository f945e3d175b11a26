"""The small translation model: what it may learn from, its batches, its decoding and its form for CTranslate2."""

from pathlib import Path

import numpy as np
import pytest
import sentencepiece

from benchmarks.translation_model.data import Pair, draw, fold, held_out, split, translated

MODEL = Path(__file__).parents[1] / "data" / "en-es-tiny"
TEXTS = [f"Opens the dialog {number}" for number in range(4_000)]


def test_one_text_in_fourteen_is_held_out_whatever_its_case_and_spaces():
    kept = [text for text in TEXTS if held_out(text)]
    assert 4_000 / 14 * 0.8 < len(kept) < 4_000 / 14 * 1.2
    assert all(held_out(f" {text.upper()}  ") for text in kept)


def test_no_text_of_a_held_out_pair_is_learnt_from():
    pairs = [Pair(text, f"Abre el diálogo {number % 1_000}") for number, text in enumerate(TEXTS)]
    pairs += [Pair(pair.source.upper(), "Otra traducción") for pair in pairs]
    found = split(pairs, judged=200)
    assert len(found.held_out) == 200
    assert found.held_out == sorted(found.held_out, key=lambda pair: draw(pair.source))
    for side in (0, 1):
        assert not {fold(pair[side]) for pair in found.training} & {fold(pair[side]) for pair in found.held_out}
    kept = {pair.target for pair in pairs[:4_000] if held_out(pair.source)}
    assert {pair.source for pair in found.training} == {
        pair.source for pair in pairs[:4_000] if not held_out(pair.source) and pair.target not in kept
    }


def test_too_few_held_out_pairs_are_an_error():
    with pytest.raises(ValueError, match="expected 2000"):
        split([Pair("Opens the dialog", "Abre el diálogo")])


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("Opens the dialog", "Abre el diálogo", True),
        ("Menu", "Menú", True),
        ("Menu", " menu", False),
        ("12.5", "12,5", False),
        ("Opens the dialog", "", False),
        ("Choose View - Styles, then the F11 tab", "Choose View - Styles, then the F11tab", False),
        ("Opens the dialog", "Abre el diálogo en el que se eligen todas las opciones de la página", False),
    ],
)
def test_what_counts_as_translated(source, target, expected):
    assert translated(Pair(source, target)) is expected


def test_every_pair_is_in_one_batch_of_few_shapes():
    from benchmarks.translation_model.batches import BOS, BUCKETS, EOS, PAD, Encoded, batches

    draws = np.random.default_rng(3)
    pairs = [
        Encoded(*(draws.integers(4, 99, draws.integers(1, 64)).tolist() for _ in Encoded._fields)) for _ in range(300)
    ]
    found = []
    for batch in batches(pairs, tokens=256, seed=1):
        assert batch.source.shape == batch.target.shape == batch.following.shape
        assert batch.source.shape[1] in BUCKETS and batch.source.shape[0] == 256 // batch.source.shape[1]
        for row in zip(*batch, strict=True):
            source, target, following = (side[side != PAD].tolist() for side in row)
            if source:
                assert source.pop() == EOS and following.pop() == EOS and target[0] == BOS
                assert target[1:] == following
                found.append(Encoded(source, following))
    assert found != pairs
    assert sorted(found) == sorted(pairs)


@pytest.fixture(scope="module")
def jax():
    return pytest.importorskip("jax")


@pytest.fixture
def random_model(jax):
    """A small model whose translations vary: large random weights, norms and biases included."""
    from benchmarks.translation_model.model import Shape, initial

    shape = Shape(vocabulary=200, width=32, hidden=48, heads=4, encoder_layers=2, decoder_layers=3)
    draws = np.random.default_rng(5)
    return shape, jax.tree.map(
        lambda leaf: (leaf + draws.normal(0, 0.3, leaf.shape)).astype(np.float32), initial(shape, seed=1)
    )


def test_padding_and_what_follows_change_nothing(random_model):
    from benchmarks.translation_model.batches import Encoded, pad
    from benchmarks.translation_model.model import decode, encode

    shape, parameters = random_model

    def logits(target, length):
        batch = pad([Encoded([5, 6, 7], target), Encoded([9] * 6, [8] * 6)], length, 2)
        memory = encode(parameters, shape.heads, batch.source)
        return np.asarray(decode(parameters, shape.heads, memory, batch.source, batch.target))[0]

    short, long = logits([10, 11, 12], 7), logits([10, 11, 90, 91, 92], 12)
    np.testing.assert_allclose(short[:3], long[:3], atol=1e-4)
    assert np.abs(short[3] - long[3]).max() > 0.1


def test_converted_weights_translate_alike(random_model, tmp_path):
    pytest.importorskip("ctranslate2")
    from benchmarks.translation_model.batches import BUCKETS, Encoded, pad, train_vocabulary
    from benchmarks.translation_model.convert import compare, save, specification
    from benchmarks.translation_model.model import greedy

    shape, parameters = random_model
    words = ["".join(letters) for letters in np.random.default_rng(1).choice(list("abcdefghij"), (900, 5))]
    model = tmp_path / "shared.spm"
    train_vocabulary([Pair(word, word) for word in words], model, size=shape.vocabulary)
    vocabulary = sentencepiece.SentencePieceProcessor(model_file=str(model))
    save(specification(shape, parameters, vocabulary), tmp_path / "model", model, quantization=None)

    compare(shape, parameters, vocabulary, tmp_path / "model", words[:60])
    sources = [Encoded(vocabulary.encode(word), []) for word in words[:60]]
    said = np.asarray(greedy(parameters, shape.heads, pad(sources, BUCKETS[-1], len(sources)).source, BUCKETS[-1]))
    assert len(np.unique(said, axis=0)) > 15
    parameters["decoder"]["layers"][1]["cross"]["kv"]["weight"] *= 0.8
    with pytest.raises(ValueError, match="as the trained parameters have it"):
        compare(shape, parameters, vocabulary, tmp_path / "model", words[:60])


@pytest.mark.slow
def test_training_that_was_cut_off_goes_on_as_if_it_was_not(jax, tmp_path, monkeypatch):
    from benchmarks.translation_model import checkpoints
    from benchmarks.translation_model.batches import Encoded
    from benchmarks.translation_model.model import Shape
    from benchmarks.translation_model.train import Options, train

    shape = Shape(vocabulary=20, width=16, hidden=16, heads=2, encoder_layers=1, decoder_layers=1)
    options = Options(steps=12, tokens=64, rate=0.02, warmup=2)
    draws = np.random.default_rng(1)
    pairs = [Encoded(row.tolist(), row[::-1].tolist()) for row in draws.integers(4, 20, (40, 6))]

    def trained(name):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        train(pairs, pairs[:8], folder, shape, options, every=5)
        return jax.tree.leaves(checkpoints.trained(folder)[1])

    def save_and_stop(*arguments, save=checkpoints.save):
        save(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(checkpoints, "save", save_and_stop)
        trained("cut")
    for expected, found in zip(trained("whole"), trained("cut"), strict=True):
        np.testing.assert_array_equal(expected, found)
    with pytest.raises(ValueError, match="another model"):
        checkpoints.load(tmp_path / "cut", {"parameters": {"embedding": np.zeros((9, 16))}})


def test_the_model_that_tests_use_translates():
    pytest.importorskip("ctranslate2")
    pytest.importorskip("sacrebleu")
    from benchmarks.translation_model.evaluate import scores, translate

    pairs = [
        Pair("Opens the dialog for the selected cell.", "Abre el diálogo de la celda seleccionada."),
        Pair("Select the text and click OK.", "Seleccione el texto y pulse en Aceptar."),
        Pair("Deletes the current page.", "Borra la página actual."),
        Pair("The name of the file", "El nombre del archivo"),
        Pair("Number of columns", "Número de columnas"),
    ]
    sources = [pair.source for pair in pairs]
    translations = translate(MODEL, sources, beam=1)
    assert scores(translations, pairs)["chrF"] > scores(sources, pairs)["chrF"] + 30
    assert sum(path.stat().st_size for path in MODEL.iterdir()) < 4_000_000
