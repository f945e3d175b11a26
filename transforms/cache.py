"""Copies of far files on this machine's disk, by their sha256, the least recently used of them removed.

All processes of a user share one cache. A copy gets its name when it is whole and was checked; one that is mapped by
somebody may be removed all the same, since its bytes stay until nobody maps it.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babelmill.format import File
from transforms.disk import remember, sha256_once, writing

CACHE_BYTES = 8 << 30
"""What a cache may hold: the parts that a worker or two have in their hands, a few times."""

IN_USE = 300.0
"""Seconds after its use in which a copy is not removed: whoever asked for it may not have opened it yet."""


@dataclass(frozen=True)
class Cache:
    """A folder of copies.

    Attributes:
        folder: where they are; on the disk on which files to add are written.
        most: bytes of all copies together, those in use apart.
    """

    folder: Path
    most: int = CACHE_BYTES

    def path(self, file: File) -> Path:
        """Where the copy of a file is, if there is one; its name ends like the file's, since readers go by that."""
        return self.folder / f"{file.sha256}-{posixpath.basename(file.path)}"

    def find(self, file: File) -> Path | None:
        """The copy of a file, which is in use from now on; None if there is none that is right."""
        path = self.path(file)
        try:
            status = path.stat()
            if status.st_size != file.bytes or sha256_once(path) != file.sha256:
                path.unlink()
                return None
            if time.time() - status.st_atime > IN_USE / 2:
                self._use(path, file)
        except FileNotFoundError:
            return None
        return path

    def add(self, temporary: Path, file: File) -> Path:
        """Take in a file whose sha256 was checked; returns the path of the copy.

        Raises:
            WorkDirectoryError: the disk cannot be written.
        """
        path = self.path(file)
        with writing(path):
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary.replace(path)
            self._use(path, file)
            self._trim()
        return path

    def _use(self, path: Path, file: File) -> None:
        """Note the time in the copy, and that it is still what it was."""
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
        remember(path, file.sha256)

    def _trim(self) -> None:
        """Remove what was not used for longest, until the others are within bounds."""
        copies = sorted(self._copies())
        size = sum(bytes for _, bytes, _ in copies)
        for used, bytes, path in copies:
            if size <= self.most or used > time.time() - IN_USE:
                return
            path.unlink(missing_ok=True)
            size -= bytes

    def _copies(self) -> Iterator[tuple[float, int, Path]]:
        """When each copy was last used, its size in bytes, and its path."""
        for entry in os.scandir(self.folder):
            # Another process may be removing copies, too.
            with contextlib.suppress(FileNotFoundError):
                status = entry.stat()
                yield status.st_atime, status.st_size, Path(entry.path)
