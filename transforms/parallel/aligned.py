"""Two aligned text files, one a language: `news.de-en.de` with `news.de-en.en`, or `news.de.gz` with `news.en.gz`.

Either may be compressed, each in its own way. Where a name has more than two languages (`dev.de`, `dev.en`, `dev.ja`),
every two of them are a bitext.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from transforms.parallel.batches import ReadOptions, Tally, batch_of
from transforms.parallel.bitext import Bitext, Wanted
from transforms.parallel.codes import is_code, split_codes, tag_of
from transforms.parallel.lines import Lines, in_step
from transforms.parallel.listing import Listing, listing
from transforms.parallel.streams import SUFFIXES, file_pieces
from transforms.sources import SourceError


def locate(wanted: Wanted) -> list[Bitext]:
    """The pairs of files in a folder.

    Raises:
        SourceError: the folder is not there, or holds no such files, or not those asked for.
    """
    if wanted.location is None:
        raise SourceError(f"{wanted.corpus}: expected a folder of aligned files; name it in `location`")
    folder = listing(wanted.location, "files such as news.de and news.en, line by line translations of each other")
    return wanted.choose(_bitexts(folder, wanted), folder.address)


def read(paths: Sequence[Path], bitext: Bitext, options: ReadOptions, tally: Tally) -> Iterator[pa.RecordBatch]:
    """The pairs of two files.

    Args:
        paths: the files, in the order of the codes.
        bitext: what they hold.
        options: sizes of batches and lines.
        tally: counts what was met.

    Raises:
        SourceError: a file is damaged or cut off, or they have different numbers of lines.
    """
    pieces = ((path, file_pieces(path)) for path in paths)
    yield from pairs_of(
        [Lines(stream, name=str(path), max_line_bytes=options.max_line_bytes) for path, stream in pieces],
        options,
        tally,
    )


def pairs_of(streams: Sequence[Lines], options: ReadOptions, tally: Tally) -> Iterator[pa.RecordBatch]:
    """The pairs of two streams of lines."""
    for source, target in in_step(streams, batch_bytes=options.batch_bytes):
        numbers = np.arange(tally.documents, tally.documents + len(source))
        tally.documents += len(numbers)
        yield batch_of(numbers, source, target)


def _bitexts(folder: Listing, wanted: Wanted) -> Iterator[Bitext]:
    """Every two files whose names differ in the language only."""
    for stem, files in sorted(_by_stem(folder, wanted.codes).items()):
        for codes in itertools.combinations(sorted(files, key=tag_of), 2):
            if tag_of(codes[0]) == tag_of(codes[1]):
                continue
            yield Bitext(
                corpus=wanted.corpus,
                name=stem if split_codes(stem.rpartition(".")[2]) else f"{stem}.{'-'.join(codes)}".lstrip("."),
                codes=codes,
                addresses=tuple(folder.path(files[code]) for code in codes),
                local=folder.local,
                format="aligned",
                size=sum(folder.files[files[code]] for code in codes),
            )


def _by_stem(folder: Listing, named: set[str]) -> dict[str, dict[str, str]]:
    """Files by what their names share: stem -> code -> name."""
    stems: dict[str, dict[str, str]] = {}
    for name in folder.files:
        suffix = next(suffix for suffix in SUFFIXES if name.endswith(suffix))
        stem, _, code = name.removesuffix(suffix).removesuffix(".txt").rpartition(".")
        pair = split_codes(stem.rpartition(".")[2])
        # Without a pair in the name, what merely looks like a code (`.tsv`, `.ids`) is none unless it was asked for.
        if code in pair if pair else code in named or is_code(code, strict=True):
            other = stems.setdefault(stem, {}).setdefault(code, name)
            if other != name:
                raise SourceError(f"{folder.address} holds both {other} and {name}: expected one of them; remove one")
    return stems
