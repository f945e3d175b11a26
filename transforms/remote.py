"""A work directory behind an address: an object store, or any other file system that fsspec knows.

Files are written and read on this machine's disk, where they can be mapped, and copied there and back whole. Copies are
kept by their sha256 (`transforms.cache`), also of what this machine has written, so that the next stage finds it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

from babelmill.format import File
from transforms.cache import CACHE_BYTES, Cache
from transforms.disk import HashingFile, WorkDirectoryError, writing
from transforms.places import STATE, Place, Stamp

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between attempts: together, half a minute."""

PIECE_BYTES = 16 << 20
"""Bytes that are fetched at a time, and fetched again if that fails."""

STALE = 86_400.0
"""Seconds after which nobody is still writing a temporary file that has not grown."""

AT_ONCE = 32
"""Small files that are read at the same time."""

OBJECT_STORES = {"abfs", "abfss", "adl", "az", "gcs", "gs", "memory", "oci", "oss", "s3", "s3a"}
"""Schemes of stores in which a file appears when it is whole. Elsewhere files are renamed, which copies them here."""

MARKS = ("ETag", "etag", "mtime", "LastModified", "last_modified", "updated", "modified", "created")
"""What file systems call that which changes when a file is written again, the best first."""

HOPELESS = (
    FileNotFoundError,
    PermissionError,
    FileExistsError,
    IsADirectoryError,
    NotADirectoryError,
    NotImplementedError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
)
"""What does not go better the next time. All else may: file systems have no class in common for that."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class RemotePlace(Place):
    """A folder of a file system that fsspec knows.

    Attributes:
        root: its address.
        most: bytes that copies on this machine may take.
        pauses: seconds between attempts.
        sleep: waits a number of seconds.
    """

    root: str
    most: int = CACHE_BYTES
    pauses: tuple[float, ...] = PAUSES
    sleep: Callable[[float], None] = time.sleep

    @property
    def scratch(self) -> Path:
        """A folder for this address, the same for all of the user's processes."""
        return _home() / hashlib.sha256(self.root.encode()).hexdigest()[:16]

    @property
    def cache(self) -> Cache:
        """The copies, of all addresses together."""
        return Cache(_home() / "cache", self.most)

    def address(self, name: str) -> str:
        """The address."""
        return f"{self.root}/{name}"

    def writes(self, temporary: Path, name: str) -> str:
        """The path on this machine, whose disk may be full, and the address."""
        return f"{temporary}, which is to be {self.address(name)}"

    def create(self) -> None:
        """Make the folder for what is under way; an address comes to be with its first file."""
        with writing(self.scratch):
            self.scratch.mkdir(parents=True, exist_ok=True)

    def stamp(self, name: str) -> Stamp | None:
        """Size, and ETag or time."""
        try:
            return _stamp(self._read(name, lambda files, path: files.info(path)))
        except FileNotFoundError:
            return None

    def stamps(self, folder: str, suffix: str) -> dict[str, Stamp]:
        """From a listing of a thousand files a request, with an object store."""
        try:
            listed: Mapping[str, Any] = self._read(folder, lambda files, path: files.find(path, detail=True))
        except FileNotFoundError:
            return {}
        above = f"{_path(self.root)}/"
        found = {
            path.removeprefix(above): _stamp(info) for path, info in listed.items() if info.get("type") != "directory"
        }
        return {name: stamp for name, stamp in found.items() if stamp and name.endswith(suffix)}

    def read(self, name: str) -> bytes:
        """Fetch the file."""
        return self._read(name, lambda files, path: files.cat_file(path))

    def read_many(self, names: Iterable[str]) -> dict[str, bytes]:
        """Fetch many files at a time."""

        def read(name: str) -> bytes | None:
            with contextlib.suppress(FileNotFoundError):
                return self.read(name)
            return None

        names = list(names)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            contents = dict(zip(names, pool.map(read, names), strict=True))
        return {name: content for name, content in contents.items() if content is not None}

    def sha256(self, name: str) -> str:
        """Fetch the file and hash it, whatever copies there are."""
        value, stamp = hashlib.sha256(), self.stamp(name)
        for piece in self._pieces(name, stamp.size if stamp else 0):
            value.update(piece)
        return value.hexdigest()

    def write(self, name: str, content: bytes) -> None:
        """Send the content, in one request with an object store."""
        self._send(name, lambda files, path: files.pipe_file(path, content))

    def publish(self, temporary: Path, file: File) -> None:
        """Send the file, then keep it as a copy."""
        self._send(file.path, lambda files, path: files.put_file(str(temporary), path))
        self.cache.add(temporary, file)
        for path in (self.scratch / "tmp").glob("*"):
            # Of workers that were killed; on this machine perhaps nobody will ever hold the lock.
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < time.time() - STALE:
                    path.unlink()

    def remove(self, name: str) -> None:
        """Remove the file."""

        def remove(files: Any, path: str) -> None:
            with contextlib.suppress(FileNotFoundError):
                files.rm_file(path)

        self._write(name, remove)

    def clear_temporary(self) -> None:
        """Remove what killed tasks left on this machine, and under the names from which files are renamed."""
        super().clear_temporary()
        for name in self.stamps(f"{STATE}/tmp", ""):
            self.remove(name)

    def local(self, file: File, *, checked: bool = False) -> Path:
        """The copy on this machine; fetched if there is none, and checked in any case."""
        return self.cache.find(file) or self._fetch(file)

    def incoming(self, name: str) -> Path:
        """A path below the scratch folder."""
        return self.scratch / name

    def _fetch(self, file: File) -> Path:
        """Make the copy of a file."""
        stamp = self.stamp(file.path)
        if stamp is None or stamp.size != file.bytes:
            found = "no file" if stamp is None else f"{stamp.size:,} bytes"
            raise self.corrupt(file, found, f"{file.bytes:,} bytes")
        temporary = self.temporary()
        try:
            with writing(temporary):
                temporary.parent.mkdir(parents=True, exist_ok=True)
                with temporary.open("wb") as opened:
                    copy = HashingFile(opened)
                    for piece in self._pieces(file.path, file.bytes):
                        copy.write(piece)
            if copy.sha256.hexdigest() != file.sha256:
                found = f"sha256 {copy.sha256.hexdigest()[:12]}…"
                raise self.corrupt(file, found, f"{file.sha256[:12]}…")
            return self.cache.add(temporary, file)
        finally:
            temporary.unlink(missing_ok=True)

    def _pieces(self, name: str, size: int) -> Iterator[bytes]:
        """The bytes of a file in order; fewer if it is removed meanwhile, which shows in its sha256."""
        with contextlib.suppress(FileNotFoundError):
            for start in range(0, size, PIECE_BYTES):
                end = min(start + PIECE_BYTES, size)
                yield self._read(name, partial(_piece, start=start, end=end))

    def _send(self, name: str, send: Callable[[Any, str], object]) -> None:
        """Write a file so that it appears when it is whole."""
        if self.root.partition(":")[0].lower() in OBJECT_STORES:
            self._write(name, send)
            return

        def rename(files: Any, path: str) -> None:
            temporary = f"{_path(self.root)}/{STATE}/tmp/{uuid.uuid4().hex}"
            for each in (temporary, path):
                files.makedirs(each.rpartition("/")[0], exist_ok=True)
            send(files, temporary)
            files.mv(temporary, path)

        self._write(name, rename)

    def _read(self, name: str, call: Callable[[Any, str], _T]) -> _T:
        """Call a method of the file system that reads; FileNotFoundError comes through."""
        try:
            return self._patiently(name, call)
        except FileNotFoundError:
            raise
        except Exception as error:
            raise self._explained("read", name, error) from error

    def _write(self, name: str, call: Callable[[Any, str], _T]) -> _T:
        """Call a method of the file system that writes."""
        try:
            return self._patiently(name, call)
        except Exception as error:
            raise self._explained("write", name, error) from error

    def _patiently(self, name: str, call: Callable[[Any, str], _T]) -> _T:
        """Call a method of the file system with a path, again and again as long as that may help."""
        files, path, failed = _file_system(self.root, os.getpid()), f"{_path(self.root)}/{name}", None
        for pause in (*self.pauses, None):
            try:
                return call(files, path)
            except HOPELESS:
                raise
            except Exception:
                # File systems try again by themselves, too, and may have taken long for it.
                failed = failed or time.monotonic()
                if pause is None or time.monotonic() - failed + pause > sum(self.pauses):
                    raise
                self.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _explained(self, verb: str, name: str, error: Exception) -> WorkDirectoryError:
        """The error for what a file system raises."""
        if isinstance(error, WorkDirectoryError):
            return error
        cure = "see that its server answers"
        if isinstance(error, PermissionError):
            cure = "see that your credentials are right and may read and write there, or name another `workdir`"
        elif isinstance(error, FileNotFoundError):
            cure = "make the bucket or folder, or name another `workdir`"
        reason = f"{type(error).__name__}: {error}"
        message = f"cannot {verb} {self.address(name)}: {reason}; {cure}, and run the same command again: "
        return WorkDirectoryError(getattr(error, "errno", None) or errno.EIO, f"{message}finished parts are kept")


def _home() -> Path:
    """The user's folder for all work directories behind addresses."""
    return _private(Path(tempfile.gettempdir(), f"babelmill-{os.getuid()}"))


@lru_cache(maxsize=16)
def _private(folder: Path) -> Path:
    """A folder, made so that nobody else reads in it: temporary folders are everybody's, corpora may not be."""
    with writing(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _piece(files: Any, path: str, *, start: int, end: int) -> bytes:
    return files.cat_file(path, start=start, end=end)


def _stamp(info: Mapping[str, Any]) -> Stamp | None:
    """The stamp of a file that a file system describes; None for a folder."""
    if info.get("type") == "directory":
        return None
    mark = next((info[key] for key in MARKS if info.get(key)), "")
    # Listings of some file systems have numbers where their `info` has dates.
    return Stamp(info["size"], str(mark.timestamp() if isinstance(mark, datetime) else mark))


@lru_cache(maxsize=16)
def _file_system(root: str, process: int) -> Any:
    """The file system of an address, one for all threads of a process; none survives a fork.

    Raises:
        WorkDirectoryError: fsspec does not know it, or a package is missing.
    """
    import fsspec  # takes a while, and is not needed for a work directory on a disk

    try:
        # A listing that is remembered would not show what other workers have written since.
        return fsspec.url_to_fs(root, use_listings_cache=False, skip_instance_cache=True)[0]
    except (ImportError, ValueError) as error:
        cure = "for s3: and gs: install babelmill[s3] or babelmill[gcs], or name another `workdir`"
        raise WorkDirectoryError(errno.EPROTONOSUPPORT, f"cannot use {root}: {error}; {cure}") from error


@lru_cache(maxsize=16)
def _path(root: str) -> str:
    """An address as its file system writes it in listings, without the scheme."""
    return _file_system(root, os.getpid())._strip_protocol(root)
