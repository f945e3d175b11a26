"""Running stages: plan, do what is to be done as a Beam job, write the manifest, remove what no longer belongs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from babelmill.format import Ledger, total
from pipelines.imports import importing
from pipelines.progress import Progress
from pipelines.stage import Planned, Stage
from transforms.errors import stopped_by
from transforms.storage import WorkDirectoryError

if TYPE_CHECKING:
    from apache_beam import Pipeline
    from apache_beam.options.pipeline_options import PipelineOptions


class RunError(RuntimeError):
    """A run that ended early; the message is for the user."""


@dataclass(frozen=True)
class Outcome:
    """What running one stage came to.

    Attributes:
        stage: its name.
        done: tasks that were done now.
        skipped: tasks that were finished before.
        seconds: wall time.
        bytes: input bytes of the tasks that were done now.
        ledger: documents by language, of all tasks.
        failures: task name -> why it failed.
        notes: task name -> what a person should know of input that was used in part.
    """

    stage: str
    done: int
    skipped: int
    seconds: float
    bytes: int
    ledger: dict[str, Ledger]
    failures: dict[str, str]
    notes: dict[str, str]


def run_stage(stage: Stage, *, arguments: Sequence[str], progress: Progress) -> Outcome:
    """Run one stage.

    Args:
        stage: what to run; the stages that it reads have been run.
        arguments: Beam's options, as on a command line.
        progress: is told what happens.

    Raises:
        RunError: the stage could not be finished.
        NotReady: it needs another that has not been run.
    """
    start = time.monotonic()
    stage.check_manifest()
    planned = stage.plan()
    progress.start(stage, planned)
    try:
        if planned.todo:
            stage.prepare()
            _run_graph(stage, planned, arguments)
        else:
            stage.write_manifest(planned.done)
        records = stage.records()
        stage.prune(records)
        stage.finish()
    except WorkDirectoryError as error:
        raise RunError(f"{stage.name}: {error.strerror}") from error
    finally:
        progress.stop()
    failures = {record.name: record.failure for record in records if record.failure is not None}
    if failures and stage.config.on_error == "stop":
        raise RunError("{}, {}: {}".format(stage.name, *next(iter(failures.items()))))
    outcome = Outcome(
        stage=stage.name,
        done=len(planned.todo),
        skipped=len(planned.done),
        seconds=time.monotonic() - start,
        bytes=sum(task.size for task, _ in planned.todo),
        ledger=total(record.ledger for record in records),
        failures=failures,
        notes={record.name: record.facts["note"] for record in records if "note" in record.facts},
    )
    progress.end(outcome)
    return outcome


def graph(stage: Stage, plan: str, options: PipelineOptions) -> Pipeline:
    """The Beam graph that does a plan.

    Args:
        stage: the stage.
        plan: name of the plan in its work directory.
        options: Beam's.
    """
    import apache_beam as beam

    from pipelines.runner import is_local
    from transforms.tasks import ReadTasks, WriteManifest

    root = str(stage.work.root)
    # A cluster would try again what is bound to fail; there the run ends when the stage is through.
    stop = stage.config.on_error == "stop" and is_local(options)
    pipeline = beam.Pipeline(options=options)
    tasks = pipeline | "Tasks" >> ReadTasks(root=root, plan=plan)
    records = stage.expand(tasks, root, plan, stop)
    _ = records | "Manifest" >> WriteManifest(root=root, plan=plan)
    return pipeline


def _run_graph(stage: Stage, planned: Planned, arguments: Sequence[str]) -> None:
    # Beam takes a second to import, and a stage with nothing to do should not wait for it.
    with importing():
        from pipelines.brisk import brisk
        from pipelines.runner import is_local, lanes, pipeline_options, run_to_end
        from transforms.tasks import Plan, deal

    options = pipeline_options(arguments)
    todo = [task for task, _ in planned.todo]
    plan = Plan(
        stage=stage.name,
        parameters=stage.settings(),
        manifest=stage.manifest,
        todo=deal(todo, lanes(options), stage.weights(todo, options)),
        done=list(planned.done),
    ).write(stage.work)
    try:
        with brisk() if is_local(options) else contextlib.nullcontext():
            run_to_end(graph(stage, plan, options), stage=stage.name, work=stage.work)
    except Exception as error:
        message = stopped_by(error)
        if message is not None:
            raise RunError(message) from error
        if is_local(options):
            raise
        raise RunError(f"{stage.name}: the job failed: {error}\nrun it again: finished parts are kept") from error
