"""Moses archives of OPUS: a zip archive with two line-aligned files, read side by side in one pass.

`LibreOffice.de-en.de` and `LibreOffice.de-en.en` hold the text; `LibreOffice.de-en.scores`, where there is one, a score
a line; README and LICENSE what is known of the corpus; `.ids` and `.xml`, which are not read, where each line is from.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from transforms.parallel.batches import ReadOptions, Tally, batch_of
from transforms.parallel.bitext import Bitext
from transforms.parallel.columns import scores
from transforms.parallel.licences import licence_in
from transforms.parallel.lines import Lines, in_step
from transforms.parallel.streams import open_zip, zip_pieces
from transforms.sources import SourceError


def read(paths: Sequence[Path], bitext: Bitext, options: ReadOptions, tally: Tally) -> Iterator[pa.RecordBatch]:
    """The pairs of an archive, in the order of its codes.

    Args:
        paths: the archive.
        bitext: what it holds.
        options: sizes of batches and lines.
        tally: counts what was met; its licence is what the archive says.

    Raises:
        SourceError: the archive is damaged or cut off, lacks a member, or its members differ in their lines.
    """
    with open_zip(paths[0]) as archive:
        tally.licence = licence_in(_documents(archive))
        members = _members(archive, bitext.codes)
        streams = [
            Lines(zip_pieces(archive, member), name=f"{paths[0]}: {member}", max_line_bytes=options.max_line_bytes)
            for member in members
        ]
        for columns in in_step(streams, batch_bytes=options.batch_bytes):
            numbers = np.arange(tally.documents, tally.documents + len(columns[0]))
            score = _scores(columns[2], tally.documents, streams[2].name) if len(columns) > 2 else None
            tally.documents += len(numbers)
            yield batch_of(numbers, columns[0], columns[1], score)


def _members(archive: zipfile.ZipFile, codes: tuple[str, str]) -> list[str]:
    """Names of the two texts, and of the scores if there are any."""
    names = [name for name in archive.namelist() if not name.startswith("__MACOSX/")]
    orders = ["-".join(codes), "-".join(reversed(codes))]
    pair = next((pair for pair in orders if any(f".{pair}." in name for name in names)), orders[0])
    members = []
    for code in codes:
        texts = [name for name in names if name.endswith(f".{pair}.{code}")]
        if len(texts) != 1:
            raise SourceError(
                f"{archive.filename} has {' and '.join(texts) or 'no member'} for {code}: expected one member whose "
                f"name ends in .{pair}.{code}, found {', '.join(names[:20]) or 'none at all'}; get it again, or leave "
                "the pair out of `pairs`"
            )
        members += texts
    return members + [name for name in names if name.endswith(f".{pair}.scores")][:1]


def _documents(archive: zipfile.ZipFile) -> Iterator[str]:
    """The texts that tell of the corpus, as far as a person would read them."""
    for name in ("README", "LICENSE"):
        if name in archive.namelist():
            yield next(zip_pieces(archive, name), b"").decode("utf-8", "replace")


def _scores(texts: pa.BinaryArray, first: int, name: str) -> np.ndarray:
    """Numbers of a file of scores; an empty line has none."""
    numbers, right = scores(texts)
    wrong = np.flatnonzero(~right & (np.diff(np.frombuffer(texts.buffers()[1], np.int32)) > 0))
    if wrong.size:
        line = int(wrong[0])
        raise SourceError(
            f"{name}, line {first + line + 1:,}: found {texts[line].as_py()[:40]!r}, expected a number; get it again"
        )
    return numbers
