"""What is different about Beam while a job is made and run in this process."""

import sys

import apache_beam as beam
import pytest
from apache_beam.runners.worker import statesampler
from apache_beam.transforms import userstate
from apache_beam.utils.counters import CounterFactory

from pipelines.brisk import LOOK, SWITCH, brisk, by_method, remembered
from pipelines.runner import pipeline_options, run_to_end
from transforms.storage import WorkDirectory


def period():
    """Milliseconds between two looks of a new sampler."""
    return statesampler.StateSampler("step", CounterFactory()).sampling_period_ms


def test_workers_look_often(tmp_path):
    before, seen = period(), tmp_path / "seen"

    def look(_):
        seen.write_text(str(statesampler.get_current_tracker().sampling_period_ms))

    with brisk():
        pipeline = beam.Pipeline(options=pipeline_options(["--direct_num_workers=1"]))
        _ = pipeline | beam.Impulse() | beam.Map(look)
        run_to_end(pipeline, stage="clean", work=WorkDirectory(tmp_path))
    assert int(seen.read_text()) == LOOK < before
    assert period() == before


def test_each_object_is_asked_about_once():
    asked = []
    ask = remembered(lambda one: asked.append(one) or len(asked))
    first, second = [], []  # equal, and without a hash
    assert [ask(first), ask(second), ask(first), ask(second)] == [1, 2, 1, 2]
    assert len(asked) == 2


def test_each_method_is_asked_about_once():
    asked = []

    class Kind:
        __hash__ = None

        def method(self, some=1):
            """Does nothing."""

        def __call__(self):
            """Does nothing, too."""

    ask = by_method(lambda one: asked.append(one) or (["some"], [1]))
    names, _ = ask(Kind().method)
    names.append("changed")
    assert ask(Kind().method) == (["some"], [1]) and len(asked) == 1
    assert ask(Kind()) == ask(Kind()) == (["some"], [1]) and len(asked) == 3


def test_beam_is_as_it_was_when_a_stage_has_failed():
    before, specs = period(), userstate.get_dofn_specs
    with pytest.raises(ZeroDivisionError), brisk():
        assert userstate.get_dofn_specs is not specs
        _ = 1 / 0
    assert period() == before and userstate.get_dofn_specs is specs


def test_threads_hand_the_interpreter_on_sooner():
    before = sys.getswitchinterval()
    assert before > SWITCH
    with brisk():
        assert sys.getswitchinterval() == pytest.approx(SWITCH)
    assert sys.getswitchinterval() == pytest.approx(before)
