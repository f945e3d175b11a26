import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_bitexts import bitext, word

from transforms.lexicon.calibration import area
from transforms.lexicon.learning import LexiconOptions, learn
from transforms.lexicon.saving import save
from transforms.storage import WorkDirectory

TOY = ("xa", "xb")


@pytest.fixture(scope="module")
def lexicon():
    return learn(*bitext(4000), languages=TOY)


def test_the_dictionary_is_found(lexicon):
    for number in range(50):
        assert lexicon.translations(word(number), 1)[0].word == word(number, target=True)
        assert lexicon.translations(word(number, target=True), 1, reverse=True)[0].word == word(number)


def test_true_pairs_are_told_from_shuffled_ones_that_were_not_met(lexicon):
    source, target = bitext(2000, seed=2)

    true = lexicon.score(source, target)
    shuffled = lexicon.score(source, target.take(pa.array(np.roll(np.arange(2000), 700))))

    assert true.dtype == np.float32 and true.shape == (2000,)
    assert area(true, shuffled) > 0.99
    assert (true > 0.5).mean() > 0.95 and (shuffled < 0.5).mean() > 0.95
    assert lexicon.facts["area"] == pytest.approx(area(true, shuffled), abs=0.01)


def test_wrong_pairs_in_the_sample_are_not_learnt_by_heart():
    source, target = bitext(2000, words=2000)
    wrong = np.arange(1, 2000, 20)
    places = np.arange(2000)
    places[wrong] = np.roll(wrong, 7)
    target = target.take(pa.array(places))

    # All that two words ever have to do with each other may be one pair.
    found = learn(source, target, languages=TOY, options=LexiconOptions(at_least=1)).score(source, target)

    right = np.ones(2000, bool)
    right[wrong] = False
    assert area(found[right], found[~right]) > 0.99


def test_facts_tell_how_it_was_learnt(lexicon):
    facts = lexicon.facts

    assert facts["learnt"] + sum(facts["left_out"].values()) + facts["calibrated"] == 4000
    assert facts["calibrated"] == 400
    likelihood = np.array(facts["log_likelihood"])
    assert likelihood.shape == (LexiconOptions().model1 + LexiconOptions().diagonal, 2)
    assert (np.diff(likelihood, axis=0) >= 0).all() and (likelihood < 0).all()
    assert facts["options"] == asdict(LexiconOptions())


def test_pairs_that_are_not_learnt_from_are_counted():
    source, target = (texts.to_pylist() for texts in bitext(40))
    # Every tenth pair is held out, so that these are not.
    for place, pair in enumerate([("", "x"), ("a b", "A, b!"), ("x " * 50, "y " * 50), ("...", "...")], start=1):
        source[place], target[place] = pair

    facts = learn(pa.array(source), pa.array(target), languages=TOY).facts

    # A text of marks alone is one word, made of its bytes.
    assert facts["left_out"] == {"empty": 1, "long": 1, "copied": 2, "links": 0}
    assert facts["learnt"] == 32


def test_untranslated_pairs_do_not_hide_translations():
    source, target = (texts.to_pylist() for texts in bitext(4000))
    for k in range(4000):
        if k % 5 < 3:
            target[k] = source[k]

    found = learn(pa.array(source), pa.array(target), languages=TOY)

    assert [found.translations(word(k), 1)[0].word for k in range(20)] == [word(k, target=True) for k in range(20)]
    # And yet a copy is no chance meeting.
    assert found.score(pa.array([source[0]]), pa.array([source[0]]))[0] > 0.9


def test_bounds_hold():
    options = LexiconOptions(words=30, entries=200, links=5000, pair_links=60)

    found = learn(*bitext(1000), languages=TOY, options=options)

    assert len(found.source.words) == len(found.target.words) == 30
    assert found.facts["entries"] <= 200
    assert found.facts["left_out"]["links"] > 0 and found.facts["left_out"]["long"] > 0


@pytest.mark.parametrize(
    ("wrong", "message"), [({"words": 0}, "words is 0"), ({"empty": 1.5}, "empty is 1.5, expected a number")]
)
def test_options_are_checked(wrong, message):
    with pytest.raises(ValueError, match=message):
        LexiconOptions(**wrong)


def test_columns_of_unequal_length_are_refused(lexicon):
    one, two = pa.array(["a"]), pa.array(["b", "c"])

    with pytest.raises(ValueError, match="1 source texts and 2 target texts"):
        learn(one, two, languages=TOY)
    with pytest.raises(ValueError, match="1 source texts and 2 target texts"):
        lexicon.score(one, two)


def test_nulls_are_refused(lexicon):
    with pytest.raises(ValueError, match="text 1 of 2 is null"):
        lexicon.score(pa.array(["a", None]), pa.array(["b", "c"]))


TEXTS = st.lists(st.tuples(*[st.text("aAbß1. 日ก\u00ad\u200b", max_size=12)] * 2), max_size=12)


@settings(max_examples=25)
@given(TEXTS)
def test_anything_can_be_learnt_from(pairs):
    source, target = (pa.array([pair[k] for pair in pairs], pa.string()) for k in (0, 1))

    found = learn(source, target, languages=TOY)

    scores = found.score(source, target)
    assert ((scores >= 0) & (scores <= 1)).all()
    for texts, reverse in ((source, False), (target, True)):
        glosses, chances = found.translate(texts, reverse=reverse)
        glosses.validate(full=True)
        assert len(glosses) == len(texts) and ((chances >= 0) & (chances <= 1)).all()


PROGRAM = """
import sys
from toy_bitexts import bitext
from transforms.lexicon.learning import learn
from transforms.lexicon.saving import save
from transforms.storage import WorkDirectory
save(learn(*bitext(1000), languages=("xa", "xb")), WorkDirectory(sys.argv[1]), "lexicon")
"""


def test_the_same_bytes_whatever_the_number_of_threads(tmp_path):
    save(learn(*bitext(1000), languages=TOY), WorkDirectory(tmp_path / "here"), "lexicon")

    root = Path(__file__).parents[3]
    environment = {
        "NUMBA_NUM_THREADS": "2",
        "OMP_NUM_THREADS": "2",
        "PYTHONHASHSEED": "7",
        "PYTHONPATH": f"{root}:{root / 'tests/support'}",
    }
    subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path / "there")], env=environment, cwd=tmp_path, check=True)

    for name in ("source.arrow", "target.arrow", "table.arrow", "lexicon.json"):
        paths = [tmp_path / side / "lexicon" / name for side in ("here", "there")]
        assert paths[0].read_bytes() == paths[1].read_bytes()
