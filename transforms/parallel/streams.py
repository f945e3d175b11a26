"""The bytes of files and of members of archives as streams, in pieces; nothing is unpacked to disk.

Errors name the file, and the member where there is one.
"""

from __future__ import annotations

import contextlib
import io
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from transforms.compression import MAGIC, PIECE_BYTES, CompressionError, HashedReader, decompressed
from transforms.sources import SourceError

try:
    from isal import isal_zlib
except ImportError:  # no wheels for this machine
    isal_zlib = None  # type: ignore[assignment]

_INFLATING: type[Exception] = isal_zlib.error if isal_zlib else zlib.error  # type: ignore[assignment]

_KINDS = {"tgz": "gz", "tbz2": "bz2", "txz": "xz"}

SUFFIXES = (*(f".{kind}" for kind in MAGIC), "")
"""What may follow a text file's name, where it is compressed and where it is not."""

COMPRESSED = "|".join(re.escape(suffix) for suffix in SUFFIXES)
"""The same, as a pattern."""


def file_pieces(path: Path) -> Iterator[bytes]:
    """The bytes of a file, decompressed as its suffix says.

    Raises:
        SourceError: the file is missing, damaged, cut off, or not what its suffix says.
    """
    suffix = path.suffix.removeprefix(".").lower()
    kind = _KINDS.get(suffix, suffix if suffix in MAGIC else "plain")
    try:
        with path.open("rb") as file:
            yield from decompressed(HashedReader(file), kind)
    except CompressionError as error:
        raise SourceError(f"{path} {error}") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}; get it again") from error


@contextlib.contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """A zip archive, whose members can be read side by side.

    Raises:
        SourceError: it is missing, or no zip archive, as one that was cut off is not.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except zipfile.BadZipFile as error:
        raise SourceError(
            f"{path} is no whole zip archive ({error}): it was cut off, or is a page that a server sent instead of it; "
            "get it again"
        ) from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}; get it again") from error


def zip_pieces(archive: zipfile.ZipFile, member: str) -> Iterator[bytes]:
    """The bytes of a member of a zip archive; its checksum is compared.

    Raises:
        SourceError: the member is damaged, encrypted, or compressed in a way that Python does not know.
    """
    try:
        with archive.open(member) as file:
            _hasten(file)
            while piece := file.read(PIECE_BYTES):
                yield piece
    # Passwords are a RuntimeError, unknown compressions a NotImplementedError, which is one too.
    except (zipfile.BadZipFile, zlib.error, _INFLATING, EOFError, RuntimeError) as error:
        raise SourceError(f"{archive.filename}: member {member} cannot be read ({error}); get it again") from error


def _hasten(file: Any) -> None:
    """Have a member decompressed by ISA-L, where that is installed: in half the time, to the same bytes.

    zipfile has no way to choose what decompresses. Where its inside is another some day, nothing becomes faster.
    """
    if isal_zlib is not None and isinstance(getattr(file, "_decompressor", None), type(zlib.decompressobj())):
        file._decompressor = isal_zlib.decompressobj(-zlib.MAX_WBITS)


def tar_pieces(path: Path, member: str) -> Iterator[bytes]:
    """The bytes of a member of a tar archive that may be compressed, as its suffix says.

    Members of such an archive lie one after the other in one stream, so those before it are decoded for nothing. To
    read two members in step, take two of these.

    Raises:
        SourceError: the archive is damaged or cut off, or has no such member; the message names those that it has.
    """
    found: list[str] = []
    try:
        with tarfile.open(fileobj=_Stream(file_pieces(path)), mode="r|", bufsize=PIECE_BYTES) as archive:
            for entry in archive:
                if entry.name.removeprefix("./") == member and (file := archive.extractfile(entry)):
                    while piece := file.read(PIECE_BYTES):
                        yield piece
                    return
                found.append(entry.name)
    except tarfile.TarError as error:
        raise SourceError(f"{path} is no whole tar archive ({error}); get it again") from error
    raise SourceError(f"{path} has no member {member}: found {', '.join(found[:30]) or 'none'}; get it again")


class _Stream(io.RawIOBase):
    """Pieces of bytes as a file that can be read once."""

    def __init__(self, pieces: Iterator[bytes]):
        self._pieces, self._rest = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        filled = 0
        while filled < len(buffer) and (piece := self._rest or next(self._pieces, b"")):
            used = piece[: len(buffer) - filled]
            buffer[filled : filled + len(used)] = used
            self._rest = piece[len(used) :]
            filled += len(used)
        return filled
