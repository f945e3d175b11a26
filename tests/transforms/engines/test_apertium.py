"""The stream format always; the translator where it is installed."""

import os
import signal

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.engines.apertium import Apertium, framed, installed_modes, unframed
from transforms.errors import InputError

SENTENCES = ["I have a dog.", "A title", "My house is big.", "Where is the cat?", "The red cars run."]
needs_spanish = pytest.mark.skipif("eng-spa" not in installed_modes(), reason="apertium-eng-spa is not installed")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])).map(str.strip))
def test_a_framed_sentence_is_itself_again(sentence):
    assert unframed(framed(sentence)) == sentence.strip()


def test_no_character_of_a_sentence_is_markup():
    assert framed("a/b [x] ^q$ {d} @c <g> \\").startswith("a\\/b \\[x\\] \\^q\\$ \\{d\\} \\@c \\<g\\> \\\\")


def test_a_pair_that_is_not_installed_is_told(tmp_path):
    engine = Apertium(program=str(tmp_path / "none"))
    assert not engine.serves("en", "es")
    with pytest.raises(InputError, match="no mode from en to es, it has none; install one"):
        engine.translate(["a"], source="en", target="es", seed=1)


@needs_spanish
def test_sentences_are_translated():
    with Apertium() as engine:
        assert engine.serves("en", "es") and engine.serves("es", "en") and not engine.serves("en", "ja")
        found = engine.translate(SENTENCES, source="en", target="es", seed=1)
        assert found.texts.to_pylist()[:3] == ["Tengo un perro.", "Un título", "Mi casa es grande."]
        assert engine.tag("en", "es")["model"] == "eng-spa" and len(engine.tag("en", "es")["sha256"]) == 64


@needs_spanish
def test_no_sentence_is_taken_for_markup_or_runs_into_another():
    odd = ["", "frobnicate [x] ^a/b$ <c> @d {e} \\ #f *g", "two\nlines\0and a NUL", "...", "^", "[][\\n]", "a" * 5000]
    with Apertium() as engine:
        alone = [
            engine.translate([text], source="en", target="es", seed=1).texts[0].as_py() for text in SENTENCES + odd
        ]
        mixed = [*odd[::-1], *SENTENCES, *odd, *SENTENCES[::-1]]
        together = engine.translate(mixed, source="en", target="es", seed=1).texts.to_pylist()
    expected = dict(zip(SENTENCES + odd, alone, strict=True))
    assert together == [expected[text] for text in mixed]
    assert expected[""] == "" and "*" not in expected["I have a dog."] and "frobnicate" in expected[odd[1]]
    assert all(mark in expected[odd[1]] for mark in ("[x]", "$", "<c>", "@d", "{e}", "\\", "#f", "*g"))


@needs_spanish
def test_a_batch_is_the_same_whatever_came_before():
    """The second sentence sets a variable of Apertium's rules that the first one is translated by."""
    batches = [
        ["Sub Write(Text as String)"],
        ["from: The lower index in array_1d of the subarray to extract (from included)"],
    ]

    def translations(engine):
        made = [engine.translate(batch, source="en", target="es", seed=1) for batch in (*batches, *batches)]
        return [found.texts.to_pylist() for found in made]

    with Apertium() as engine:
        found = translations(engine)
    assert found[:2] == found[2:]


@needs_spanish
def test_a_pipeline_that_was_killed_is_started_again():
    with Apertium(fresh=False) as engine:
        first = engine.translate(SENTENCES, source="en", target="es", seed=1).texts
        for process in psutil.Process().children(recursive=True):
            if process.name() != "python":
                os.kill(process.pid, signal.SIGKILL)
        psutil.wait_procs(psutil.Process().children(recursive=True), timeout=2)
        try:
            again = engine.translate(SENTENCES, source="en", target="es", seed=1).texts
        except Exception as error:
            assert "eng-spa" in str(error)  # this batch met the dead pipeline; the next one must not
            again = engine.translate(SENTENCES, source="en", target="es", seed=1).texts
        assert again == first


@needs_spanish
def test_a_mode_may_be_named():
    with Apertium(modes={"es-en": "spa-eng_US"}) as engine:
        assert engine.tag("es", "en")["model"] == "spa-eng_US"
