"""What is different about Beam while Babelmill runs it here."""

import apache_beam as beam
import pytest
from apache_beam.runners.worker import statesampler
from apache_beam.utils.counters import CounterFactory

from pipelines.runner import LOOK, brief_looks, pipeline_options, run_to_end
from transforms.storage import WorkDirectory


def period():
    """Milliseconds between two looks of a new sampler."""
    return statesampler.StateSampler("step", CounterFactory()).sampling_period_ms


def test_workers_look_often_while_a_stage_runs(tmp_path):
    before, seen = period(), tmp_path / "seen"

    def look(_):
        seen.write_text(str(statesampler.get_current_tracker().sampling_period_ms))

    pipeline = beam.Pipeline(options=pipeline_options(["--direct_num_workers=1"]))
    _ = pipeline | beam.Impulse() | beam.Map(look)
    run_to_end(pipeline, stage="clean", work=WorkDirectory(tmp_path))
    assert int(seen.read_text()) == LOOK < before
    assert period() == before


def test_beam_is_as_it_was_when_a_stage_has_failed():
    before = period()
    with pytest.raises(ZeroDivisionError), brief_looks():
        _ = 1 / 0
    assert period() == before
