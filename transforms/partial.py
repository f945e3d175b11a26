"""A download on disk that is not whole yet: its first bytes, and a note of what they are bytes of."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from transforms.errors import InputError
from transforms.slots import locked
from transforms.storage import sha256_of, writing


class FetchError(InputError):
    """A file cannot be had; the message names its address, the cause and the cure."""


@dataclass(frozen=True)
class Remote:
    """What a server says of a file; None where it does not say.

    Attributes:
        size: bytes.
        etag: as sent, quotes included.
        modified: Last-Modified, as sent.
    """

    size: int | None = None
    etag: str | None = None
    modified: str | None = None

    def difference(self, other: Remote) -> str | None:
        """What shows that two descriptions are of different files; None if nothing does.

        The date counts only where there is no ETag to compare.
        """
        for name in ("size", "etag") if self.etag and other.etag else ("size", "modified"):
            old, new = getattr(self, name), getattr(other, name)
            if old is not None and new is not None and old != new:
                return f"its {name} was {old}, now it is {new}"
        return None

    @property
    def validator(self) -> str | None:
        """What If-Range may hold (RFC 9110, 13.1.5): a strong ETag, or else the date."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.modified


class PartialFile:
    """The first bytes of a file, in `name.part`, and what is known of the file, in `name.part.json`.

    A context manager. While it is open no other process can write to the same file; what it holds when it is closed, or
    when the process is killed, is there when it is opened again for the same address.

    Args:
        address: where the bytes come from; those of another address are of no use.
        target: the name that the file gets when it is whole.

    Attributes:
        path: the name that it has until then.
        remote: what the server said of the file; None while nothing is known.
        size: bytes so far.
        best: the most bytes that there have been. A server that ignores Range makes us begin again, and only what goes
            beyond is progress.
        resumed_from: bytes that were there when it was opened, and still are.
        changes: what showed that the file was another than before, each time that it was.
        ended: set where the server has sent all without saying how much that is.
    """

    def __init__(self, address: str, target: Path):
        self.path = target.with_name(target.name + ".part")
        self.remote: Remote | None = None
        self.size = self.best = self.resumed_from = 0
        self.changes: list[str] = []
        self.ended = False
        self._address, self._target = address, target
        self._note = target.with_name(target.name + ".part.json")

    def __enter__(self) -> PartialFile:
        with writing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("ab", buffering=0)
        if not locked(self._file):
            self._file.close()
            raise FetchError(f"{self._address}: another process is writing {self.path}; wait for it, or end it")
        self.size = os.fstat(self._file.fileno()).st_size
        self.remote = self._read_note()
        known = self.remote is not None and (self.remote.size is None or self.size <= self.remote.size)
        if self.size and not known:
            self._empty(None)
        self.best = self.resumed_from = self.size
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def complete(self) -> bool:
        """Whether every byte is there."""
        return self.ended or (self.remote is not None and self.size == self.remote.size)

    def begin(self, remote: Remote) -> None:
        """Start again with no bytes, and note what the next ones will be bytes of."""
        difference = self.remote.difference(remote) if self.remote else None
        if difference:
            self.drop(difference)
        self._empty(remote)

    def drop(self, why: str) -> None:
        """Drop all bytes: they are not what the server has now."""
        self.changes.append(why)
        self.best = 0
        self._empty(None)

    def append(self, data: bytes) -> None:
        """Write the next bytes."""
        rest = memoryview(data)
        with writing(self.path):
            while rest:
                written = self._file.write(rest)
                self.size += written
                rest = rest[written:]
        self.best = max(self.best, self.size)

    def publish(self) -> str:
        """Give the whole file its final name and return its sha256 (hex)."""
        with writing(self._target):
            os.fsync(self._file.fileno())
            sha256 = sha256_of(self.path)
            self.path.replace(self._target)
            self._note.unlink(missing_ok=True)
        return sha256

    def _empty(self, remote: Remote | None) -> None:
        self.remote, self.ended = remote, False
        with writing(self.path):
            if self.size:
                self._file.truncate(0)
            self.size = self.resumed_from = 0
            self._note.write_text(json.dumps({"address": self._address, **asdict(remote or Remote())}))

    def _read_note(self) -> Remote | None:
        """What the bytes are of; None where that cannot be known, or where they are of something else."""
        try:
            note = json.loads(self._note.read_text())
            return Remote(**note) if note.pop("address") == self._address else None
        except (FileNotFoundError, ValueError, TypeError, KeyError, AttributeError):
            return None
