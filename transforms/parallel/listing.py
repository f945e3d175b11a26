"""What lies under a location: files and folders of a local path, or of any address that fsspec lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transforms.parallel.bitext import Bitext, Wanted
from transforms.parallel.codes import split_codes
from transforms.sources import SourceError, local_path, scheme_of


@dataclass(frozen=True)
class Listing:
    """One folder.

    Attributes:
        address: of the folder.
        local: whether its files can be read in place.
        files: name -> bytes, names sorted.
        folders: names, sorted.
    """

    address: str
    local: bool
    files: dict[str, int] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)

    def path(self, name: str) -> str:
        """Address of a file in it."""
        return f"{self.address}/{name}"

    def by_codes(self, parse: Callable[[str], str | None], wanted: Wanted) -> dict[str, tuple[str, str]]:
        """Files whose names hold two language codes: name -> codes.

        Args:
            parse: gives the part of a name that is the codes (`de-en`), or None where the file is something else.
            wanted: what was asked for. If no language was named, every file must be of two.

        Raises:
            SourceError: the part is not two codes.
        """
        found = {}
        for name in self.files:
            part = parse(name)
            codes = split_codes(part) if part else None
            if codes:
                found[name] = codes
            elif part and not wanted.codes:
                raise SourceError(
                    f"{self.path(name)}: {part!r} is not two codes of different languages, expected a name such as "
                    "de-en; choose by `pairs` or `languages`, rename the file, or move it elsewhere"
                )
        return found


def bitexts_in(folder: Listing, wanted: Wanted, pattern: re.Pattern[str], **attributes: Any) -> Iterator[Bitext]:
    """The files of a folder that are a bitext each, and whose names say of which languages.

    Args:
        folder: where to look.
        wanted: what was asked for.
        pattern: of the whole name; its first group is the bitext's name, its last the two codes.
        attributes: of each bitext.
    """

    def codes_of(name: str) -> str | None:
        match = pattern.fullmatch(name)
        return match[pattern.groups] if match else None

    for file, codes in folder.by_codes(codes_of, wanted).items():
        match = pattern.fullmatch(file)
        yield Bitext(
            corpus=wanted.corpus,
            name=match[1] if match else file,
            codes=codes,
            addresses=(folder.path(file),),
            local=folder.local,
            size=folder.files[file],
            **attributes,
        )


def listing(location: str, expected: str) -> Listing:
    """List a folder.

    Args:
        location: a path, or an address of any scheme of fsspec.
        expected: what the folder should hold, for messages.

    Raises:
        SourceError: it is not there, is no folder, or cannot be listed.
    """
    if scheme_of(location) == "file":
        return _local(local_path(location), expected)
    import fsspec  # takes a while, and is not needed for folders of a disk

    try:
        filesystem, root = fsspec.url_to_fs(location)
        entries = filesystem.ls(root, detail=True)
    except FileNotFoundError as error:
        raise SourceError(f"{location} does not exist: expected {expected}; correct `location`") from error
    # What a store raises for a wrong name, key or network is its own affair; fsspec has no common class for it.
    except Exception as error:
        raise SourceError(f"{location} cannot be listed: {type(error).__name__}: {error}") from error
    named = sorted((entry["name"].rstrip("/").rsplit("/", 1)[-1], entry) for entry in entries)
    files = {name: int(entry.get("size") or 0) for name, entry in named if entry["type"] == "file"}
    folders = [name for name, entry in named if entry["type"] == "directory"]
    return Listing(location.rstrip("/"), False, files, folders)


def _local(folder: Path, expected: str) -> Listing:
    if not folder.is_dir():
        found = "is a file" if folder.exists() else f"does not exist ({folder.absolute()})"
        raise SourceError(f"{folder} {found}: expected {expected}; correct `location`")
    try:
        entries = sorted(folder.iterdir())
        files = {path.name: path.stat().st_size for path in entries if path.is_file()}
    except OSError as error:
        raise SourceError(f"{folder} cannot be read: {error.strerror}; change its permissions") from error
    return Listing(str(folder), True, files, [path.name for path in entries if path.is_dir()])
