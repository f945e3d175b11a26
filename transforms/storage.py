"""The work directory: the only place where stages read and write, so that files appear whole or not at all.

A file is written under `.babelmill/tmp`, hashed on the way, and renamed to its final name: a task that is killed, or
runs twice, leaves one right file or none. Readers map a file and check its sha256 before they trust a byte of it,
unless this process wrote or checked it and nothing has touched it since.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple

import pyarrow as pa

from babelmill.format import File, FormatError

STATE = ".babelmill"
"""Folder of a work directory for what is not data: the journal, plans, temporary files, the lock."""


class CorruptFile(FormatError):
    """A file is missing, or is not what was written: its size or sha256 differs from what its manifest says."""


class WorkDirectoryError(OSError):
    """The work directory cannot be written: the disk is full, read-only, or not ours."""


@dataclass(frozen=True)
class WorkDirectory:
    """Names, writes and reads the files of one run.

    Attributes:
        root: the folder; names of files are relative to it, with `/` between their components.
    """

    root: Path

    def path(self, name: str) -> Path:
        """The path of a file or folder of the work directory."""
        return self.root / name

    def create(self) -> None:
        """Make the folder and its state folder.

        Raises:
            WorkDirectoryError: it cannot be made or written.
        """
        with writing(self.root):
            self._temporary().parent.mkdir(parents=True, exist_ok=True)

    def clear_temporary(self) -> None:
        """Remove what killed tasks left; only whoever holds the lock may call it."""
        for path in self.path(f"{STATE}/tmp").glob("*"):
            path.unlink(missing_ok=True)

    def write_arrow(self, name: str, schema: pa.Schema) -> ArrowWriter:
        """Open an Arrow IPC file for writing; it gets its final name when the context ends without an error."""
        return ArrowWriter(self._temporary(), self.path(name), name, schema)

    def write_json(self, name: str, value: Any) -> None:
        """Write a JSON file, keys sorted, one key a line, atomically."""
        self.write_bytes(name, (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())

    def write_bytes(self, name: str, content: bytes) -> File:
        """Write a small file atomically."""
        temporary, final = self._temporary(), self.path(name)
        with writing(final):
            temporary.parent.mkdir(parents=True, exist_ok=True)
            final.parent.mkdir(parents=True, exist_ok=True)
            try:
                temporary.write_bytes(content)
                temporary.replace(final)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        return File(name, 0, len(content), hashlib.sha256(content).hexdigest())

    def adopt(self, temporary: Path, name: str) -> File:
        """Move a finished file that something else wrote to its final name."""
        final = self.path(name)
        with writing(final):
            final.parent.mkdir(parents=True, exist_ok=True)
            described = File(name, 0, temporary.stat().st_size, sha256_of(temporary))
            temporary.replace(final)
        return described

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        path = self.path(name)
        with writing(path):
            path.unlink(missing_ok=True)

    def open_arrow(self, file: File) -> pa.ipc.RecordBatchFileReader:
        """Map an Arrow IPC file and check it against its description.

        Raises:
            CorruptFile: it is missing, or its size or sha256 differs.
        """
        self.check(file)
        return self.map_arrow(file)

    def map_arrow(self, file: File) -> pa.ipc.RecordBatchFileReader:
        """Map an Arrow IPC file that was checked before."""
        return pa.ipc.open_file(pa.memory_map(str(self.path(file.path))))

    def check(self, file: File) -> None:
        """Compare a file's size and sha256 with its description.

        Raises:
            CorruptFile: it is missing or differs.
        """
        path = self.path(file.path)
        cure = "remove it and run the same command again: it will be made anew, with all that depends on it"
        if not self.has(file):
            found = f"{path.stat().st_size:,} bytes" if path.exists() else "no file"
            raise CorruptFile(f"{path}: found {found}, expected {file.bytes:,} bytes; {cure}")
        stamp = _Stamp.of(path)
        found = _known().get(stamp) or sha256_of(path)
        if found != file.sha256:
            raise CorruptFile(f"{path}: found sha256 {found[:12]}…, expected {file.sha256[:12]}…; {cure}")
        _known()[stamp] = found

    def has(self, file: File) -> bool:
        """Whether a file of the right size is there."""
        try:
            return self.path(file.path).stat().st_size == file.bytes
        except FileNotFoundError:
            return False

    def _temporary(self) -> Path:
        return self.path(f"{STATE}/tmp/{uuid.uuid4().hex}")


class ArrowWriter:
    """Writes one Arrow IPC file under a temporary name; a context manager.

    Attributes:
        file: the finished file's description, once the context has ended.
        rows: rows written so far.
    """

    file: File

    def __init__(self, temporary: Path, final: Path, name: str, schema: pa.Schema):
        self.rows = 0
        self._temporary, self._final, self._name, self._schema = temporary, final, name, schema

    def __enter__(self) -> ArrowWriter:
        with writing(self._final):
            self._temporary.parent.mkdir(parents=True, exist_ok=True)
            self._final.parent.mkdir(parents=True, exist_ok=True)
            self._sink = _HashingFile(self._temporary.open("wb"))
        self._writer = pa.ipc.new_file(
            self._sink, self._schema, options=pa.ipc.IpcWriteOptions(unify_dictionaries=True)
        )
        return self

    def write(self, batch: pa.RecordBatch | pa.Table) -> None:
        """Append a batch of the file's schema."""
        with writing(self._final):
            self._writer.write(batch)
        self.rows += batch.num_rows

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with writing(self._final):
                if kind is None:
                    self._writer.close()
                self._sink.close_file()
                if kind is None:
                    self._temporary.replace(self._final)
                    self.file = File(self._name, self.rows, self._sink.size, self._sink.sha256.hexdigest())
                    _known()[_Stamp.of(self._final)] = self.file.sha256
        finally:
            self._temporary.unlink(missing_ok=True)


class _Stamp(NamedTuple):
    """What changes when a file is written, moved or replaced."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int

    @classmethod
    def of(cls, path: Path) -> _Stamp:
        found = path.stat()
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@functools.cache
def _known() -> dict[_Stamp, str]:
    """sha256 of the files that this process has written or read whole: a hundred bytes a file."""
    return {}


class _HashingFile:
    """A binary file for Arrow to write to, hashed and measured on the way."""

    def __init__(self, file: IO[bytes]):
        self.sha256, self.size, self.closed = hashlib.sha256(), 0, False
        self._file = file

    def write(self, data: Any) -> int:
        self.sha256.update(data)
        written = self._file.write(data)
        self.size += written
        return written

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        """Arrow closes its sink; errors of closing the file are told apart by `close_file`."""

    def close_file(self) -> None:
        self._file.close()

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an error of the disk into one that says what to do."""
    try:
        yield
    except WorkDirectoryError:
        raise
    except OSError as error:
        cures = {
            errno.ENOSPC: "free some space",
            errno.EDQUOT: "free some of your quota",
            errno.EROFS: "name a `workdir` on a disk that can be written",
            errno.EACCES: "name a `workdir` that you may write to",
            errno.EPERM: "name a `workdir` that you may write to",
            errno.ENOTDIR: "name a `workdir` that is a folder",
            errno.EFBIG: "raise the limit on the size of files",
        }
        cure = cures.get(error.errno or 0, "see that the disk can be written")
        reason = error.strerror or str(error)
        message = f"cannot write {path}: {reason}; {cure} and run the same command again: finished parts are kept"
        raise WorkDirectoryError(error.errno, message) from error


def sha256_of(path: Path) -> str:
    """sha256 (hex) of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else _sha256(file)


def _sha256(file: IO[bytes]) -> str:
    """`hashlib.file_digest` for Python 3.10."""
    value = hashlib.sha256()
    while block := file.read(1 << 20):
        value.update(block)
    return value.hexdigest()
