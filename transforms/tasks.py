"""The graph that every stage is: tasks are dealt out, done, noted in the journal, and summed up in a manifest.

Only task descriptions and records cross a shuffle here, as short strings; text stays in files.
"""

from __future__ import annotations

import json
import os
import posixpath
import socket
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import apache_beam as beam
from apache_beam.portability import common_urns

from babelmill.format import FormatError
from transforms.errors import InputError, marked
from transforms.journal import Journal, Record, Task
from transforms.manifest import manifest_of
from transforms.once import once
from transforms.storage import STATE, WorkDirectory, WorkDirectoryError

BAD_INPUT = (InputError, FormatError)
"""Exceptions that make a task fail and leave the run going."""


class StopRun(RuntimeError):
    """Ends the whole run."""

    @classmethod
    def because(cls, message: str) -> StopRun:
        """With a message for the user, which `stopped_by` finds again."""
        return cls(marked(message))


@dataclass(frozen=True)
class Plan:
    """What one run of a stage has to do; a JSON file of the work directory, so that graphs stay small.

    Attributes:
        stage: the stage's name.
        parameters: the configuration that it runs with, as JSON values, for the manifest's reader.
        manifest: name of the manifest to write.
        todo: tasks to do, in the order in which they are dealt out.
        done: records of tasks that need not be done again.
    """

    stage: str
    parameters: dict[str, Any]
    manifest: str
    todo: list[Task]
    done: list[Record]

    @staticmethod
    def file_name(stage: str) -> str:
        """Name of a stage's plan in the work directory."""
        return f"{STATE}/plans/{stage}.json"

    def write(self, work: WorkDirectory) -> str:
        """Write the plan and return its name."""
        name = self.file_name(self.stage)
        work.write_json(
            name,
            {
                "stage": self.stage,
                "parameters": self.parameters,
                "manifest": self.manifest,
                "todo": [task.to_json() for task in self.todo],
                "done": [record.to_json() for record in self.done],
            },
        )
        return name

    @classmethod
    def read(cls, work: WorkDirectory, name: str) -> Plan:
        """Read a plan that `write` wrote."""
        values = json.loads(work.read(name))
        return cls(
            stage=values["stage"],
            parameters=values["parameters"],
            manifest=values["manifest"],
            todo=[Task.from_json(text) for text in values["todo"]],
            done=[Record.from_json(text) for text in values["done"]],
        )


def deal(tasks: Iterable[Task], lanes: int, weights: Mapping[str, int]) -> list[Task]:
    """Order tasks so that dealing them out in turn to `lanes` workers gives each about the same work.

    Largest first, to and fro: with two lanes the sizes 9 8 7 6 5 4 are dealt 9 8 | 6 7 | 5 4, which is 20 and 19.

    Args:
        tasks: in any order.
        lanes: how many workers there are.
        weights: how much work each is, by name.
    """
    ordered = sorted(tasks, key=lambda task: (-weights[task.name], task.name))
    rounds = [ordered[start : start + lanes] for start in range(0, len(ordered), lanes)]
    return [task for number, tasks in enumerate(rounds) for task in (reversed(tasks) if number % 2 else tasks)]


@dataclass
class ReadTasks(beam.PTransform):
    """The tasks of a plan, dealt out to the workers.

    Args:
        root: the work directory.
        plan: name of the plan.

    Expands the beginning of a pipeline to a PCollection[str] of tasks.
    """

    root: str
    plan: str

    def expand(self, pipeline):
        """Read, then deal."""
        return (
            pipeline
            | beam.Impulse()
            | "Read" >> beam.FlatMap(self.read).with_output_types(tuple[int, str])
            | "Deal" >> Deal()
            | "Take" >> beam.Map(_value).with_output_types(str)
        )

    def read(self, _: bytes) -> Iterator[tuple[int, str]]:
        """The tasks of the plan, numbered."""
        for number, task in enumerate(Plan.read(WorkDirectory(self.root), self.plan).todo):
            yield number, task.to_json()


def _value(numbered: tuple[int, str]) -> str:
    return numbered[1]


@dataclass(frozen=True)
class Queue:
    """The tasks of a plan, in its order, for all threads of a process.

    Args:
        plan: name of the plan.
        run: tells the queue from others of the same plan, which is written anew for each run.
    """

    plan: str
    run: str = field(default_factory=lambda: uuid.uuid4().hex)

    def tasks(self, work: WorkDirectory) -> Iterator[Task]:
        """One task after the other that nobody else gets; after an error, there are none for anybody."""
        waiting = _queued(self, str(work.root))
        try:
            while True:
                try:
                    task = waiting.popleft()
                except IndexError:
                    return
                yield task
        finally:
            waiting.clear()


@once
def _queued(queue: Queue, root: str) -> deque[Task]:
    return deque(Plan.read(WorkDirectory(root), queue.plan).todo)


class Deal(beam.PTransform):
    """Deals numbered elements out to the workers, in turn where the runner can.

    Without it the steps before and after would be one step, and one worker would do everything. It goes by the name of
    Beam's `Reshuffle`, so a cluster does what it does for that: Flink deals in turn, where groups would be dealt by
    hash and a worker might get three quarters of ten. A runner that has nothing of its own for the name makes a group
    for each element, with a third of the steps of Beam's, each of which costs a local run some milliseconds.

    Expands a PCollection[tuple[int, X]] with numbers that differ to the same PCollection.
    """

    def expand(self, numbered):
        """What a runner does that does not know the name."""
        return (
            numbered
            | "Group" >> beam.GroupByKey()
            | "Ungroup" >> beam.FlatMap(_ungrouped).with_output_types(numbered.element_type)
        )

    def to_runner_api_parameter(self, unused_context):
        """The name, and no parameter."""
        return common_urns.composites.RESHUFFLE.urn, None


def _ungrouped(group: tuple[int, Iterable[Any]]) -> Iterator[tuple[int, Any]]:
    for value in group[1]:
        yield group[0], value


@dataclass
class RunTasks(beam.PTransform):
    """Does tasks and notes each in the journal.

    Args:
        stage: the stage's name.
        root: the work directory.
        function: does one task; raises `InputError` or `FormatError` for input that cannot be used.
        stop: end the run at the first task that fails, rather than go on with the others.
        queue: where workers are threads of the process that makes the graph: each goes on with the next task of all
            until none is left, whichever it was dealt, so that none waits for another.

    Expands a PCollection[str] of tasks to a PCollection[str] of records.
    """

    stage: str
    root: str
    function: Callable[[WorkDirectory, Task], Record]
    stop: bool = False
    queue: Queue | None = None

    def expand(self, tasks):
        """One task, one record."""
        return tasks | "Do" >> beam.FlatMap(self.run).with_output_types(str)

    def run(self, text: str) -> Iterator[str]:
        """Do one task, or all that are left."""
        work = WorkDirectory(self.root)
        for task in self.queue.tasks(work) if self.queue else [Task.from_json(text)]:
            yield do(self.stage, work, task, self.function, stop=self.stop).to_json()


def do(
    stage: str,
    work: WorkDirectory,
    task: Task,
    function: Callable[[WorkDirectory, Task], Record],
    *,
    stop: bool = False,
) -> Record:
    """Do one task and note it in the journal.

    A cluster that loses a worker does the work of the others again, too; what the journal says is finished by then is
    not done twice. The old record goes first: were it left until the new files are in place, a kill between the two
    would leave a record of files that are no longer there.

    Raises:
        StopRun: the work directory cannot be written, or the task failed and `stop` is set.
    """
    journal = Journal(work, stage)
    try:
        why, finished = journal.why(task)
        if why is None and finished is not None:
            return finished
        journal.forget(task.name)
        try:
            record = function(work, task)
        except BAD_INPUT as error:
            if stop:
                raise StopRun.because(f"{stage}, {task.name}: {error}") from error
            record = Record(name=task.name, parameters=task.parameters, inputs=task.inputs, failure=str(error))
        record = replace(record, worker=f"{socket.gethostname()}:{os.getpid()}")
        journal.write(record)
    except WorkDirectoryError as error:
        raise StopRun.because(f"{stage}, {task.name}: {error.strerror}") from error
    return record


@dataclass
class WriteManifest(beam.PTransform):
    """Sums up a stage: records come in from the workers and from the plan, `manifest.json` goes out, last of all.

    Args:
        root: the work directory.
        plan: name of the plan.

    Expands a PCollection[str] of records to a PCollection[str] with the manifest's name.
    """

    root: str
    plan: str

    def expand(self, records):
        """One group of all the records: a few hundred bytes a part."""
        return (
            records
            | "Key" >> beam.Map(_keyed).with_output_types(tuple[int, str])
            | "Collect" >> beam.GroupByKey()
            | "Write" >> beam.Map(self.write).with_output_types(str)
        )

    def write(self, group: tuple[int, Iterable[str]]) -> str:
        """Write the manifest of the plan's finished records and the new ones."""
        work = WorkDirectory(self.root)
        plan = Plan.read(work, self.plan)
        done = [*plan.done, *map(Record.from_json, group[1])]
        work.write_json(
            plan.manifest, manifest_of(plan.stage, plan.parameters, done, folder=posixpath.dirname(plan.manifest))
        )
        return plan.manifest


def _keyed(record: str) -> tuple[int, str]:
    return 0, record
