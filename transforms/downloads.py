"""Files of a far corpus in the work directory: what the lock file says is there already, or else a download."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from transforms import lockfile
from transforms.fetch import FetchOptions, fetch
from transforms.storage import WorkDirectory, writing

DOWNLOADS = "downloads"
"""Folder of the work directory for what was fetched."""


@dataclass(frozen=True, kw_only=True)
class Downloads:
    """How files are fetched.

    Attributes:
        connections: to one host at a time.
        retries: attempts after one that failed.
        timeout: seconds without a byte after which a connection is given up.
    """

    connections: int
    retries: int
    timeout: float

    def get(self, work: WorkDirectory, key: str, address: str, name: str) -> Path:
        """A far file on this machine's disk. Who asks for one that is being fetched waits for it.

        Args:
            work: the work directory.
            key: what the lock file calls it.
            address: where it is.
            name: where it is kept, in the work directory.

        Raises:
            FetchError: it cannot be had.
            LockError: it is not what the lock file says.
        """
        with _alone(work, name):
            locked = lockfile.known(work, key)
            if locked is not None and locked.address == address and work.has(locked.file(name)):
                return work.place.local(locked.file(name), checked=True)
            fetched = fetch(address, work.place.incoming(name), options=self._options(work))
            entry = lockfile.Entry.of(fetched)
            if locked is not None and locked.address == address and locked.sha256 != entry.sha256:
                fetched.path.unlink()
                raise lockfile.LockError(
                    f"{address} is not what it was on {locked.date}: found {entry.size:,} bytes, sha256 "
                    f"{entry.sha256[:12]}…, expected {locked.size:,} bytes, {locked.sha256[:12]}…; to take the new "
                    f"one, remove its entry from {work.address(lockfile.LOCK_NAME)} and "
                    f"{work.address(lockfile.ENTRIES)}"
                )
            work.place.publish(fetched.path, entry.file(name))
            lockfile.record(work, key, entry)
            return work.place.local(entry.file(name), checked=True)

    def _options(self, work: WorkDirectory) -> FetchOptions:
        return FetchOptions(
            attempts=self.retries + 1,
            read_timeout=self.timeout,
            connections=self.connections,
            slots=work.place.scratch / "slots",
        )


def forget(work: WorkDirectory, key: str, name: str) -> None:
    """Remove a file that turned out to be none: the next run shall ask again."""
    lockfile.forget(work, key)
    work.remove(name)


@contextlib.contextmanager
def _alone(work: WorkDirectory, name: str) -> Iterator[None]:
    """Keep the machine's other workers from fetching the same file; several bitexts may be in one."""
    path = work.place.scratch / "fetching" / hashlib.sha256(name.encode()).hexdigest()
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a")
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
