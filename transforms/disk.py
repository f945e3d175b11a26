"""Files on this machine's disk: errors that say what to do, and hashes that are computed once a process."""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar

from transforms.errors import marked


class WorkDirectoryError(OSError):
    """The work directory cannot be written or reached: the disk is full, read-only, not ours, or does not answer.

    `strerror` is the message for the user; `errors.stopped_by` finds it again in what a runner makes of the error.
    """

    def __str__(self) -> str:
        return marked(self.strerror or super().__str__())


@contextlib.contextmanager
def writing(where: Path | str) -> Iterator[None]:
    """Turn an error of the disk into one that says what to do.

    Args:
        where: what is being written, for the message.

    Raises:
        WorkDirectoryError: in place of any other OSError.
    """
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
        message = f"cannot write {where}: {reason}; {cure} and run the same command again: finished parts are kept"
        raise WorkDirectoryError(error.errno, message) from error


Result = TypeVar("Result")


def in_folder(path: Path, act: Callable[[], Result]) -> Result:
    """Do something that makes a file; its folder, which is nearly always there, is made only if that fails.

    Args:
        path: the file.
        act: makes it; is called again if it raises FileNotFoundError.
    """
    try:
        return act()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return act()


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


def sha256_once(path: Path) -> str:
    """As `sha256_of`, but a file that this process has hashed, or was told of, is not read until it is touched."""
    status = _Status.of(path)
    found = _known().get(status) or sha256_of(path)
    _known()[status] = found
    return found


def remember(path: Path, sha256: str) -> None:
    """Tell `sha256_once` of a file that was hashed while it was written."""
    _known()[_Status.of(path)] = sha256


class _Status(NamedTuple):
    """What changes when a file is written, moved or replaced."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int

    @classmethod
    def of(cls, path: Path) -> _Status:
        found = path.stat()
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@functools.cache
def _known() -> dict[_Status, str]:
    """sha256 of the files that this process has written or read whole: a hundred bytes a file."""
    return {}


class HashingFile:
    """A binary file that is hashed and measured as it is written.

    Attributes:
        sha256: of what was written so far; call its `hexdigest`.
        size: bytes written so far.
    """

    def __init__(self, file: IO[bytes]):
        self.sha256, self.size, self.closed = hashlib.sha256(), 0, False
        self._file = file

    def write(self, data: Any) -> int:
        """Write bytes or a buffer."""
        self.sha256.update(data)
        written = self._file.write(data)
        self.size += written
        return written

    def tell(self) -> int:
        """Where the next byte goes."""
        return self.size

    def flush(self) -> None:
        """Hand everything to the system."""
        self._file.flush()

    def close(self) -> None:
        """Arrow closes its sink; errors of closing the file are told apart by `close_file`."""

    def close_file(self) -> None:
        """Close the file."""
        self._file.close()

    def readable(self) -> bool:
        """False."""
        return False

    def writable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """False."""
        return False
