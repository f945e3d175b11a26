"""A stage's manifest: its parts, the files that they made, and the ledger; and the way back to records."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Mapping
from typing import Any

from babelmill.format import File, ledger_from_json, ledger_to_json, sealed, total
from transforms.journal import Record
from transforms.storage import WorkDirectory


def manifest_of(stage: str, parameters: Mapping[str, Any], records: Iterable[Record], *, folder: str) -> dict[str, Any]:
    """A stage's manifest, the same bytes whatever was resumed and in whatever order the records came.

    Args:
        stage: the stage's name.
        parameters: the configuration that it ran with, for people who read the manifest.
        records: one a task.
        folder: the manifest's folder. Paths are relative to it, so that a folder of shards can be moved.
    """
    ordered = sorted(records, key=lambda record: record.name)

    def relative(file: File) -> str:
        return posixpath.relpath(file.path, folder)

    files = [{**vars(file), "path": relative(file)} for record in ordered for file in record.files.values()]
    parts = [
        {
            "name": record.name,
            "parameters": record.parameters,
            "inputs": record.inputs,
            "files": {role: relative(file) for role, file in sorted(record.files.items())},
            "ledger": ledger_to_json(record.ledger),
            "facts": dict(record.facts),
            "failure": record.failure,
        }
        for record in ordered
    ]
    body = {
        "stage": stage,
        "parameters": dict(parameters),
        "files": sorted(files, key=lambda file: file["path"]),
        "parts": parts,
        "ledger": ledger_to_json(total(record.ledger for record in ordered)),
    }
    return sealed(json.loads(json.dumps(body)))


def records_of(work: WorkDirectory, name: str) -> list[Record]:
    """The records that a manifest was made from, paths relative to the work directory again.

    Raises:
        FileNotFoundError: there is no such manifest.
        FormatError: it is of another version, or was changed by hand.
    """
    body, folder = work.read_manifest(name), posixpath.dirname(name)
    files = {}
    for values in body["files"]:
        path = posixpath.normpath(posixpath.join(folder, values["path"]))
        files[values["path"]] = File(**{**values, "path": path})
    return [
        Record(
            name=part["name"],
            parameters=part["parameters"],
            inputs=part["inputs"],
            files={role: files[path] for role, path in part["files"].items()},
            ledger=ledger_from_json(part["ledger"]),
            facts=part["facts"],
            failure=part["failure"],
        )
        for part in body["parts"]
    ]
