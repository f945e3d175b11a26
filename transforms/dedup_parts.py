"""What deduplication reads and writes of one part, and which documents of it are looked at.

Of equal texts of a part the first stands for all: the others are joined to it and looked at no more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from babelmill.format import REMOVALS, File, Ledger
from transforms import lsh
from transforms.components import Reason, joined, survivors
from transforms.journal import Kind, Record, Task, kind_of
from transforms.matching import Likeness
from transforms.minhash import sign
from transforms.pairs import first_equal
from transforms.parts import By, Part, compared_rows, kept_mask, names, removed_rows, text_bytes
from transforms.places import Stamp
from transforms.signatures import Documents, rows_of
from transforms.storage import WorkDirectory
from transforms.tasks import Plan

REASONS = ("exact_duplicate", "near_duplicate")

Verdicts = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Documents that go, sorted, int32; those that stay for them, int32; why, int8 indices into `REASONS`."""


def standing(documents: Documents, task: Task) -> tuple[np.ndarray, np.ndarray]:
    """The documents of a part that no filter has rejected, and for each the first whose text is equal.

    Returns:
        Their numbers, int32 (n,), and those of the first ones.

    Raises:
        CorruptFile: a file of the part is missing or differs from its description.
    """
    work, files = documents.work, files_of(task)
    signatures, first = Part.open(work, files["signatures"]), documents.start(task.name)
    work.local(files["part"])
    rows = np.flatnonzero(kept_mask(signatures.rows, removed_rows(work, files.get("rejects"))))
    stands = rows[first_equal(_hashes(signatures)[rows])]
    return (first + rows).astype(np.int32), (first + stands).astype(np.int32)


def entries(
    documents: Documents, task: Task, numbers: np.ndarray, likeness: Likeness | None, bands: range
) -> np.ndarray:
    """The buckets that documents of a part fall into.

    Args:
        documents: all of the run.
        task: the part's.
        numbers: int32 (n,), sorted, of the documents.
        likeness: when two are alike; None: when their texts are equal.
        bands: which.

    Returns:
        `lsh.ENTRY` (bands, n).

    Raises:
        CorruptFile: a file of the part is missing or differs from its description.
    """
    files, group, start = files_of(task), group_number(task.job["group"]), documents.start(task.name)
    part = Part.open(documents.work, files["part" if likeness and documents.by else "signatures"])
    columns, bounds = [np.empty((len(bands), 0), lsh.ENTRY)], np.searchsorted(numbers, start + part.starts)
    for place, batch in enumerate(part.batches()):
        mine = numbers[bounds[place] : bounds[place + 1]]
        rows = mine - (start + part.starts[place])
        if likeness is None:
            columns.append(lsh.text_entries(rows_of(batch.column("hash"), "hash")[rows], mine, group=group))
            continue
        if documents.by is None:
            minhash = rows_of(batch.column("minhash"), "minhash")[rows]
        else:
            minhash = sign(compared_rows(batch, rows, documents.by), words=documents.shingle).minhash
        columns.append(lsh.band_entries(minhash, mine, group=group, bands=bands, rows=likeness.rows))
    return np.concatenate(columns, axis=1)


def decided(documents: Documents, roots: np.ndarray, *, start: int = 0, keep: int = 1) -> Verdicts:
    """Who goes, given who is alike.

    Args:
        documents: all of the run.
        roots: int32, a flattened forest of documents that follow each other.
        start: number of the first of them, which the forest calls 0.
        keep: how many stay of a component, see `survivors`.
    """
    places = joined(roots)
    numbers = places + np.int32(start)
    text_hash, score, characters = documents.columns(numbers, ["hash", "score", "characters"])
    found = survivors(
        numbers,
        roots[places] + np.int32(start),
        text_hash=text_hash,
        score=score,
        characters=characters,
        other=documents.columns(numbers, ["other"])[0] if keep > 1 else None,
        keep=keep,
    )
    goes = found.reason != Reason.SURVIVOR
    reasons = np.where(found.reason[goes] == Reason.EXACT_DUPLICATE, 0, 1).astype(np.int8)
    return numbers[goes], found.survivor[goes], reasons


def _hashes(part: Part) -> np.ndarray:
    """The 128-bit hashes of a part of signatures, uint64 (rows, 2)."""
    columns = (rows_of(batch.column("hash"), "hash") for batch in part.batches())
    return np.concatenate([np.zeros((0, 2), np.uint64), *columns])


def group_number(group: str) -> int:
    """A 64-bit number of a group's name."""
    return int.from_bytes(hashlib.blake2b(group.encode(), digest_size=8).digest(), "little")


def write_removals(
    work: WorkDirectory,
    task: Task,
    documents: Documents,
    verdicts: Verdicts,
) -> Record:
    """Write the list of one part: rows, reasons, and the document that stays for each.

    Args:
        work: the work directory.
        task: the part's.
        documents: all of the run.
        verdicts: on this part, and maybe on others.
    """
    numbers, stays, reasons = verdicts
    part = files_of(task)["part"]
    start = documents.start(task.name)
    mine = slice(*np.searchsorted(numbers, [start, start + part.rows]))
    rows, reason = numbers[mine] - start, reasons[mine]
    parts, places = documents.locate(stays[mine])
    keepers = pc.binary_join_element_wise(
        pa.array(documents.names).take(pa.array(parts)), pa.array(places).cast(pa.string()), "#"
    )
    columns = [pa.array(rows, pa.int32()), names(reason, REASONS), keepers]
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
def _documents(root: str, plan: str, shingle: int, by: By | None, written: Stamp | None) -> Documents:
    groups = _groups(root, plan, "pairs" if by else "documents", written)
    tasks = [task for group in groups.values() for task in group.tasks]
    files = [files_of(task) for task in tasks]
    starts = np.cumsum([0, *(roles["part"].rows for roles in files)])
    return Documents(
        work=WorkDirectory(root),
        names=[task.name for task in tasks],
        starts=starts,
        groups=np.cumsum([0, *(group.rows for group in groups.values())])[:-1].astype(np.int64),
        signature_files=[roles["signatures"] for roles in files],
        text_files=[roles["part"] for roles in files],
        score_files=[roles.get("scores", roles["signatures"]) for roles in files],
        shingle=shingle,
        by=by,
    )


class Group(NamedTuple):
    """Parts whose documents are compared with each other.

    Attributes:
        tasks: one for each part, in the order of their documents' numbers.
        rows: documents of all parts, rejected ones included.
    """

    tasks: tuple[Task, ...]
    rows: int


def group_of(root: str, plan: str, task: Task) -> Group:
    """The group of one of a plan's tasks."""
    return _groups(root, plan, kind_of(task.name), WorkDirectory(root).stamp(plan))[task.job["group"]]


@lru_cache(maxsize=4)
def _groups(root: str, plan: str, kind: Kind, _written: Stamp | None) -> dict[str, Group]:
    return groups_of(task for task in Plan.read(WorkDirectory(root), plan).todo if kind_of(task.name) == kind)


def groups_of(tasks: Iterable[Task]) -> dict[str, Group]:
    """The groups of tasks of one kind by name, sorted, as are the parts of each."""
    found: dict[str, list[Task]] = {}
    for task in sorted(tasks, key=lambda task: (task.job["group"], task.name)):
        found.setdefault(task.job["group"], []).append(task)
    return {
        name: Group(tuple(parts), sum(files_of(part)["part"].rows for part in parts)) for name, parts in found.items()
    }
