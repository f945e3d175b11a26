"""Where a work directory is: files by name, each of which appears whole or not at all.

A `Place` is what stages and commands need of a file system, and no more. This module has the one on a local disk, where
files are read in place; `transforms.remote` has the one behind an address.
"""

from __future__ import annotations

import abc
import contextlib
import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from babelmill.format import File, FormatError
from transforms.disk import in_folder, remember, sha256_once, writing

STATE = ".babelmill"
"""Folder of a work directory for what is not data: the journal, plans, temporary files, the lock."""


class CorruptFile(FormatError):
    """A file is missing, or is not what was written: its size or sha256 differs from what its manifest says."""


class Stamp(NamedTuple):
    """What can be known of a file without reading it.

    Attributes:
        size: bytes.
        mark: another when the file is written again: nanoseconds of its time on a disk, an ETag or a time elsewhere.
    """

    size: int
    mark: int | str


class Place(abc.ABC):
    """A folder; names of files are relative to it, with `/` between their components.

    Reading raises FileNotFoundError where there is no such file; whatever else goes wrong is a WorkDirectoryError.
    """

    @property
    @abc.abstractmethod
    def scratch(self) -> Path:
        """A folder of this machine's disk for locks and for what is under way."""

    @abc.abstractmethod
    def address(self, name: str) -> str:
        """What people call a file."""

    @abc.abstractmethod
    def create(self) -> None:
        """Make the folder, as far as it needs to be made before files are written."""

    @abc.abstractmethod
    def stamp(self, name: str) -> Stamp | None:
        """The stamp of a file, or None if there is none."""

    @abc.abstractmethod
    def stamps(self, folder: str, suffix: str) -> dict[str, Stamp]:
        """The stamps of all files at any depth below a folder whose names end so, from one listing."""

    @abc.abstractmethod
    def read(self, name: str) -> bytes:
        """The content of a small file."""

    @abc.abstractmethod
    def read_many(self, names: Iterable[str]) -> dict[str, bytes]:
        """The contents of small files, many at a time where that is faster; those that do not exist are left out."""

    @abc.abstractmethod
    def sha256(self, name: str) -> str:
        """sha256 (hex) of what lies there now."""

    @abc.abstractmethod
    def write(self, name: str, content: bytes) -> None:
        """Write a small file."""

    @abc.abstractmethod
    def publish(self, temporary: Path, file: File) -> None:
        """Give a finished file of this machine's disk its name, and the place its bytes; `temporary` is gone then."""

    @abc.abstractmethod
    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""

    @abc.abstractmethod
    def local(self, file: File, *, checked: bool = False) -> Path:
        """A path on this machine's disk, for reading only, with a file's bytes.

        Args:
            file: its description.
            checked: it was checked before, or whoever reads it will check it.

        Raises:
            CorruptFile: it is missing or differs from its description.
        """

    @abc.abstractmethod
    def incoming(self, name: str) -> Path:
        """Where on this machine's disk a file is put together that is to be published; the same path each time."""

    @abc.abstractmethod
    def writes(self, temporary: Path, name: str) -> str:
        """What messages call a file while it is written."""

    def temporary(self) -> Path:
        """A new path on this machine's disk, to write a file at that is to be published."""
        return self.scratch / "tmp" / uuid.uuid4().hex

    def clear_temporary(self) -> None:
        """Remove what killed tasks of this machine left; only whoever holds the lock may call it."""
        for path in (self.scratch / "tmp").glob("*"):
            path.unlink(missing_ok=True)

    def check(self, file: File) -> None:
        """Compare the size and sha256 of what lies there now with a description.

        Raises:
            CorruptFile: it is missing or differs.
        """
        stamp = self.stamp(file.path)
        if stamp is None or stamp.size != file.bytes:
            found = "no file" if stamp is None else f"{stamp.size:,} bytes"
            raise self.corrupt(file, found, f"{file.bytes:,} bytes")
        sha256 = self.sha256(file.path)
        if sha256 != file.sha256:
            raise self.corrupt(file, f"sha256 {sha256[:12]}…", f"{file.sha256[:12]}…")

    def corrupt(self, file: File, found: str, expected: str) -> CorruptFile:
        """The error for a file that is not what its description says."""
        cure = "remove it and run the same command again: it will be made anew, with all that depends on it"
        return CorruptFile(f"{self.address(file.path)}: found {found}, expected {expected}; {cure}")


@dataclass(frozen=True)
class LocalPlace(Place):
    """A folder of a disk; files are read where they lie, and their bytes are hashed once a process."""

    root: Path

    @property
    def scratch(self) -> Path:
        """The state folder, so that files are renamed within one file system."""
        return self.root / STATE

    def path(self, name: str) -> Path:
        """The path of a file or folder."""
        return self.root / name

    def address(self, name: str) -> str:
        """The path."""
        return str(self.path(name))

    def writes(self, temporary: Path, name: str) -> str:
        """The path that it will have."""
        return self.address(name)

    def create(self) -> None:
        """Make the folder and its state folder."""
        with writing(self.root):
            self.scratch.mkdir(parents=True, exist_ok=True)

    def stamp(self, name: str) -> Stamp | None:
        """Size and time of modification."""
        try:
            status = self.path(name).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return Stamp(status.st_size, status.st_mtime_ns)

    def stamps(self, folder: str, suffix: str) -> dict[str, Stamp]:
        """Sizes and times of modification."""
        found = {}
        for parent, _, files in os.walk(self.path(folder)):
            above = Path(parent).relative_to(self.root).as_posix()
            for file in (file for file in files if file.endswith(suffix)):
                # It may be gone since it was listed.
                with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                    status = os.stat(os.path.join(parent, file))
                    found[f"{above}/{file}"] = Stamp(status.st_size, status.st_mtime_ns)
        return found

    def read(self, name: str) -> bytes:
        """Read the file."""
        return self.path(name).read_bytes()

    def read_many(self, names: Iterable[str]) -> dict[str, bytes]:
        """Read one file after the other."""
        found = {}
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                found[name] = self.read(name)
        return found

    def sha256(self, name: str) -> str:
        """Hash the file, unless this process has written or hashed it and nothing has touched it since."""
        return sha256_once(self.path(name))

    def write(self, name: str, content: bytes) -> None:
        """Write under a temporary name, then rename."""
        temporary, final = self.temporary(), self.path(name)
        with writing(final):
            try:
                in_folder(temporary, lambda: temporary.write_bytes(content))
                in_folder(final, lambda: temporary.replace(final))
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise

    def publish(self, temporary: Path, file: File) -> None:
        """Rename the file."""
        final = self.path(file.path)
        with writing(final):
            in_folder(final, lambda: temporary.replace(final))
            remember(final, file.sha256)

    def remove(self, name: str) -> None:
        """Remove the file."""
        path = self.path(name)
        with writing(path):
            path.unlink(missing_ok=True)

    def local(self, file: File, *, checked: bool = False) -> Path:
        """The file itself."""
        if not checked:
            self.check(file)
        return self.path(file.path)

    def incoming(self, name: str) -> Path:
        """Where the file is going to be: what is there of it can be looked at."""
        return self.path(name)
