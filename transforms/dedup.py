"""Deduplication as a graph: hashes cross the shuffle, all else is read and written where it lies.

    tasks -> EmitBands -> (group by partition of the hashes) -> Connect -> Merge -> Survivors -> Remove -> records

A task is one part. Of its equal texts the first stands for all, which are joined to it. The documents of a group (a
language, or everything) meet in the buckets of LSH and are joined where they are alike; the pairs that join them are
united to a forest, and of each of its components one document stays. The result knows nothing of partitions, workers or
order.

A runner that keeps what is shuffled in memory is given the partitions in several passes, each of which starts when the
one before has merged its forest. Forests are files below `.babelmill/dedup`, of which the graph sees only the names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

import apache_beam as beam
import numpy as np
from apache_beam.pvalue import AsMultiMap, TaggedOutput

from babelmill.format import FormatError
from transforms import lsh, scratch
from transforms.components import flatten, unite_pairs
from transforms.dedup_parts import decided, documents_of, entries, standing, write_removals
from transforms.journal import Record, Task
from transforms.lsh import Partitions
from transforms.matching import PIECE, Likeness, connect
from transforms.parts import By
from transforms.signatures import Documents
from transforms.storage import WorkDirectory
from transforms.tasks import BAD_INPUT, StopRun, do

UNREADABLE = "not done, since a part of its group cannot be read: {}"
"""Why a part is not deduplicated that can be read itself."""

Key = TypeVar("Key", int, str, contravariant=True)


class Told(Protocol[Key]):
    """A side input: strings by key, none for a key that is not there."""

    def __getitem__(self, key: Key, /) -> Iterable[str]: ...


@dataclass
class Deduplicate(beam.PTransform):
    """From the tasks of a plan to the records of their removal lists.

    Args:
        stage: the stage's name, for the journal.
        root: the work directory.
        plan: name of the plan.
        likeness: when two documents are alike; None: when their texts are equal.
        bands: of LSH.
        shingle: tokens in a shingle.
        passes: in how many the partitions are dealt with.
        partitions: groups of the shuffle in a pass; the result depends on neither.
        piece: documents whose signatures a worker has in memory at a time.
        stop: end the run at the first part that fails.
        by: what is compared of pairs; None: these are the documents of the plan.
        keep: how many stay of pairs that are alike in one side and differ in the other.

    Expands a PCollection[str] of tasks to a PCollection[str] of records.
    """

    stage: str
    root: str
    plan: str
    likeness: Likeness | None
    bands: int
    shingle: int
    passes: int = 1
    partitions: int = 8
    piece: int = PIECE
    stop: bool = False
    by: By | None = None
    keep: int = 1

    def expand(self, tasks):
        """See the module."""
        partitions = Partitions.at_least(self.passes * self.partitions, bands=self.bands if self.likeness else 1)
        passes = [chosen for chosen in np.array_split(np.arange(partitions.count), self.passes) if chosen.size]
        # All other kinds of side inputs Dataflow's client gives a coder that may pickle.
        forest: tuple = ()
        failures: tuple = ()
        for number, chosen in enumerate(passes):
            emit = EmitBands(self, partitions, range(chosen[0], chosen[-1] + 1))
            # Annotations of tagged outputs do not reach PCollections, which would then be pickled.
            bands = beam.ParDo(emit, *failures, *forest).with_output_types(
                tuple[int, tuple[int, bytes]], failures=tuple[str, str], twins=tuple[str, str]
            )
            emitted = tasks | f"Bands {number}" >> bands.with_outputs("failures", "twins", main="bands")
            edges = (
                emitted.bands
                | f"By partition {number}" >> beam.GroupByKey()
                | f"Connect {number}" >> beam.Map(self.connect, *forest).with_output_types(tuple[int, str])
            )
            known = {"forest": forest[0]} if forest else {"twins": AsMultiMap(emitted.twins)}
            merged = (
                tasks.pipeline
                | f"Begin {number}" >> beam.Impulse()
                | f"Merge {number}"
                >> beam.Map(self.merge, emit.chosen, AsMultiMap(edges), **known).with_output_types(tuple[str, str])
            )
            forest = (AsMultiMap(merged),)
            failures = failures or (AsMultiMap(emitted.failures),)
        verdicts = merged | "Survivors" >> beam.Map(self.decide).with_output_types(tuple[str, str])
        return tasks | "Remove" >> beam.Map(self.remove, *failures, AsMultiMap(verdicts)).with_output_types(str)

    def connect(
        self, partition: tuple[int, Iterable[tuple[int, bytes]]], forest: Told[str] | None = None
    ) -> tuple[int, str]:
        """The pairs that join documents which are alike in one partition's buckets: its number, and their file."""
        documents, chunks = self.documents(), dict[int, list[bytes]]()
        for band, chunk in partition[1]:
            chunks.setdefault(band, []).append(chunk)
        buckets = [
            lsh.buckets(lsh.concatenate(chunks.pop(band)), documents.groups, band=band) for band in sorted(chunks)
        ]
        known = _forest(documents.work, forest) if forest else None
        edges, _ = connect(buckets, documents, self.likeness, forest=known, piece=self.piece)
        return partition[0], scratch.write(documents.work, scratch.EDGES, *edges.T)

    def merge(
        self,
        _: bytes,
        partitions: range,
        edges: Told[int],
        *,
        twins: Told[str] | None = None,
        forest: Told[str] | None = None,
    ) -> tuple[Literal["forest"], str]:
        """The forest of all documents, given the partitions' pairs and the forest of the pass before; its file.

        In the first pass the parts' pairs of equal texts stand for the forest.
        """
        documents = self.documents()
        parents = np.arange(len(documents), dtype=np.int32)
        if forest:
            parents[:] = _forest(documents.work, forest)
        found = [*(twins["twins"] if twins else ()), *(name for number in partitions for name in edges[number])]
        for name in found:
            unite_pairs(parents, *scratch.read(documents.work, name, scratch.EDGES))
        flatten(parents)
        return "forest", scratch.write(documents.work, scratch.FOREST, parents)

    def decide(self, forest: tuple[str, str]) -> tuple[Literal["verdicts"], str]:
        """Who goes, of all parts: a file of `scratch.VERDICTS`."""
        documents = self.documents()
        (roots,) = scratch.read(documents.work, forest[1], scratch.FOREST)
        found = decided(documents, roots, keep=self.keep)
        return "verdicts", scratch.write(documents.work, scratch.VERDICTS, *found)

    def remove(self, text: str, failures: Told[str], verdicts: Told[str]) -> str:
        """Write the removal list of one part, given its task; returns its record."""
        task, documents = Task.from_json(text), self.documents()
        (file,) = verdicts["verdicts"]
        if "finished" in task.job:
            return task.job["finished"]

        def write(work: WorkDirectory, task: Task) -> Record:
            for failure in failures[task.job["group"]]:
                raise FormatError(UNREADABLE.format(failure))
            numbers, stays, reasons = scratch.read(work, file, scratch.VERDICTS)
            return write_removals(work, task, documents, (numbers, stays, reasons))

        return do(self.stage, documents.work, task, write, stop=self.stop).to_json()

    def documents(self) -> Documents:
        """The documents of the plan."""
        return documents_of(self.root, self.plan, self.shingle, self.by)


@dataclass
class EmitBands(beam.DoFn):
    """A part's documents by the buckets that they fall into, packed by partition; of equal texts the first.

    Yields (partition, (band, array of `lsh.ENTRY` as bytes)); to `twins`, in the first pass, ("twins", file of pairs of
    a text and an earlier one that is equal); to `failures` (group, message) for a part that cannot be read: then no
    part of its group can be deduplicated.

    Attributes:
        settings: of the graph.
        partitions: how entries are dealt out.
        chosen: numbers of the partitions to emit.
    """

    settings: Deduplicate
    partitions: Partitions
    chosen: range

    def process(
        self, text: str, failures: Told[str] | None = None, _after: Told[str] | None = None
    ) -> Iterator[tuple[int, tuple[int, bytes]] | TaggedOutput]:
        """One part, when the pass before is done.

        Args:
            text: its task.
            failures: of the first pass, in a later one.

        Raises:
            StopRun: the part can no longer be read.
        """
        task, documents = Task.from_json(text), self.settings.documents()
        if failures and list(failures[task.job["group"]]):
            return
        bands = self.partitions.bands_of(self.chosen)
        try:
            numbers, stands = standing(documents, task)
            again = numbers != stands
            columns = entries(documents, task, numbers[~again], self.settings.likeness, bands)
        except BAD_INPUT as error:
            if failures is not None:
                raise StopRun.because(str(error)) from error
            yield TaggedOutput("failures", (task.job["group"], str(error)))
            return
        if failures is None and again.any():
            twins = scratch.write(documents.work, scratch.EDGES, stands[again], numbers[again])
            yield TaggedOutput("twins", ("twins", twins))
        for band, column in zip(bands, columns, strict=True):
            for partition, dealt in self.partitions.deal(column, band):
                if partition in self.chosen:
                    yield partition, (band, dealt.tobytes())


def _forest(work: WorkDirectory, forest: Told[str]) -> np.ndarray:
    (name,) = forest["forest"]
    return scratch.read(work, name, scratch.FOREST)[0]
