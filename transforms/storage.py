"""The work directory: the only place where stages read and write, so that files appear whole or not at all.

An Arrow file is written under a temporary name on this machine's disk, hashed on the way, and published under its final
name: a task that is killed, or runs twice, leaves one right file or none. Readers map a file and check its sha256
before they trust a byte of it, unless this process wrote or checked it and nothing has touched it since.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import pyarrow as pa

from babelmill.format import File, parse_manifest
from transforms.disk import HashingFile, WorkDirectoryError, in_folder, sha256_of, writing
from transforms.places import STATE, CorruptFile, LocalPlace, Place, Stamp
from transforms.remote import RemotePlace
from transforms.sources import local_path, scheme_of

__all__ = [
    "STATE",
    "ArrowWriter",
    "CorruptFile",
    "LazyWriter",
    "WorkDirectory",
    "WorkDirectoryError",
    "sha256_of",
    "writing",
]


@dataclass(frozen=True)
class WorkDirectory:
    """Names, writes and reads the files of one run.

    Attributes:
        root: a folder, or an address such as `s3://bucket/folder`; names of files are relative to it, with `/` between
            their components.
    """

    root: str | Path

    @cached_property
    def place(self) -> Place:
        """Where it is."""
        address = str(self.root)
        if scheme_of(address) == "file":
            return LocalPlace(local_path(address))
        return RemotePlace(address.rstrip("/"))

    def path(self, name: str) -> Path:
        """The path of a file or folder, for tests and benchmarks; stages use names.

        Raises:
            TypeError: the work directory is not on a disk.
        """
        if not isinstance(self.place, LocalPlace):
            raise TypeError(f"{self.address(name)} has no path: {self.root} is not on a disk")
        return self.place.path(name)

    def address(self, name: str) -> str:
        """What people call a file: its path or address."""
        return self.place.address(name)

    def create(self) -> None:
        """Make the folder and its state folder.

        Raises:
            WorkDirectoryError: it cannot be made or written.
        """
        self.place.create()

    def clear_temporary(self) -> None:
        """Remove what killed tasks left; only whoever holds the lock may call it."""
        self.place.clear_temporary()

    def write_arrow(self, name: str, schema: pa.Schema) -> ArrowWriter:
        """Open an Arrow IPC file for writing; it gets its final name when the context ends without an error."""
        return ArrowWriter(self.place, name, schema)

    def write_json(self, name: str, value: Any) -> None:
        """Write a JSON file, keys sorted, one key a line, atomically."""
        self.write_bytes(name, (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())

    def write_bytes(self, name: str, content: bytes) -> File:
        """Write a small file atomically."""
        self.place.write(name, content)
        return File(name, 0, len(content), hashlib.sha256(content).hexdigest())

    def adopt(self, temporary: Path, name: str) -> File:
        """Publish a finished file that something else wrote; `temporary` is gone then."""
        with writing(temporary):
            described = File(name, 0, temporary.stat().st_size, sha256_of(temporary))
        self.place.publish(temporary, described)
        return described

    def copy(self, path: Path, name: str) -> File:
        """Publish a copy of a file of this machine.

        Raises:
            FileNotFoundError: there is none.
        """
        temporary = self.place.temporary()
        with path.open("rb") as source, writing(self.place.writes(temporary, name)):
            temporary.parent.mkdir(parents=True, exist_ok=True)
            try:
                with temporary.open("wb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
                return self.adopt(temporary, name)
            finally:
                temporary.unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        self.place.remove(name)

    def read(self, name: str) -> bytes:
        """The content of a small file.

        Raises:
            FileNotFoundError: there is none.
        """
        return self.place.read(name)

    def read_many(self, names: Iterable[str]) -> dict[str, bytes]:
        """The contents of small files, many at a time; those that do not exist are left out."""
        return self.place.read_many(names)

    def read_manifest(self, name: str) -> dict[str, Any]:
        """Read and check a `manifest.json`.

        Raises:
            FileNotFoundError: there is none.
            FormatError: it is not JSON, of another version, or was changed.
        """
        return parse_manifest(self.read(name), self.address(name))

    def local(self, file: File) -> Path:
        """A path on this machine's disk, for reading only, with a file's bytes, checked.

        Raises:
            CorruptFile: it is missing, or its size or sha256 differs.
        """
        return self.place.local(file)

    def open_arrow(self, file: File) -> pa.ipc.RecordBatchFileReader:
        """Map an Arrow IPC file and check it against its description.

        Raises:
            CorruptFile: it is missing, or its size or sha256 differs.
        """
        return _mapped(self.local(file))

    def map_arrow(self, file: File) -> pa.ipc.RecordBatchFileReader:
        """Map an Arrow IPC file that was checked before."""
        return _mapped(self.place.local(file, checked=True))

    def check(self, file: File) -> None:
        """Compare the size and sha256 of what lies in the work directory now with a description.

        Raises:
            CorruptFile: it is missing or differs.
        """
        self.place.check(file)

    def stamp(self, name: str) -> Stamp | None:
        """What can be known of a file without reading it; None if there is none."""
        return self.place.stamp(name)

    def stamps(self, folder: str, suffix: str) -> dict[str, Stamp]:
        """The same of all files at any depth below a folder whose names end so, from one listing."""
        return self.place.stamps(folder, suffix)

    def has(self, file: File) -> bool:
        """Whether a file of the right size is there."""
        stamp = self.stamp(file.path)
        return stamp is not None and stamp.size == file.bytes

    def listed(self, *folders: str) -> Callable[[File], bool]:
        """As `has`, but what is below some folders is listed once, when somebody first asks for it."""
        found: dict[str, dict[str, Stamp]] = {}

        def has(file: File) -> bool:
            folder = next((folder for folder in folders if file.path.startswith(f"{folder}/")), None)
            if folder is None:
                return self.has(file)
            if folder not in found:
                found[folder] = self.stamps(folder, "")
            return file.path in found[folder] and found[folder][file.path].size == file.bytes

        return has


def _mapped(path: Path) -> pa.ipc.RecordBatchFileReader:
    """Map an Arrow IPC file. Of a buffer, unlike of a file, its end is read without the help of another thread."""
    return pa.ipc.open_file(pa.memory_map(str(path)).read_buffer())


GATHERED = 1 << 20
"""Bytes that are gathered before they are hashed and written: for each write a thread lets go of the interpreter's lock
and takes it again, twice, and columns are small."""


class ArrowWriter:
    """Writes one Arrow IPC file under a temporary name; a context manager.

    Attributes:
        file: the finished file's description, once the context has ended.
        rows: rows written so far.
    """

    file: File

    def __init__(self, place: Place, name: str, schema: pa.Schema):
        self.rows = 0
        self._place, self._name, self._schema = place, name, schema
        self._temporary = place.temporary()
        self._where = place.writes(self._temporary, name)

    def __enter__(self) -> ArrowWriter:
        with writing(self._where):
            self._sink = HashingFile(in_folder(self._temporary, lambda: self._temporary.open("wb")))
        self._stream = pa.BufferedOutputStream(pa.PythonFile(self._sink, "w"), GATHERED)
        self._writer = pa.ipc.new_file(
            self._stream, self._schema, options=pa.ipc.IpcWriteOptions(unify_dictionaries=True)
        )
        return self

    def write(self, batch: pa.RecordBatch | pa.Table) -> None:
        """Append a batch of the file's schema."""
        with writing(self._where):
            self._writer.write(batch)
        self.rows += batch.num_rows

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with writing(self._where):
                if kind is None:
                    self._writer.close()
                    self._stream.close()
                self._sink.close_file()
            if kind is None:
                file = File(self._name, self.rows, self._sink.size, self._sink.sha256.hexdigest())
                self._place.publish(self._temporary, file)
                self.file = file
        finally:
            # What it still holds goes nowhere; left open, it would say so on the terminal when it is no more.
            with contextlib.suppress(OSError, ValueError):
                self._stream.close()
            self._temporary.unlink(missing_ok=True)


_Lazy = TypeVar("_Lazy", bound="LazyWriter")


class LazyWriter:
    """Writes an Arrow IPC file that is only there if something is written to it; a context manager.

    Attributes:
        file: the finished file's description, once the context has ended; None if nothing was written.
    """

    def __init__(self, work: WorkDirectory, name: str, schema: pa.Schema):
        self.file: File | None = None
        self._work, self._name, self._schema = work, name, schema
        self._writer: ArrowWriter | None = None

    def __enter__(self: _Lazy) -> _Lazy:
        return self

    def append(self, batch: pa.RecordBatch | pa.Table) -> None:
        """Append a batch of the file's schema."""
        if self._writer is None:
            self._writer = self._work.write_arrow(self._name, self._schema).__enter__()
        self._writer.write(batch)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.__exit__(kind, error, trace)
            if kind is None:
                self.file = self._writer.file
