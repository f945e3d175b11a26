"""Tasks and their records: what is to be done, what was done, and why something must be done again.

A task is one part through one stage. When it ends, its record is written to the journal of the work directory: which
files it made (rows, bytes, sha256), the ledger of its documents, and digests of the parameters and the inputs that
the result depends on. A task whose record has the same digests, and whose files are there, is finished; that a file
exists is never a reason to skip.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from babelmill.format import File, Ledger, ledger_from_json
from transforms.places import Stamp
from transforms.storage import STATE, WorkDirectory

PAIRS, PSEUDO = "pairs", "pseudo"
"""First component of the names of what is about pairs, and of what is about pairs that a machine made."""


Kind = Literal["documents", "pairs", "pseudo"]


def kind_of(name: str) -> Kind:
    """What a task is about, by its name: those of pairs begin with `pairs/`, those of pseudo pairs with `pseudo/`."""
    return "pairs" if name.startswith(f"{PAIRS}/") else "pseudo" if name.startswith(f"{PSEUDO}/") else "documents"


def corpus_of(name: str) -> str:
    """The corpus in a task's name."""
    return name.split("/")[0 if kind_of(name) == "documents" else 1]


@dataclass(frozen=True, kw_only=True)
class Task:
    """One unit of work of a stage.

    Attributes:
        name: `corpus/language/part`, or `pairs/corpus/pair/part`; it names the record and the files.
        parameters: digest of the configuration that the result depends on.
        inputs: digest of the sha256 of all that is read; None where that is known only after reading.
        size: bytes to read, to deal tasks evenly.
        job: what the stage's function needs to know; JSON values.
    """

    name: str
    parameters: str
    inputs: str | None
    size: int
    job: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """The task as a string that can cross a shuffle."""
        return json.dumps(vars(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Task:
        """The inverse of `to_json`."""
        return cls(**json.loads(text))


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a task did.

    Attributes:
        name, parameters, inputs: the task's.
        files: files it made, by role (`part`, `signatures`, …).
        ledger: documents by language.
        facts: what else later stages need; JSON values.
        failure: why it made nothing, or None.
        worker: host and process that did it. Not in manifests: what they say does not depend on it.
    """

    name: str
    parameters: str
    inputs: str | None
    files: Mapping[str, File] = field(default_factory=dict)
    ledger: Mapping[str, Ledger] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    failure: str | None = None
    worker: str = ""

    def to_json(self) -> str:
        """The record as a string that can cross a shuffle; equal records give equal strings."""
        return json.dumps(vars(self), sort_keys=True, default=vars)

    @classmethod
    def from_json(cls, text: str) -> Record:
        """The inverse of `to_json`."""
        values = json.loads(text)
        values["files"] = {role: File(**file) for role, file in values["files"].items()}
        values["ledger"] = ledger_from_json(values["ledger"])
        return cls(**values)


@dataclass(frozen=True, kw_only=True)
class ByKind:
    """Does a task of either kind, each by a function of its own.

    Attributes:
        documents, pairs: what does a task of that kind.
    """

    documents: Callable[[WorkDirectory, Task], Record]
    pairs: Callable[[WorkDirectory, Task], Record]

    def __call__(self, work: WorkDirectory, task: Task) -> Record:
        """Do one task."""
        return self.pairs(work, task) if kind_of(task.name) == PAIRS else self.documents(work, task)


@dataclass(frozen=True)
class Journal:
    """The records of one stage in a work directory."""

    work: WorkDirectory
    stage: str

    @property
    def folder(self) -> str:
        """Name, in the work directory, of the folder of the records."""
        return f"{STATE}/journal/{self.stage}"

    def file_name(self, task: str) -> str:
        """Name, in the work directory, of a task's record."""
        return f"{self.folder}/{task}.json"

    def stamps(self) -> dict[str, Stamp]:
        """What shows when a record was written, by the name of its task, from one listing."""
        found = self.work.stamps(self.folder, ".json")
        return {name[len(self.folder) + 1 : -len(".json")]: stamp for name, stamp in found.items()}

    def write(self, record: Record) -> None:
        """Note that a task ended; its files must have their final names by now."""
        self.work.write_bytes(self.file_name(record.name), record.to_json().encode())

    def read(self, task: str) -> Record | None:
        """A task's last record, or None; one that cannot be read counts as none, and its task is done again."""
        try:
            return _parsed(self.work.read(self.file_name(task)))
        except FileNotFoundError:
            return None

    def records(self) -> dict[str, Record]:
        """The last records of all tasks that have one, by name; see `read`.

        Only those are read that were written since `sum_up`: thousands of requests take an object store minutes.
        """
        stamps, known = self.stamps(), self._summary()
        found = {task: known[task][1] for task, stamp in stamps.items() if task in known and known[task][0] == stamp}
        names = {self.file_name(task): task for task in stamps.keys() - found.keys()}
        read = {names[name]: _parsed(content) for name, content in self.work.read_many(names).items()}
        return found | {task: record for task, record in read.items() if record is not None}

    def sum_up(self, records: Iterable[Record]) -> None:
        """Write into one file what the journal says, for `records`; while nobody is at work."""
        stamps = self.stamps()
        summary = {record.name: [*stamps[record.name], record.to_json()] for record in records if record.name in stamps}
        content = json.dumps(summary, sort_keys=True).encode()
        try:
            if self.work.read(self._summary_name) == content:
                return
        except FileNotFoundError:
            pass
        self.work.write_bytes(self._summary_name, content)

    @property
    def _summary_name(self) -> str:
        return f"{STATE}/summaries/{self.stage}.json"

    def _summary(self) -> dict[str, tuple[Stamp, Record]]:
        """What `sum_up` wrote: records with their stamps at the time, by task; nothing where that cannot be read."""
        try:
            summary = json.loads(self.work.read(self._summary_name))
            return {task: (Stamp(size, mark), Record.from_json(text)) for task, (size, mark, text) in summary.items()}
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def forget(self, task: str) -> None:
        """Remove a task's record."""
        self.work.remove(self.file_name(task))

    def why(self, task: Task) -> tuple[str | None, Record | None]:
        """Why a task must be done (None: it need not), and its last record."""
        record = self.read(task.name)
        return why_again(task, record, self.work.has), record


def why_again(task: Task, record: Record | None, has: Callable[[File], bool]) -> str | None:
    """Why a task must be done, given its last record; None: it need not.

    Args:
        task: what is to be done.
        record: what was done.
        has: whether a file of the right size is in the work directory.
    """
    if record is None:
        return "new"
    if record.failure is not None:
        return "failed before"
    if record.parameters != task.parameters:
        return "parameters changed"
    if task.inputs is None or record.inputs != task.inputs:
        return "input changed"
    for file in record.files.values():
        if not has(file):
            return f"{file.path} is missing or has another size"
    return None


def _parsed(content: bytes) -> Record | None:
    try:
        return Record.from_json(content.decode("utf-8"))
    except (ValueError, KeyError, TypeError):
        return None
