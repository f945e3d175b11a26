"""Files of one run of deduplication, below `.babelmill/dedup`: what is too large for a shuffle, by name.

A task that runs twice writes two files, of which the graph goes on with one; all are removed when the run has ended.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict

import numpy as np
import pyarrow as pa

from babelmill.format import File
from transforms.parts import Part
from transforms.storage import STATE, WorkDirectory

FOLDER = f"{STATE}/dedup"

_INT32 = pa.int32()
EDGES = pa.schema([("left", _INT32), ("right", _INT32)])
"""Pairs of documents of one component."""

FOREST = pa.schema([("root", _INT32)])
"""The root of every document of a run, in order."""

VERDICTS = pa.schema([("document", _INT32), ("survivor", _INT32), ("reason", pa.int8())])
"""Documents that go, sorted, with the ones that stay for them, and why: indices into `dedup.REASONS`."""


def write(work: WorkDirectory, schema: pa.Schema, *columns: np.ndarray) -> str:
    """Write a file of one record batch; returns its description as JSON."""
    with work.write_arrow(f"{FOLDER}/{uuid.uuid4().hex}.arrow", schema) as writer:
        writer.write(pa.record_batch([pa.array(column) for column in columns], schema=schema))
    return json.dumps(asdict(writer.file))


def read(work: WorkDirectory, file: str, schema: pa.Schema) -> list[np.ndarray]:
    """The columns of a file, mapped, read-only.

    Raises:
        CorruptFile: it is missing or differs from its description.
    """
    (batch,) = Part.open(work, File(**json.loads(file))).batches()
    return [batch.column(name).to_numpy() for name in schema.names]


def clear(work: WorkDirectory) -> None:
    """Remove all files."""
    for name in work.stamps(FOLDER, ""):
        work.remove(name)
