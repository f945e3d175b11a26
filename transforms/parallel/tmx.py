"""Translation memories (TMX), plain, compressed or in a zip archive: where they are, and their pairs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from transforms.parallel.batches import ReadOptions, Tally
from transforms.parallel.bitext import Bitext, Wanted
from transforms.parallel.codes import split_codes
from transforms.parallel.listing import Listing, listing
from transforms.parallel.streams import COMPRESSED, file_pieces, open_zip, zip_pieces
from transforms.parallel.tmx_units import Units
from transforms.sources import SourceError

_NAME = re.compile(rf"((?:.+\.)?([^.]+))\.tmx(?:{COMPRESSED}|\.zip)", re.IGNORECASE)


def locate(wanted: Wanted) -> list[Bitext]:
    """The translation memories of a folder.

    A file is of the two languages in its name (`news.de-en.tmx.gz`); one without is of every pair that is named.

    Raises:
        SourceError: the folder is not there, or holds no such file, or one whose languages nobody says.
    """
    if wanted.location is None:
        raise SourceError(f"{wanted.corpus}: expected a folder of translation memories; name it in `location`")
    folder = listing(wanted.location, "files such as news.de-en.tmx")
    return wanted.choose(memories(folder, wanted), folder.address)


def memories(folder: Listing, wanted: Wanted, **attributes: Any) -> Iterator[Bitext]:
    """The bitexts in the translation memories of a folder; `attributes` are those of each."""
    for file, size in folder.files.items():
        match = _NAME.fullmatch(file)
        if match is None:
            continue
        codes = split_codes(match[2])
        if codes is None and not wanted.pairs:
            raise SourceError(
                f"{folder.path(file)}: expected two codes in its name, such as news.de-en.tmx; rename it, or "
                "name `pairs`"
            )
        for pair in [codes] if codes else wanted.pairs or ():
            yield Bitext(
                corpus=wanted.corpus,
                name=match[1] if codes else f"{match[1]}.{'-'.join(pair)}",
                codes=(pair[0], pair[1]),
                addresses=(folder.path(file),),
                local=folder.local,
                format="tmx",
                size=size,
                **attributes,
            )


def read(paths: Sequence[Path], bitext: Bitext, options: ReadOptions, tally: Tally) -> Iterator[pa.RecordBatch]:
    """The pairs of a translation memory, in the order of its codes; `document` is the number of the unit (`tu`).

    A unit that lacks a segment in one of the languages is left out and counted as `no_segment`. A variant of a language
    stands for it (`en-US`, `EN` for `en`) unless there is the language itself; of several variants the first counts.
    White space in a segment, line ends included, is one space.

    Args:
        paths: the file: plain, compressed, or the only TMX file of a zip archive.
        bitext: whose codes to read; others that the file has are ignored.
        options: sizes of batches and segments.
        tally: counts what was met.

    Raises:
        SourceError: the file is cut off, no well-formed XML, no TMX, or declares entities.
    """
    units = Units(paths[0], bitext.codes, options, tally)
    for piece in _pieces(paths[0]):
        units.feed(piece)
        yield from units.ready()
    units.finish()
    yield from units.ready()
    if not tally.documents > tally.dropped["no_segment"]:
        seen = ", ".join(sorted(units.seen)) or "none"
        raise SourceError(
            f"{paths[0]} has no unit with a segment in {bitext.codes[0]} and one in {bitext.codes[1]}: found the "
            f"languages {seen}; correct `pairs`"
        )


def _pieces(path: Path) -> Iterator[bytes]:
    if path.suffix.lower() != ".zip":
        yield from file_pieces(path)
        return
    with open_zip(path) as archive:
        members = [name for name in archive.namelist() if name.lower().endswith(".tmx") and "__MACOSX" not in name]
        if len(members) != 1:
            raise SourceError(
                f"{path} has {len(members)} TMX files ({', '.join(members[:20]) or 'none'}): expected one; unpack it "
                "into a folder, and name that in `location`"
            )
        yield from zip_pieces(archive, members[0])
