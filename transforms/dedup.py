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

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Protocol, TypeVar

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.pvalue import AsMultiMap, TaggedOutput

from babelmill.format import REMOVALS, File, FormatError, Ledger
from transforms import lsh, scratch
from transforms.components import Reason, flatten, joined, survivors, unite_pairs
from transforms.journal import Record, Task, kind_of
from transforms.lsh import Partitions
from transforms.matching import PIECE, Likeness, connect
from transforms.minhash import sign
from transforms.pairs import first_equal
from transforms.parts import By, Part, compared_rows, kept_mask, names, removed_rows, text_bytes
from transforms.places import Stamp
from transforms.signatures import Documents, rows_of
from transforms.storage import WorkDirectory
from transforms.tasks import BAD_INPUT, Plan, StopRun, do

REASONS = ("exact_duplicate", "near_duplicate")

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
        numbers = joined(roots)
        text_hash, score, characters = documents.columns(numbers, ["hash", "score", "characters"])
        other = documents.columns(numbers, ["other"])[0] if self.keep > 1 else None
        found = survivors(
            numbers,
            roots[numbers],
            text_hash=text_hash,
            score=score,
            characters=characters,
            other=other,
            keep=self.keep,
        )
        goes = found.reason != Reason.SURVIVOR
        reasons = np.where(found.reason[goes] == Reason.EXACT_DUPLICATE, 0, 1).astype(np.int8)
        return "verdicts", scratch.write(documents.work, scratch.VERDICTS, numbers[goes], found.survivor[goes], reasons)

    def remove(self, text: str, failures: Told[str], verdicts: Told[str]) -> str:
        """Write the removal list of one part, given its task; returns its record."""
        task, documents = Task.from_json(text), self.documents()
        (file,) = verdicts["verdicts"]
        if "finished" in task.job:
            return task.job["finished"]

        def write(work: WorkDirectory, task: Task) -> Record:
            for failure in failures[task.job["group"]]:
                raise FormatError(f"not done, since a part of its group cannot be read: {failure}")
            return write_removals(work, task, documents, *scratch.read(work, file, scratch.VERDICTS))

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
        work = documents.work
        if failures and list(failures[task.job["group"]]):
            return
        try:
            files = files_of(task)
            part = Part.open(work, files["signatures"])
            work.local(files["part"])
            kept = kept_mask(part.rows, removed_rows(work, files.get("rejects")))
        except BAD_INPUT as error:
            if failures is not None:
                raise StopRun.because(str(error)) from error
            yield TaggedOutput("failures", (task.job["group"], str(error)))
            return
        first, rows = documents.start(task.name), np.flatnonzero(kept)
        stands = rows[first_equal(_hashes(part)[rows])]
        again = rows != stands
        if failures is None and again.any():
            numbers = [(first + some[again]).astype(np.int32) for some in (stands, rows)]
            yield TaggedOutput("twins", ("twins", scratch.write(work, scratch.EDGES, *numbers)))
        rows, bands = rows[~again], self.partitions.bands_of(self.chosen)
        columns = [np.empty((len(bands), 0), lsh.ENTRY)]
        if self.settings.likeness and self.settings.by:
            part = Part.open(work, files["part"])
        for start, end, batch in zip(part.starts, part.starts[1:], part.batches(), strict=False):
            mine = rows[slice(*np.searchsorted(rows, [start, end]))] - start
            columns.append(self.entries(batch, mine, first + start, bands, group_number(task.job["group"])))
        for band, entries in zip(bands, np.concatenate(columns, axis=1), strict=True):
            for partition, dealt in self.partitions.deal(entries, band):
                if partition in self.chosen:
                    yield partition, (band, dealt.tobytes())

    def entries(self, batch: pa.RecordBatch, rows: np.ndarray, start: int, bands: range, group: int) -> np.ndarray:
        """Entries of some rows of a batch, `ENTRY` (bands, rows); documents are numbered from `start`.

        The batch is one of signatures, and of texts where near duplicates among pairs are sought.
        """
        documents, settings = (rows + start).astype(np.int32), self.settings
        if settings.likeness is None:
            return lsh.text_entries(rows_of(batch.column("hash"), "hash")[rows], documents, group=group)
        if settings.by is None:
            minhash = rows_of(batch.column("minhash"), "minhash")[rows]
        else:
            minhash = sign(compared_rows(batch, rows, settings.by), words=settings.shingle).minhash
        return lsh.band_entries(minhash, documents, group=group, bands=bands, rows=settings.likeness.rows)


def _hashes(part: Part) -> np.ndarray:
    """The 128-bit hashes of a part of signatures, uint64 (rows, 2)."""
    columns = (rows_of(batch.column("hash"), "hash") for batch in part.batches())
    return np.concatenate([np.zeros((0, 2), np.uint64), *columns])


def _forest(work: WorkDirectory, forest: Told[str]) -> np.ndarray:
    (name,) = forest["forest"]
    return scratch.read(work, name, scratch.FOREST)[0]


def group_number(group: str) -> int:
    """A 64-bit number of a group's name."""
    return int.from_bytes(hashlib.blake2b(group.encode(), digest_size=8).digest(), "little")


def write_removals(
    work: WorkDirectory,
    task: Task,
    documents: Documents,
    numbers: np.ndarray,
    survivors: np.ndarray,
    reasons: np.ndarray,
) -> Record:
    """Write the list of one part: rows, reasons, and the document that stays for each.

    Args:
        work: the work directory.
        task: the part's.
        documents: all of the run.
        numbers, survivors, reasons: verdicts on all parts, see `scratch.VERDICTS`.
    """
    part = files_of(task)["part"]
    start = documents.start(task.name)
    mine = slice(*np.searchsorted(numbers, [start, start + part.rows]))
    rows, reason = numbers[mine] - start, reasons[mine]
    parts, places = documents.locate(survivors[mine])
    keepers = [f"{documents.names[part]}#{row}" for part, row in zip(parts.tolist(), places.tolist(), strict=True)]
    columns = [pa.array(rows, pa.int32()), names(reason, REASONS), pa.array(keepers, pa.string())]
    with work.write_arrow(f"dedup/{task.name}.arrow", REMOVALS) as writer:
        writer.write(pa.record_batch(columns, schema=REMOVALS))
    counts, sizes = np.bincount(reason, minlength=len(REASONS)), _bytes_of(work, part, rows)
    ledger = Ledger(
        documents=task.job["documents"],
        kept=task.job["documents"] - rows.size,
        dropped={reason: int(count) for reason, count in zip(REASONS, counts, strict=True) if count},
        bytes=task.job["bytes"] - int(sizes.sum()),
    )
    facts = {"language": task.job["language"]}
    if "sides" in task.job:
        facts |= {"languages": task.job["languages"], "sides": (np.array(task.job["sides"]) - sizes).tolist()}
    return Record(
        name=task.name,
        parameters=task.parameters,
        inputs=task.inputs,
        files={"removals": writer.file},
        ledger={task.job["language"]: ledger},
        facts=facts,
    )


def _bytes_of(work: WorkDirectory, file: File, rows: np.ndarray) -> np.ndarray:
    """Bytes of the texts in rows of a clean part, int64: in all; of pairs, of each side."""
    lengths = [text_bytes(batch) for batch in Part.map(work.map_arrow(file)).batches()]
    return np.concatenate(lengths, axis=1)[:, rows].sum(axis=1, dtype=np.int64) if lengths else np.zeros(1, np.int64)


def files_of(task: Task) -> dict[str, File]:
    """The files of a task's part by role."""
    return {role: File(**file) for role, file in task.job["files"].items()}


def documents_of(root: str, plan: str, shingle: int, by: By | None = None) -> Documents:
    """The documents of a plan's parts, or its pairs; read once a process, and again when the plan was written anew."""
    return _documents(root, plan, shingle, by, WorkDirectory(root).stamp(plan))


@lru_cache(maxsize=4)
def _documents(root: str, plan: str, shingle: int, by: By | None, _written: Stamp | None) -> Documents:
    work, kind = WorkDirectory(root), "pairs" if by else "documents"
    tasks = [task for task in Plan.read(work, plan).todo if kind_of(task.name) == kind]
    tasks.sort(key=lambda task: (task.job["group"], task.name))
    files = [files_of(task) for task in tasks]
    starts = np.cumsum([0, *(roles["part"].rows for roles in files)])
    groups = [task.job["group"] for task in tasks]
    return Documents(
        work=work,
        names=[task.name for task in tasks],
        starts=starts,
        groups=np.array([starts[groups.index(group)] for group in sorted(set(groups))], np.int64),
        signature_files=[roles["signatures"] for roles in files],
        text_files=[roles["part"] for roles in files],
        score_files=[roles.get("scores", roles["signatures"]) for roles in files],
        shingle=shingle,
        by=by,
    )
