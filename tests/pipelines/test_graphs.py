"""The graph that each stage submits: small however many parts there are, and without pickles where data is moved."""

import shutil
from dataclasses import replace

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from graphs import moved, pickled, staged

from pipelines.backtranslate import BacktranslationStage
from pipelines.config_file import load
from pipelines.config_runner import Dataflow, Flink
from pipelines.dedup import Dedup
from pipelines.execute import graph
from pipelines.round_trip import Back
from pipelines.runner import pipeline_options
from pipelines.stages import STAGES
from transforms.storage import WorkDirectory
from transforms.tasks import Plan

PARTS = 5_000


@pytest.fixture(scope="module")
def copies(finished_pairs, translated, tmp_path_factory):
    """Copies of finished runs, in which plans may be written: one with pairs, one with back-translation."""
    folder = tmp_path_factory.mktemp("copies")
    return [shutil.copytree(run, folder / run.name) for run in (finished_pairs, translated)]


@pytest.fixture(params=STAGES, ids=lambda stage: stage.name)
def stage(request, copies):
    """Each stage of a finished run, or of one that goes on to translate back."""
    copy = copies[issubclass(request.param, BacktranslationStage)]
    settings = ["backtranslation.filters.round_trip=0.2"] if request.param is Back else []
    return request.param(load(copy / "corpus.yaml", settings), WorkDirectory(copy / "work"))


def pipeline(stage, arguments, tasks=None):
    """A stage's pipeline for some tasks; for its own if there are none."""
    tasks = stage.tasks() if tasks is None else tasks
    plan = Plan(stage.name, stage.parameters(), stage.manifest, tasks, []).write(stage.work)
    return graph(stage, plan, pipeline_options(arguments))


def many(tasks):
    """As many tasks as a large corpus has, named apart."""
    return [replace(tasks[number % len(tasks)], name=f"cc-100/de/part-{number:05d}") for number in range(PARTS)]


@pytest.mark.parametrize("arguments", [[], Flink(parallelism=64).arguments()], ids=["local", "flink"])
def test_graphs_are_small_and_pickle_nothing_that_is_moved(stage, arguments):
    proto = pipeline(stage, arguments).to_runner_api()
    assert len(list(moved(proto))) >= 2
    assert pickled(proto) == []
    large = pipeline(stage, arguments, many(stage.tasks())).to_runner_api()
    assert large.ByteSize() < min(1_000_000, proto.ByteSize() + 1000)


def test_pickles_would_be_found():
    with beam.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"])) as made:
        objects = made | beam.Create([(1, object)]) | "Untyped" >> beam.Map(lambda pair: pair)
        side = objects | "Some" >> beam.Map(lambda pair: print)
        _ = objects | "Shuffled" >> beam.GroupByKey()
        _ = made | "Begin" >> beam.Impulse() | "Told" >> beam.Map(lambda _, told: None, beam.pvalue.AsList(side))
    assert set(pickled(made.to_runner_api())) == {"Shuffled", "Told"}


def test_dataflow_takes_the_job_of_each_stage(stage):
    """As far as that goes without an account: the job, its machines and files, checked by Beam's own client."""
    apiclient = pytest.importorskip(
        "apache_beam.runners.dataflow.internal.apiclient", reason="needs the extra gcp", exc_type=ImportError
    )
    place = Dataflow(project="my-project", region="europe-west4", temp_location="gs://my-bucket/tmp")
    arguments = [*place.arguments(), "--dry_run=True", "--no_auth", f"--job_name=babelmill-{stage.name}"]
    result = pipeline(stage, arguments, many(stage.tasks())).run()
    assert (result.state, result.job.proto.name) == ("DONE", f"babelmill-{stage.name}")
    proto = result.job.proto_pipeline
    assert proto.ByteSize() < 1_000_000 and pickled(proto) == []
    assert any(name.startswith("babelmill-") and name.endswith(".whl") for name in staged(proto))
    url = "gs://my-bucket/tmp/pipeline.pb"
    described = apiclient.Environment([], result.job.options, "8", url, proto).proto
    (pool,) = (each for each in described.worker_pools if each.kind == "harness")
    assert (pool.machine_type, pool.disk_size_gb) == ("n2-highmem-2", 50)
    assert pool.autoscaling_settings.max_num_workers == 10


def test_the_first_part_of_a_small_group_weighs_as_much_as_all_of_it(copies, monkeypatch):
    stage = Dedup(load(copies[0] / "corpus.yaml", []), WorkDirectory(copies[0] / "work"))
    (one, *_) = stage.tasks()
    tasks = [
        replace(one, name=f"c/{group}/part-{number:05d}", size=10 + number, job={**one.job, "group": group})
        for group, parts in {"de": 3, "en": 1}.items()
        for number in range(parts)
    ]
    options = pipeline_options([])
    small = {"c/de/part-00000": 33, "c/de/part-00001": 0, "c/de/part-00002": 0, "c/en/part-00000": 10}
    assert stage.weights(tasks, options) == small
    monkeypatch.setattr(Dedup, "_piece", lambda *_: 2 * one.job["files"]["part"]["rows"])
    large = {"c/de/part-00000": 10, "c/de/part-00001": 11, "c/de/part-00002": 12, "c/en/part-00000": 10}
    assert stage.weights(tasks, options) == large
