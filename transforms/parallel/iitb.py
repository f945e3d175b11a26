"""The IIT Bombay English-Hindi corpus: a tar archive with both texts; development and test sets in another.

Training must not see the latter, so they are bitexts of their own that have to be asked for by version: `dev`, `test`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from transforms.parallel.aligned import pairs_of
from transforms.parallel.batches import ReadOptions, Tally
from transforms.parallel.bitext import Bitext, Wanted
from transforms.parallel.licences import known_licence
from transforms.parallel.lines import Lines
from transforms.parallel.listing import listing
from transforms.parallel.streams import tar_pieces
from transforms.sources import SourceError

PUBLISHED = "http://www.cfilt.iitb.ac.in/~moses/iitb_en_hi_parallel/iitb_corpus_download"
"""Where the archives are published."""

MEMBERS = {
    "train": ("parallel.tgz", "parallel/IITB.en-hi"),
    "dev": ("dev_test.tgz", "dev_test/dev"),
    "test": ("dev_test.tgz", "dev_test/test"),
}
"""Version -> archive, and the names of its two members less `.en` and `.hi`."""


def locate(wanted: Wanted) -> list[Bitext]:
    """The training set, or the one that `wanted.version` names.

    Raises:
        SourceError: there is no such version, or the archive is not in the folder, or another pair was asked for.
    """
    version = wanted.version or "train"
    if version not in MEMBERS:
        raise SourceError(f"{wanted.corpus} has no version {version!r}: expected one of {', '.join(MEMBERS)}")
    archive, member = MEMBERS[version]
    where, local, size = wanted.on_web(PUBLISHED), False, None
    if where is None:
        folder = listing(str(wanted.location), f"{archive} of the IIT Bombay corpus")
        if archive not in folder.files:
            found = ", ".join(folder.files) or "no file"
            raise SourceError(f"{folder.address} has no {archive}: found {found}; get it, or correct `location`")
        where, local, size = folder.address, folder.local, folder.files[archive]
    bitext = Bitext(
        corpus=wanted.corpus,
        name="en-hi",
        codes=("en", "hi"),
        addresses=(f"{where}/{archive}",),
        local=local,
        format="iitb",
        version=version,
        member=member,
        size=size,
        licence=known_licence("IITB"),
    )
    return wanted.choose([bitext], where)


def read(paths: Sequence[Path], bitext: Bitext, options: ReadOptions, tally: Tally) -> Iterator[pa.RecordBatch]:
    """The pairs of two members of a tar archive, in the order of its codes.

    Args:
        paths: the archive.
        bitext: what to read of it.
        options: sizes of batches and lines.
        tally: counts what was met.

    Raises:
        SourceError: the archive is damaged or cut off, lacks a member, or its members differ in their lines.
    """
    members = [f"{bitext.member}.{code}" for code in bitext.codes]
    streams = [
        Lines(tar_pieces(paths[0], member), name=f"{paths[0]}: {member}", max_line_bytes=options.max_line_bytes)
        for member in members
    ]
    yield from pairs_of(streams, options, tally)
