"""Deduplication of groups that a worker can hold: each is done by one worker, with no shuffle.

Most corpora are many languages or pairs of languages of which few are large. What `transforms.dedup` spreads over all
workers is here one function of a group's parts, with the same result.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import apache_beam as beam
import numpy as np

from babelmill.format import FormatError
from transforms import lsh
from transforms.components import flatten, unite_pairs
from transforms.dedup import UNREADABLE, Deduplicate
from transforms.dedup_parts import Group, Verdicts, decided, entries, group_of, standing, write_removals
from transforms.journal import Kind, Record, Task, kind_of
from transforms.matching import connect
from transforms.signatures import Documents
from transforms.storage import WorkDirectory
from transforms.tasks import BAD_INPUT, do


@dataclass
class OfGroups(beam.PTransform):
    """The tasks of one kind that are of small groups, or of large ones.

    Args:
        root: the work directory.
        plan: name of the plan.
        kind: the kind.
        largest: documents of the largest group that is small.
        small: which ones.

    Expands a PCollection[str] of tasks to one of some of them.
    """

    root: str
    plan: str
    kind: Kind
    largest: int
    small: bool

    def expand(self, tasks):
        """Choose."""
        return tasks | "Choose" >> beam.Filter(self.chosen).with_output_types(str)

    def chosen(self, text: str) -> bool:
        """Whether a task is one of them."""
        task = Task.from_json(text)
        if kind_of(task.name) != self.kind:
            return False
        return (group_of(self.root, self.plan, task).rows <= self.largest) == self.small


@dataclass
class DeduplicateGroups(beam.PTransform):
    """From the tasks of a plan to the records of their removal lists, as `Deduplicate`; the worker that has the task
    of a group's first part does all parts of it.

    Args:
        settings: as of `Deduplicate`; `passes` and `partitions` say nothing here.

    Expands a PCollection[str] of tasks to a PCollection[str] of records.
    """

    settings: Deduplicate

    def expand(self, tasks):
        """One step."""
        return tasks | "Group" >> beam.FlatMap(self.group).with_output_types(str)

    def group(self, text: str) -> Iterator[str]:
        """The records of a group, given the task of its first part; nothing for another task."""
        settings, task = self.settings, Task.from_json(text)
        group, documents = group_of(settings.root, settings.plan, task), settings.documents()
        if task.name != group.tasks[0].name:
            return
        found, failure = None, ""
        try:
            found = deduplicated(documents, group, settings)
        except BAD_INPUT as error:
            failure = str(error)

        def write(work: WorkDirectory, task: Task) -> Record:
            if found is None:
                raise FormatError(UNREADABLE.format(failure))
            return write_removals(work, task, documents, found)

        for part in group.tasks:
            finished = part.job.get("finished")
            yield finished or do(settings.stage, documents.work, part, write, stop=settings.stop).to_json()


def deduplicated(documents: Documents, group: Group, settings: Deduplicate) -> Verdicts:
    """Who goes, of the documents of one group.

    Args:
        documents: all of the run.
        group: which of them.
        settings: when documents are alike, and how many of them stay.

    Raises:
        CorruptFile: a file of a part is missing or differs from its description.
    """
    start, likeness = documents.start(group.tasks[0].name), settings.likeness
    bands = range(settings.bands if likeness else 1)
    parents, columns = np.arange(group.rows, dtype=np.int32), []
    for task in group.tasks:
        numbers, stands = standing(documents, task)
        unite_pairs(parents, stands - start, numbers - start)
        columns.append(entries(documents, task, numbers[numbers == stands], likeness, bands))
    buckets = [
        lsh.buckets(column, band=band) for band, column in zip(bands, np.concatenate(columns, axis=1), strict=True)
    ]
    edges, _ = connect(buckets, documents, likeness, piece=settings.piece)
    unite_pairs(parents, *(edges - start).T)
    flatten(parents)
    return decided(documents, parents, start=start, keep=settings.keep)
