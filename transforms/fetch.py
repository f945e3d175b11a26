"""Fetching one file: over HTTP so that it may be cut off anywhere and goes on from there, also in a later process.

A request for the rest of a file names the ETag of what is there (If-Range), so a server whose file has changed sends
the new one whole. Every answer is checked all the same, since servers get this wrong. The final name appears last.
"""

from __future__ import annotations

import contextlib
import email.utils
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from transforms.partial import FetchError, PartialFile, Remote
from transforms.slots import connection_slot
from transforms.sources import local_path, scheme_of

if TYPE_CHECKING:
    import requests

# What speaks to servers is imported when one is spoken to: a tenth of a second that most runs can do without.
_CURES = {
    401: "it wants a name and password; name a mirror in `location`",
    403: "it refuses, as some do for a while after many requests: try later, or name a mirror in `location`",
    404: "it has no such file; correct `location`, or leave the language out of `languages`",
    410: "the file is gone for good; name a mirror in `location`",
}


@dataclass(frozen=True, kw_only=True)
class FetchOptions:
    """How patiently files are fetched.

    Attributes:
        attempts: requests in a row without a new byte before giving up.
        requests: requests in all before giving up.
        changes: how often a file may change during its download before giving up.
        backoff: seconds to wait after the first failure; doubled after each further one in a row.
        longest_wait: seconds; the most that back-off, or a server's Retry-After, may come to.
        connect_timeout: seconds to wait for a connection.
        read_timeout: seconds to wait for the next bytes.
        piece_bytes: bytes to read at a time; as many may be lost when a connection is cut.
        connections: to one host at a time, among all who name the same `slots`.
        slots: a folder on the local disk; None sets no bound.
        sleep: waits a number of seconds.
    """

    attempts: int = 8
    requests: int = 10_000
    changes: int = 3
    backoff: float = 1.0
    longest_wait: float = 300.0
    connect_timeout: float = 30.0
    read_timeout: float = 60.0
    piece_bytes: int = 64 << 10
    connections: int = 2
    slots: Path | None = None
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Fetched:
    """A whole file on the local disk.

    Attributes:
        address: where it came from.
        path: where it is: the target, or the file itself where it is read in place.
        remote: what its server said of it.
        size: bytes.
        date: when it was fetched, UTC, ISO 8601.
        sha256: hex; None for a file read in place, which whoever reads it can hash on the way.
        resumed_from: bytes of it that an earlier call had fetched.
        requests: HTTP requests that it took.
    """

    address: str
    path: Path
    remote: Remote
    size: int
    date: str
    sha256: str | None
    resumed_from: int = 0
    requests: int = 0


def fetch(address: str, target: Path, *, options: FetchOptions | None = None) -> Fetched:
    """Bring a file to the local disk; one that is there already stays where it is.

    Args:
        address: a path, or a `file:`, `http(s):` or other fsspec address.
        target: where to put it.
        options: how patiently.

    Raises:
        FetchError: the file does not exist, or cannot be had.
        WorkDirectoryError: the disk is full or cannot be written; what has arrived is kept.
    """
    options, scheme = options or FetchOptions(), scheme_of(address)
    if scheme == "file":
        return _in_place(address)
    if scheme in ("http", "https"):
        return _download(address, target, options)
    return _copy(address, target)


def probe(address: str, *, options: FetchOptions | None = None) -> Remote:
    """Ask what a server says of a file, without its bytes.

    Raises:
        FetchError: the file does not exist, or the server does not answer.
    """
    options, scheme = options or FetchOptions(), scheme_of(address)
    if scheme == "file":
        return _in_place(address).remote
    if scheme not in ("http", "https"):
        return _find(address)[2]
    patience = _Patience(address, options)
    while True:
        try:
            with patience.request("HEAD") as response:
                if response.status_code != 200:
                    raise _refusal(address, response)
                return _described(response.headers)
        except _Transient as failure:
            patience.wait_after(failure, progress=False)


def retry_after(value: str | None, *, now: float) -> float | None:
    """Seconds that a Retry-After header asks to wait; None if there is none, or it means nothing.

    Example: `retry_after("120", now=0)` is 120, `retry_after("Thu, 01 Jan 1970 00:01:00 GMT", now=0)` is 60.
    """
    if value is None:
        return None
    if re.fullmatch(r"\s*[0-9]+\s*", value):
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp() - now)


class _Transient(Exception):
    """What may go better the next time; `wait` is how many seconds the server asks to wait, if it does."""

    def __init__(self, cause: str, wait: float | None = None):
        super().__init__(cause)
        self.wait = wait


class _Patience:
    """Sends the requests for one file, waits between them, and gives up in the end."""

    def __init__(self, address: str, options: FetchOptions):
        self.requests = 0
        self._idle = 0
        self._address, self._options = address, options

    @contextlib.contextmanager
    def request(self, method: str, headers: Mapping[str, str] | None = None) -> Iterator[requests.Response]:
        """Send a request, as soon as its host has a connection for us; the context is as long as the answer is read."""
        import requests
        from requests import exceptions

        options = self._options
        slot: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
        if options.slots is not None:
            host = urlsplit(self._address).netloc.rpartition("@")[2]
            slot = connection_slot(host, folder=options.slots, limit=options.connections)
        # Bytes must arrive as they are stored: an xz file that is gunzipped on the way has another length and sha256.
        headers = {"Accept-Encoding": "identity", "User-Agent": "babelmill", **(headers or {})}
        timeout = (options.connect_timeout, options.read_timeout)
        self.requests += 1
        with slot:
            try:
                response = requests.request(method, self._address, headers=headers, timeout=timeout, stream=True)
            except (
                exceptions.InvalidURL,
                exceptions.MissingSchema,
                exceptions.InvalidSchema,
                exceptions.InvalidHeader,
                exceptions.TooManyRedirects,
            ) as error:
                raise FetchError(f"{self._address}: {error}; correct `location`") from error
            except exceptions.RequestException as error:
                raise _Transient(f"no answer ({type(error).__name__}: {error})") from error
            with response:
                yield response

    def wait_after(self, failure: _Transient, *, progress: bool, kept: str = "") -> None:
        """Wait before the next request.

        Args:
            failure: what became of the last one.
            progress: whether it brought something new all the same.
            kept: a sentence about what is not lost if this is the end.

        Raises:
            FetchError: this is the end.
        """
        options = self._options
        self._idle = 0 if progress else self._idle + 1
        if self._idle >= options.attempts or self.requests >= options.requests:
            raise FetchError(
                f"{self._address}: given up after {self.requests} requests, the last {self._idle} without a new byte. "
                f"The last failure: {failure}. {kept}Check the network, or name a mirror in `location`, and run the "
                "same command again"
            ) from failure
        wait = failure.wait
        if wait is None:
            # With jitter, so that those who were cut off together do not come back together.
            wait = options.backoff * 2.0 ** max(0, self._idle - 1) * random.SystemRandom().uniform(0.5, 1.0)
        options.sleep(min(wait, options.longest_wait))


def _download(address: str, target: Path, options: FetchOptions) -> Fetched:
    """Fetch over HTTP, in as many requests as it takes."""
    patience = _Patience(address, options)
    with PartialFile(address, target) as part:
        while not part.complete:
            best = part.best
            try:
                with patience.request("GET", _range(part)) as response:
                    _receive(address, response, part, options)
            except _Transient as failure:
                if len(part.changes) > options.changes:
                    raise FetchError(
                        f"{address}: the file keeps changing during its download, {len(part.changes)} times by now "
                        f"({part.changes[-1]}); try again when its server is done, or name a mirror in `location`"
                    ) from failure
                kept = f"{part.size:,} bytes are kept in {part.path}, and will be gone on from. " if part.size else ""
                patience.wait_after(failure, progress=part.best > best, kept=kept)
        sha256, remote = part.publish(), part.remote or Remote()
        return Fetched(address, target, remote, part.size, _now(), sha256, part.resumed_from, patience.requests)


def _range(part: PartialFile) -> dict[str, str]:
    """Headers that ask for what is missing."""
    if not part.size or part.remote is None:
        return {}
    headers = {"Range": f"bytes={part.size}-"}
    if part.remote.validator:
        headers["If-Range"] = part.remote.validator
    return headers


def _receive(address: str, response: requests.Response, part: PartialFile, options: FetchOptions) -> None:
    """Take in what a server sends.

    Raises:
        _Transient: not all that is missing has come.
        FetchError: the server refuses for good.
    """
    if response.status_code == 206:
        _check_range(response.headers, part)
    elif response.status_code == 416:
        part.drop("its server has no bytes beyond those that we have")
        raise _Transient(part.changes[-1])
    elif response.status_code == 200:
        part.begin(_described(response.headers))
    else:
        raise _refusal(address, response)
    for piece in _body(response, options.piece_bytes):
        part.append(piece)
    expected = part.remote.size if part.remote else None
    if expected is None:
        part.ended = True
    elif part.size > expected:
        part.drop(f"its server sent {part.size:,} bytes, expected {expected:,}")
        raise _Transient(part.changes[-1])
    elif part.size < expected:
        raise _Transient(f"the connection ended after {part.size:,} of {expected:,} bytes")


def _check_range(headers: Mapping[str, str], part: PartialFile) -> None:
    """See that an answer goes on where we stopped, in the same file; otherwise drop what is there.

    Raises:
        _Transient: it does not.
    """
    content_range = headers.get("Content-Range", "")
    known = part.remote or Remote()
    match = re.fullmatch(r"bytes ([0-9]+)-[0-9]+/([0-9]+|\*)", content_range.strip())
    wrong: str | None
    if match is None or int(match[1]) != part.size:
        wrong = f"its server sent Content-Range {content_range!r}, expected bytes from {part.size:,} on"
    else:
        size = known.size if match[2] == "*" else int(match[2])
        wrong = known.difference(replace(_described(headers), size=size))
        part.remote = replace(known, size=size)
    if wrong:
        part.drop(wrong)
        raise _Transient(wrong)


def _body(response: requests.Response, piece_bytes: int) -> Iterator[bytes]:
    """The bytes of an answer as they were sent, whatever Content-Encoding says."""
    from urllib3.exceptions import HTTPError

    try:
        yield from response.raw.stream(piece_bytes, decode_content=False)
    except (HTTPError, OSError) as error:
        raise _Transient(f"the connection was cut ({type(error).__name__})") from error


def _described(headers: Mapping[str, str]) -> Remote:
    """What the headers of an answer that is to hold a whole file say of it."""
    length = headers.get("Content-Length", "")
    size = int(length) if length.isdecimal() else None
    return Remote(size=size, etag=headers.get("ETag"), modified=headers.get("Last-Modified"))


def _refusal(address: str, response: requests.Response) -> _Transient | FetchError:
    """The error that an answer without the file stands for."""
    status, answer = response.status_code, f"HTTP {response.status_code} {response.reason}"
    if status >= 500 or status in (408, 425, 429):
        return _Transient(
            f"its server answers {answer}", retry_after(response.headers.get("Retry-After"), now=time.time())
        )
    return FetchError(f"{address}: its server answers {answer}: {_CURES.get(status, 'see what is wrong in a browser')}")


def _in_place(address: str) -> Fetched:
    """A local file, as it is."""
    path = local_path(address)
    try:
        status = path.stat()
    except OSError as error:
        raise FetchError(f"{address}: {error.strerror}; correct `location`") from error
    return Fetched(address, path, Remote(size=status.st_size), status.st_size, _now(), None)


def _copy(address: str, target: Path) -> Fetched:
    """Copy from a file system that fsspec knows; those retry by themselves."""
    with PartialFile(address, target) as part:
        filesystem, path, remote = _find(address)
        part.begin(remote)
        for piece in _read(address, filesystem, path):
            part.append(piece)
        if remote.size not in (None, part.size):
            raise FetchError(
                f"{address}: ended after {part.size:,} of {remote.size:,} bytes; run the same command again"
            )
        return Fetched(address, target, remote, part.size, _now(), part.publish())


def _find(address: str) -> tuple[Any, str, Remote]:
    """The file system of an fsspec address, the path in it, and what it says of the file."""
    import fsspec

    with _explaining(address):
        filesystem, path = fsspec.url_to_fs(address)
        info = filesystem.info(path)
        return filesystem, path, Remote(size=info.get("size"), etag=info.get("ETag"))


def _read(address: str, filesystem: Any, path: str) -> Iterator[bytes]:
    with _explaining(address), filesystem.open(path, "rb") as file:
        while piece := file.read(1 << 20):
            yield piece


@contextlib.contextmanager
def _explaining(address: str) -> Iterator[None]:
    """Turn whatever a file system raises into a `FetchError`; fsspec has no class common to all of them."""
    try:
        yield
    except FileNotFoundError as error:
        raise FetchError(f"{address} does not exist; correct `location`") from error
    except Exception as error:
        raise FetchError(f"{address}: {type(error).__name__}: {error}") from error


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
