"""Deduplication as a graph: hashes cross the shuffle, signatures and texts are read where they lie.

    tasks -> EmitBands -> (group by partition of the hash space) -> Connect -> Components -> Remove -> records

A task is one part. The documents of a group (a language, or everything) meet in the buckets of LSH and are joined
where they are alike; the joined documents of all partitions make components, and of each component one document
stays. The result knows nothing of partitions, workers or order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.pvalue import AsDict, TaggedOutput

from babelmill.format import REMOVALS, File, FormatError, Ledger
from transforms import components, lsh
from transforms.components import Reason
from transforms.journal import Record, Task
from transforms.matching import connect
from transforms.parts import Part, byte_lengths, kept_mask, names, removed_rows
from transforms.signatures import Documents, numbers, signed_rows, split
from transforms.storage import WorkDirectory
from transforms.tasks import BAD_INPUT, Plan, do

REASONS = ("exact_duplicate", "near_duplicate")

REMOVAL = np.dtype([("document", "<u8"), ("survivor", "<u8"), ("reason", "i1")])
"""A document that goes, the one that stays for it, and why: an index into `REASONS`."""


@dataclass
class Deduplicate(beam.PTransform):
    """From the tasks of a plan to the records of their removal lists.

    Args:
        stage: the stage's name, for the journal.
        root: the work directory.
        plan: name of the plan, whose tasks number the parts.
        threshold: Jaccard similarity of shingle sets from which two documents are alike.
        margin: where the estimate lies within this of the threshold, texts decide.
        bands, rows: of LSH; `bands=0` finds exact duplicates only.
        shingle: tokens in a shingle.
        partitions: groups of the shuffle; the result does not depend on it.
        stop: end the run at the first part that fails.

    Expands a PCollection[str] of tasks to a PCollection[str] of records.
    """

    stage: str
    root: str
    plan: str
    threshold: float
    margin: float
    bands: int
    rows: int
    shingle: int
    partitions: int
    stop: bool = False

    def expand(self, tasks):
        """See the module."""
        emit = EmitBands(root=self.root, bands=self.bands, rows=self.rows, partitions=self.partitions)
        emitted = tasks | "Bands" >> beam.ParDo(emit).with_outputs("failures", main="bands")
        removals = (
            emitted.bands
            | "By partition" >> beam.GroupByKey()
            | "Connect" >> beam.Map(self.connect).with_output_types(bytes)
            | "Components" >> beam.CombineGlobally(Components())
            | "Survivors" >> beam.FlatMap(removals_by_part).with_output_types(tuple[int, bytes])
        )
        failures = AsDict(emitted.failures)
        numbered = tasks | "Number" >> beam.Map(numbered_task).with_output_types(tuple[int, str])
        return (
            {"task": numbered, "removals": removals}
            | "Join" >> beam.CoGroupByKey()
            | "Remove" >> beam.Map(self.remove, failures).with_output_types(str)
        )

    def connect(self, partition: tuple[int, Iterable[bytes]]) -> bytes:
        """The forest (`components.NODE` as bytes) of the documents that are alike in one partition's buckets."""
        documents = documents_of(self.root, self.plan, self.shingle)
        found = lsh.buckets(lsh.concatenate(partition[1]))
        matches = connect(found, documents, threshold=self.threshold, margin=self.margin, rows=self.rows)
        joined = np.unique(matches.edges)
        signed = documents.sign(joined)
        return components.forest(
            matches.edges, joined, text_hash=signed.hash, score=signed.score, characters=signed.characters
        ).tobytes()

    def remove(self, element: tuple[int, dict], failures: Mapping[str, str]) -> str:
        """Write the removal list of one part, given its task and what goes of it; returns its record."""
        (text,) = element[1]["task"]
        task, work = Task.from_json(text), WorkDirectory(Path(self.root))
        if "finished" in task.job:
            return task.job["finished"]
        removals = np.frombuffer(b"".join(element[1]["removals"]), REMOVAL)

        def write(work: WorkDirectory, task: Task) -> Record:
            if task.job["group"] in failures:
                raise FormatError(f"not done, since a part of its group cannot be read: {failures[task.job['group']]}")
            return write_removals(work, task, removals, part_names(work, self.plan))

        return do(self.stage, work, task, write, stop=self.stop).to_json()


def numbered_task(text: str) -> tuple[int, str]:
    """A task under the number of its part."""
    return Task.from_json(text).job["number"], text


def group_number(group: str) -> int:
    """A 64-bit number of a group's name."""
    return int.from_bytes(hashlib.blake2b(group.encode(), digest_size=8).digest(), "little")


@dataclass
class EmitBands(beam.DoFn):
    """A part's documents by the buckets that they fall into, packed by partition.

    Yields (partition, array of `lsh.ENTRY` as bytes); to `failures` (group, message) for a part that cannot be read:
    then no part of its group can be deduplicated.
    """

    root: str
    bands: int
    rows: int
    partitions: int

    def process(self, text: str) -> Iterator[tuple[int, bytes] | TaggedOutput[Literal["failures"], tuple[str, str]]]:
        """One part."""
        task, work = Task.from_json(text), WorkDirectory(Path(self.root))
        try:
            files = files_of(task)
            part = Part.open(work, files["signatures"])
            work.check(files["part"])
            kept = kept_mask(part.rows, removed_rows(work, files.get("rejects")))
        except BAD_INPUT as error:
            yield TaggedOutput("failures", (task.job["group"], str(error)))
            return
        entries: list[list[bytes]] = [[] for _ in range(self.partitions)]
        start, group = 0, group_number(task.job["group"])
        for batch in part.batches():
            signed = signed_rows(batch)
            rows = np.flatnonzero(kept[start : start + batch.num_rows])
            hashes = lsh.band_hashes(
                signed.minhash[rows], signed.hash[rows], group=group, bands=self.bands, rows=self.rows
            )
            documents = numbers(task.job["number"], rows + start)
            for packed, chunk in zip(
                entries, lsh.partition(hashes, documents, partitions=self.partitions), strict=True
            ):
                packed.append(chunk.tobytes())
            start += batch.num_rows
        for number, packed in enumerate(entries):
            if any(packed):
                yield number, b"".join(packed)


class Components(beam.CombineFn):
    """Merges forests; an accumulator holds only documents that have a duplicate."""

    def create_accumulator(self) -> bytes:
        """No document."""
        return b""

    def add_input(self, accumulator: bytes, forest: bytes) -> bytes:
        """Merge one forest."""
        return self.merge_accumulators([accumulator, forest])

    def merge_accumulators(self, accumulators: Iterable[bytes]) -> bytes:
        """Merge all, in any order, to the same bytes."""
        return components.merge(components.parse(data) for data in accumulators).tobytes()

    def extract_output(self, accumulator: bytes) -> bytes:
        """The forest."""
        return accumulator


def removals_by_part(forest: bytes) -> Iterator[tuple[int, bytes]]:
    """Who goes, as arrays of `REMOVAL`, by part."""
    found = components.survivors(components.parse(forest))
    goes = found.reason != Reason.SURVIVOR
    removals = np.empty(int(goes.sum()), REMOVAL)
    removals["document"], removals["survivor"] = found.document[goes], found.survivor[goes]
    removals["reason"] = np.where(found.reason[goes] == Reason.EXACT_DUPLICATE, 0, 1)
    parts, _ = split(removals["document"])
    for part in np.unique(parts):
        yield int(part), removals[parts == part].tobytes()


def write_removals(work: WorkDirectory, task: Task, removals: np.ndarray, part_names: Mapping[int, str]) -> Record:
    """Write the list of one part: rows, reasons, and the document that stays for each.

    Args:
        work: the work directory.
        task: the part's.
        removals: of `REMOVAL`, any order.
        part_names: names of the parts by number.
    """
    removals = np.sort(removals, order="document")
    _, rows = split(removals["document"])
    parts, survivors = split(removals["survivor"])
    keepers = [f"{part_names[part]}#{row}" for part, row in zip(parts.tolist(), survivors.tolist(), strict=True)]
    columns = [pa.array(rows, pa.int32()), names(removals["reason"], REASONS), pa.array(keepers, pa.string())]
    with work.write_arrow(f"dedup/{task.name}.arrow", REMOVALS) as writer:
        writer.write(pa.record_batch(columns, schema=REMOVALS))
    counts = np.bincount(removals["reason"], minlength=len(REASONS))
    ledger = Ledger(
        documents=task.job["documents"],
        kept=task.job["documents"] - rows.size,
        dropped={reason: int(count) for reason, count in zip(REASONS, counts, strict=True) if count},
        bytes=task.job["bytes"] - _bytes_of(work, files_of(task)["part"], rows),
    )
    return Record(
        name=task.name,
        parameters=task.parameters,
        inputs=task.inputs,
        files={"removals": writer.file},
        ledger={task.job["language"]: ledger},
        facts={"language": task.job["language"]},
    )


def _bytes_of(work: WorkDirectory, file: File, rows: np.ndarray) -> int:
    """Bytes of the texts in rows of a clean part."""
    lengths = [byte_lengths(batch.column("text")) for batch in Part.map(work.map_arrow(file)).batches()]
    return int(np.concatenate([np.zeros(0, np.int32), *lengths])[rows].sum())


def files_of(task: Task) -> dict[str, File]:
    """The files of a task's part by role."""
    return {role: File(**file) for role, file in task.job["files"].items()}


def part_names(work: WorkDirectory, plan: str) -> dict[int, str]:
    """Names of a plan's parts by number."""
    return {task.job["number"]: task.name for task in Plan.read(work, plan).todo}


def documents_of(root: str, plan: str, shingle: int) -> Documents:
    """Where the documents of a plan's parts are; read once a process, and again when the plan was written anew."""
    return _documents(root, plan, shingle, Path(root, plan).stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _documents(root: str, plan: str, shingle: int, _written: int) -> Documents:
    work = WorkDirectory(Path(root))
    files = {task.job["number"]: files_of(task) for task in Plan.read(work, plan).todo}
    return Documents(
        work=work,
        signature_files={number: roles["signatures"] for number, roles in files.items()},
        text_files={number: roles["part"] for number, roles in files.items()},
        shingle=shingle,
    )
