"""From a source to raw parts: fetch what is far, decode in one stream, cut into parts.

A source is one compressed stream and so one task; but its parts are noted one by one as they are written, and a task
that was cut off goes on after the last of them (it reads the stream again from its start, and writes nothing twice).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from babelmill.format import REJECTS, File, Ledger, digest
from transforms.documents import DecodeOptions, Decoder, Oversized
from transforms.downloads import DOWNLOADS, Downloads, forget
from transforms.journal import Record, Task
from transforms.languages import language
from transforms.parts import constant, text_bytes
from transforms.sources import SUFFIXES, SourceError
from transforms.storage import STATE, WorkDirectory


def stamp(work: WorkDirectory, name: str, address: str, local: bool) -> list[Any] | None:
    """What tells cheaply that a source has not been touched: address, size and time of the file that is read."""
    if not local:
        found = work.stamp(download_name(name, address))
        return [address, *found] if found else None
    try:
        status = Path(address).stat()
    except FileNotFoundError:
        return None
    return [address, status.st_size, status.st_mtime_ns]


def download_name(name: str, address: str) -> str:
    """Name, in the work directory, of the file of a far source."""
    suffix = next((suffix for suffix in SUFFIXES if address.endswith(suffix)), SUFFIXES[0])
    return f"{DOWNLOADS}/{name}{suffix}"


@dataclass(frozen=True, kw_only=True)
class IngestSource:
    """Does one task of `download`.

    The task's job: `corpus`, `code`, `split`, and `address`, `local`; or `problem`, why there is no source.

    Attributes:
        part_bytes: text in a part, at least; a part ends with the document that reaches it.
        max_document_bytes: longer documents are rejected.
        downloads: how far sources are fetched.
    """

    part_bytes: int
    max_document_bytes: int
    downloads: Downloads

    def __call__(self, work: WorkDirectory, task: Task) -> Record:
        """Fetch and decode one source."""
        job = task.job
        if "problem" in job:
            raise SourceError(job["problem"])
        path = Path(job["address"])
        if not job["local"]:
            path = self.downloads.get(work, task.name, job["address"], download_name(task.name, job["address"]))
        spoken = language(job["code"], strict=False)
        before = stamp(work, task.name, job["address"], job["local"])
        parts = Parts(work, task.name, [before, task.parameters])
        decoder = Decoder(path, options=self._decoding(job["split"], parts.next_document))
        try:
            for batches in cut(iter(decoder), self.part_bytes):
                parts.write(batches)
        except SourceError:
            if not job["local"]:
                # It may be a page of excuses that the server sent.
                forget(work, task.name, download_name(task.name, job["address"]))
            raise
        files = parts.named
        facts = {"language": spoken.bcp47, "sha256": decoder.sha256, "stamp": before}
        if decoder.oversized:
            files["oversized"] = write_oversized(work, task.name, decoder.oversized)
            facts["note"] = self._about(path, decoder.oversized, files["oversized"])
        ledger = Ledger(
            documents=decoder.documents,
            kept=decoder.documents - len(decoder.oversized),
            dropped={"oversized": len(decoder.oversized)} if decoder.oversized else {},
            bytes=parts.text_bytes,
        )
        return Record(
            name=task.name,
            parameters=task.parameters,
            inputs=digest(decoder.sha256),
            files=files,
            ledger={spoken.bcp47: ledger},
            facts=facts,
        )

    def _about(self, path: Path, oversized: list[Oversized], file: File) -> str:
        """What a person should know of documents that were left out."""
        first = oversized[0]
        return (
            f"{path}: left out {len(oversized):,} of its documents, which are longer than {self.max_document_bytes:,} "
            f"bytes; the first is document {first.document:,}, {first.size:,} bytes from byte {first.offset:,} on. See "
            f"how they begin with `babelmill inspect` in {file.path}; then raise `download.max_document_bytes`, or say "
            "`split: line` if every line of the file is a document"
        )

    def _decoding(self, split: str, first_document: int) -> DecodeOptions:
        return DecodeOptions(
            split="line" if split == "line" else "document",
            max_document_bytes=self.max_document_bytes,
            batch_bytes=min(1 << 20, self.part_bytes),
            first_document=first_document,
        )


def cut(batches: Iterator[pa.RecordBatch], part_bytes: int) -> Iterator[list[pa.RecordBatch]]:
    """Group batches into parts of at least `part_bytes` of text each, but for the last."""
    part: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        part.append(batch)
        size += int(text_bytes(batch).sum())
        if size >= part_bytes:
            yield part
            part, size = [], 0
    if part:
        yield part


class Parts:
    """The raw parts of one source, those of a run that was cut off included.

    Attributes:
        files: parts in order.
        next_document: number of the first document that no part holds.
        text_bytes: text in all parts.
    """

    def __init__(self, work: WorkDirectory, name: str, identity: list[Any]):
        self.files: list[File] = []
        self.next_document = self.text_bytes = 0
        self._work, self._name, self._identity = work, name, json.loads(json.dumps(identity))
        while note := self._finished(len(self.files)):
            self._add(File(**note["file"]), note["next_document"], note["text_bytes"])

    def write(self, batches: list[pa.RecordBatch]) -> None:
        """Write the next part and note that it is finished."""
        number = len(self.files)
        self._work.remove(self._note(number))
        with self._work.write_arrow(f"raw/{self._name}/part-{number:05d}.arrow", batches[0].schema) as writer:
            for batch in batches:
                writer.write(batch)
        size = sum(int(text_bytes(batch).sum()) for batch in batches)
        next_document = batches[-1].column("document")[-1].as_py() + 1
        note = {
            "identity": self._identity,
            "file": asdict(writer.file),
            "next_document": next_document,
            "text_bytes": size,
        }
        self._work.write_bytes(self._note(number), json.dumps(note, sort_keys=True).encode())
        self._add(writer.file, next_document, size)

    @property
    def named(self) -> dict[str, File]:
        """The parts by role, as a record has them."""
        return {f"part-{number:05d}": file for number, file in enumerate(self.files)}

    def _add(self, file: File, next_document: int, size: int) -> None:
        self.files.append(file)
        self.next_document = next_document
        self.text_bytes += size

    def _note(self, number: int) -> str:
        return f"{STATE}/journal/download-parts/{self._name}/part-{number:05d}.json"

    def _finished(self, number: int) -> dict[str, Any] | None:
        """The note of a part that this very source gave before, if the part is still there."""
        try:
            note = json.loads(self._work.read(self._note(number)))
            right = note["identity"] == self._identity and self._work.has(File(**note["file"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        return note if right else None


def write_oversized(work: WorkDirectory, name: str, oversized: list[Oversized]) -> File:
    """Keep the beginning of each document that was too long, where a person can look at it."""
    columns = [
        pa.array([one.document for one in oversized], pa.int32()),
        pa.array([one.document for one in oversized], pa.int64()),
        constant("oversized", len(oversized)),
        pa.array([float(one.size) for one in oversized], pa.float32()),
        pa.array([one.head.decode("utf-8", "replace") for one in oversized], pa.string()),
    ]
    with work.write_arrow(f"rejects/download/{name}/oversized.arrow", REJECTS) as writer:
        writer.write(pa.record_batch(columns, schema=REJECTS))
    return writer.file
