"""Tasks and their records: what is to be done, what was done, and why something must be done again.

A task is one part through one stage. When it ends, its record is written to the journal of the work directory: which
files it made (rows, bytes, sha256), the ledger of its documents, and digests of the parameters and the inputs that
the result depends on. A task whose record has the same digests, and whose files are there, is finished; that a file
exists is never a reason to skip.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from babelmill.format import File, Ledger, ledger_from_json
from transforms.storage import STATE, WorkDirectory


@dataclass(frozen=True, kw_only=True)
class Task:
    """One unit of work of a stage.

    Attributes:
        name: `corpus/language/part`; it names the record and the files.
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
        return json.dumps(asdict(self), sort_keys=True)

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
    """

    name: str
    parameters: str
    inputs: str | None
    files: Mapping[str, File] = field(default_factory=dict)
    ledger: Mapping[str, Ledger] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    failure: str | None = None

    def to_json(self) -> str:
        """The record as a string that can cross a shuffle; equal records give equal strings."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Record:
        """The inverse of `to_json`."""
        values = json.loads(text)
        values["files"] = {role: File(**file) for role, file in values["files"].items()}
        values["ledger"] = ledger_from_json(values["ledger"])
        return cls(**values)


@dataclass(frozen=True)
class Journal:
    """The records of one stage in a work directory."""

    work: WorkDirectory
    stage: str

    def file_name(self, task: str) -> str:
        """Name, in the work directory, of a task's record."""
        return f"{STATE}/journal/{self.stage}/{task}.json"

    def write(self, record: Record) -> None:
        """Note that a task ended; its files must have their final names by now."""
        self.work.write_bytes(self.file_name(record.name), record.to_json().encode())

    def read(self, task: str) -> Record | None:
        """A task's last record, or None; one that cannot be read counts as none, and its task is done again."""
        try:
            return Record.from_json(self.work.path(self.file_name(task)).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def forget(self, task: str) -> None:
        """Remove a task's record."""
        self.work.remove(self.file_name(task))

    def why(self, task: Task) -> tuple[str | None, Record | None]:
        """Why a task must be done (None: it need not), and its last record."""
        record = self.read(task.name)
        if record is None:
            return "new", None
        if record.failure is not None:
            return "failed before", record
        if record.parameters != task.parameters:
            return "parameters changed", record
        if task.inputs is None or record.inputs != task.inputs:
            return "input changed", record
        for file in record.files.values():
            if not self.work.has(file):
                return f"{file.path} is missing or has another size", record
        return None, record
