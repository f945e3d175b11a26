"""Batches, and what becomes of sentences with engines that crash, hang, or answer wrongly."""

import itertools
import random
import sys
import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.engines.command import Command
from transforms.engines.engine import EngineError, Translated
from transforms.errors import InputError
from transforms.translating import Batching, batch_seed, estimated_tokens, plan_batches, translate

SMALL = Batching(tokens=60, window=16)


class Upper:
    """Answers in capitals, and fails where `fails(texts)` says so."""

    name = "upper"

    def __init__(self, fails=lambda texts: None):
        self.fails, self.calls = fails, []

    def translate(self, texts, *, source, target, seed):
        self.calls.append((texts.to_pylist(), seed))
        answer = self.fails(texts.to_pylist())
        if answer is not None:
            return answer
        made = [f"{target} {text.upper()}" for text in texts.to_pylist()]
        return Translated(pa.array(made, pa.string()), np.array([len(text) for text in made], np.float32))


def run(texts, engine, **changed):
    options = {"source": "en", "target": "es", "name": "cc-100/en/part-00000", "seed": 1, "batching": SMALL}
    return translate(pa.array(texts, pa.string()), engine, **{**options, **changed})


def sentences(count, seed=1):
    generator = random.Random(seed)
    return [f"s{number} " + "x" * generator.randrange(60) for number in range(count)]


def check(texts, outcome, rejected):
    """Every sentence has its own translation, or is among those that must be rejected."""
    assert set(outcome.rejected) == {row for row, text in enumerate(texts) if text in rejected}
    for row, text in enumerate(texts):
        expected = None if text in rejected else f"es {text.upper()}"
        assert outcome.texts[row].as_py() == expected
        assert np.isnan(outcome.scores[row]) if expected is None else outcome.scores[row] == len(expected)


def test_a_sentence_is_translated_once_unless_it_should_be_said_anew():
    texts, fails = ["a b", "c", "a b", "bad", "a b", "bad"], lambda asked: [][0] if "bad" in asked else None
    once, anew = Upper(fails), Upper()
    check(texts, run(texts, once), {"bad"})
    assert sorted(text for batch, _ in once.calls if "bad" not in batch for text in batch) == ["a b", "c"]
    check(texts, run(texts, anew, once=False), set())
    assert sorted(text for batch, _ in anew.calls for text in batch) == sorted(texts)
    check([], run([], Upper()), set())


@given(st.lists(st.integers(0, 50), max_size=80), st.integers(1, 100), st.integers(1, 30))
def test_batches_are_a_partition_within_budget(lengths, tokens, window):
    batches = plan_batches(np.array(lengths, np.int64), Batching(tokens=tokens, window=window))
    assert sorted(row for batch in batches for row in batch.rows.tolist()) == list(range(len(lengths)))
    assert len({batch.name for batch in batches}) == len(batches)
    for batch in batches:
        longest = max(lengths[row] for row in batch.rows)
        assert len(batch.rows) == 1 or longest * len(batch.rows) <= tokens
        assert len({row // window for row in batch.rows.tolist()}) == 1
    for one, other in itertools.pairwise(batches):
        if one.name.split(".")[0] == other.name.split(".")[0]:
            assert min(lengths[row] for row in one.rows) >= max(lengths[row] for row in other.rows)
            assert max(1, lengths[one.rows[0]]) * (len(one.rows) + 1) > tokens  # no room was left


def test_batches_do_not_depend_on_other_windows():
    lengths = np.random.default_rng(1).integers(1, 50, 64)
    whole = plan_batches(lengths, SMALL)
    alone = plan_batches(lengths[:16], SMALL)
    moved = plan_batches(np.concatenate([lengths[16:32], lengths[:16]]), SMALL)[-len(alone) :]
    for part in (alone, moved):
        assert [(batch.rows % 16).tolist() for batch in part] == [batch.rows.tolist() for batch in whole[: len(alone)]]
    assert [batch.name.removeprefix("1.") for batch in moved] == [batch.name.removeprefix("0.") for batch in alone]


def test_tokens_are_estimated_by_bytes():
    assert estimated_tokens(pa.array(["", "abcd", "日本語"])).tolist() == [1, 2, 3]


def test_translations_return_to_the_order_of_the_sentences():
    texts = sentences(200)
    engine = Upper()
    outcome = run(texts, engine)
    check(texts, outcome, set())
    assert outcome.calls == len(engine.calls) > 20 and not outcome.failures


def test_no_sentences_are_no_calls():
    outcome = run([], Upper())
    assert len(outcome.texts) == len(outcome.scores) == outcome.calls == 0


def test_a_batch_gets_the_same_seed_again_and_no_other_does():
    one, again, other = Upper(), Upper(), Upper()
    for engine, seed in ((one, 1), (again, 1), (other, 2)):
        run(sentences(100), engine, seed=seed)
    assert one.calls == again.calls
    seeds = [seed for _, seed in one.calls + other.calls]
    assert len(set(seeds)) == len(seeds) and max(seeds) < 2**63
    assert batch_seed(1, "a") != batch_seed(1, "b")


@pytest.mark.parametrize("error", [EngineError("boom"), RuntimeError("boom"), KeyError("boom")])
def test_bad_sentences_are_rejected_alone(error):
    texts = sentences(100)
    bad = {texts[3], texts[40], texts[41]}

    def fails(asked):
        if bad & set(asked):
            raise error

    outcome = run(texts, Upper(fails))
    check(texts, outcome, bad)
    assert all("batch cc-100/en/part-00000 en-es" in why and "boom" in why for why in outcome.rejected.values())
    assert {failure.then for failure in outcome.failures} == {"halved", "tried again", "rejected"}
    halved = [failure for failure in outcome.failures if failure.then == "halved"]
    assert all(failure.sentences > 1 for failure in halved) and "/" not in halved[0].batch.split(" ")[-1]


def test_an_engine_that_crashes_at_random_loses_nothing():
    generator, texts = random.Random(5), sentences(300)

    def fails(asked):
        if generator.random() < 0.3:
            raise EngineError("crashed")

    outcome = run(texts, Upper(fails))
    check(texts, outcome, {texts[row] for row in outcome.rejected})
    assert 0 < len(outcome.rejected) < 60 and outcome.calls > len(outcome.failures) > 20


@pytest.mark.parametrize(
    "change", [lambda made: made[:-1], lambda made: [*made, "more"], lambda made: [*made[1:], None]]
)
def test_wrong_answers_are_not_taken(change):
    texts = sentences(40)

    def fails(asked):
        if len(asked) > 1:
            made = change([text.upper() for text in asked])
            return Translated(pa.array(made, pa.string()), np.zeros(len(made), np.float32))
        return None

    outcome = run(texts, Upper(fails))
    check(texts, outcome, set())
    assert all("gave" in failure.message for failure in outcome.failures) and outcome.failures


def test_an_engine_that_always_fails_ends_it(caplog):
    def fails(asked):
        raise EngineError("no licence")

    engine = Upper(fails)
    with pytest.raises(InputError, match=r"engine upper failed 8 times in a row from en to es.*no licence; when it"):
        run(sentences(100), engine, batching=Batching(tokens=60, window=16, patience=8))
    assert len(engine.calls) == 8
    assert "batch cc-100/en/part-00000 en-es 0.0 of" in caplog.text and "was halved: no licence" in caplog.text


def test_what_no_batch_can_change_is_not_tried_again():
    def fails(asked):
        raise InputError("no such model")

    engine = Upper(fails)
    with pytest.raises(InputError, match="no such model"):
        run(sentences(100), engine)
    assert len(engine.calls) == 1


PROGRAM = """
import sys, time
lines = [line.rstrip("\\n") for line in sys.stdin]
if any(line.startswith("hang") for line in lines): time.sleep(60)
if any(line.startswith("crash") for line in lines): sys.exit(1)
if any(line.startswith("short") for line in lines): lines = lines[:-1]
sys.stdout.write("".join("es " + line.upper() + chr(10) for line in lines))
"""


def test_a_program_that_hangs_crashes_and_forgets_a_line_is_survived():
    texts = [f"{number} house" for number in range(24)]
    bad = {"hang on", "crash it", "short of one"}
    texts[5], texts[13], texts[20] = sorted(bad)
    started = time.monotonic()
    with Command(command=[sys.executable, "-c", PROGRAM], seconds=0.5) as engine:
        outcome = run(texts, engine, batching=Batching(tokens=1000, window=64))
    assert time.monotonic() - started < 30
    assert {texts[row] for row in outcome.rejected} == bad
    assert [text.as_py() for text in outcome.texts] == [None if t in bad else f"es {t.upper()}" for t in texts]
    why = {texts[row]: message for row, message in outcome.rejected.items()}
    assert "took longer than 0.5 s" in why["hang on"] and "exit code 1" in why["crash it"]
    assert "gave 0 answers to 1 sentences" in why["short of one"]
