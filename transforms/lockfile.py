"""What was downloaded, from where and when: `downloads.lock.json`, which people may keep beside their configuration.

Each download writes an entry of its own, atomically, so workers need not wait for each other; the lock file is made
from the entries when the downloads are done, and can be made again at any time.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from babelmill.format import File
from transforms.errors import InputError
from transforms.fetch import Fetched
from transforms.partial import Remote
from transforms.storage import STATE, WorkDirectory, sha256_of

LOCK_NAME = "downloads.lock.json"
ENTRIES = f"{STATE}/downloads"
"""Folder of the entries in a work directory: `corpus/code.json`."""

_VERSION = 1
_CURE = "restore it, or remove it: what it describes will be downloaded again"


class LockError(InputError):
    """A lock file, or an entry of one, cannot be read."""


@dataclass(frozen=True)
class Entry:
    """One file as it was got.

    Attributes:
        address: where it came from.
        size: bytes.
        etag, modified: what the server sent; None where it did not.
        date: when it was got, UTC, ISO 8601.
        sha256: hex.
    """

    address: str
    size: int
    etag: str | None
    modified: str | None
    date: str
    sha256: str

    @classmethod
    def of(cls, fetched: Fetched, *, sha256: str | None = None) -> Entry:
        """The entry of a file that was fetched.

        Args:
            fetched: the file.
            sha256: its sha256, hex, where fetching did not give it; computed from the file if that is None too.
        """
        return cls(
            address=fetched.address,
            size=fetched.size,
            etag=fetched.remote.etag,
            modified=fetched.remote.modified,
            date=fetched.date,
            sha256=fetched.sha256 or sha256 or sha256_of(fetched.path),
        )

    def difference(self, remote: Remote) -> str | None:
        """What shows that the file has changed on its server since; None if nothing does."""
        return Remote(self.size, self.etag, self.modified).difference(remote)

    def file(self, name: str) -> File:
        """Its description under a name in a work directory."""
        return File(name, 0, self.size, self.sha256)


def record(work: WorkDirectory, name: str, entry: Entry) -> None:
    """Note a file that was got, in place of what was noted before.

    Args:
        work: the work directory.
        name: `corpus/code`.
        entry: the file.
    """
    work.write_json(f"{ENTRIES}/{name}.json", asdict(entry))


def forget(work: WorkDirectory, name: str) -> None:
    """Remove what was noted of a file; what the lock file says of it stays."""
    work.remove(f"{ENTRIES}/{name}.json")


def known(work: WorkDirectory, name: str) -> Entry | None:
    """What is known of one download, as of `entries`; safe while others are noted and forgotten.

    Raises:
        LockError: a file cannot be read.
    """
    own = f"{ENTRIES}/{name}.json"
    try:
        content = work.read(own)
    except FileNotFoundError:
        return _locked(work).get(name)
    return _entry(work.address(own), _json(work.address(own), content))


def entries(work: WorkDirectory) -> dict[str, Entry]:
    """All that is known of downloads, by `corpus/code`, sorted: what was got here, and else what the lock file says.

    Raises:
        LockError: a file cannot be read.
    """
    found = _locked(work)
    for own, content in work.read_many(work.stamps(ENTRIES, ".json")).items():
        name, address = own.removeprefix(f"{ENTRIES}/").removesuffix(".json"), work.address(own)
        found[name] = _entry(address, _json(address, content))
    return dict(sorted(found.items()))


def merge(work: WorkDirectory) -> dict[str, Entry]:
    """Write the lock file anew and return its entries.

    Raises:
        LockError: a file cannot be read.
    """
    files = entries(work)
    values = {name: asdict(entry) for name, entry in files.items()}
    work.write_json(LOCK_NAME, {"version": _VERSION, "files": values})
    return files


def _locked(work: WorkDirectory) -> dict[str, Entry]:
    """The entries of the lock file; none if there is no such file."""
    address = work.address(LOCK_NAME)
    try:
        content = _json(address, work.read(LOCK_NAME))
    except FileNotFoundError:
        return {}
    if (
        not isinstance(content, dict)
        or content.get("version") != _VERSION
        or not isinstance(content.get("files"), dict)
    ):
        raise LockError(f'{address}: expected an object with "version": {_VERSION} and "files"; {_CURE}')
    return {name: _entry(address, values, name) for name, values in content["files"].items()}


def _entry(address: str, values: Any, name: str = "") -> Entry:
    try:
        return Entry(**values)
    except TypeError as error:
        place = f"{address}, {name}" if name else address
        raise LockError(f"{place}: expected an object with {', '.join(Entry.__annotations__)}; {_CURE}") from error


def _json(address: str, content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8"))
    except ValueError as error:
        raise LockError(f"{address} is not JSON ({error}); {_CURE}") from error
