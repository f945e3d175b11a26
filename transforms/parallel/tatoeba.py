"""Exports of Tatoeba: sentences with numbers, and links that say which sentence translates which.

Either the files of two languages, `eng_sentences.tsv.bz2` (number, language, text), `fra_sentences.tsv.bz2` and
`eng-fra_links.tsv.bz2` (number, number), or those of all languages, `sentences.tar.bz2` with `sentences.csv` and
`links.tar.bz2` with `links.csv`. Whatever they are called, columns are separated by tabs, quotation marks are text, and
a tab, line end or backslash in the text has a backslash before it (MySQL's INTO OUTFILE).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.parallel.batches import ReadOptions, Tally, batch_of
from transforms.parallel.bitext import Bitext, Wanted
from transforms.parallel.columns import fields
from transforms.parallel.licences import known_licence
from transforms.parallel.lines import Lines, in_step
from transforms.parallel.listing import Listing, listing
from transforms.parallel.streams import file_pieces, tar_pieces
from transforms.sources import SourceError

PUBLISHED = "https://downloads.tatoeba.org/exports/per_language"
"""Where the files of each language are published, in a folder of its name."""

LINK_BYTES = 256 << 10
"""Links taken at a time, in bytes of the file; they become about four times as many bytes of text."""

_ESCAPED = rb"\\(.)"


def locate(wanted: Wanted) -> list[Bitext]:
    """The bitexts of exports in a folder, or those that are published.

    Args:
        wanted: its codes are Tatoeba's own, ISO 639-3 (`eng`). Without a location, pairs must be named.

    Raises:
        SourceError: the folder or a file is not there, or no pair was named for the web.
    """
    where = wanted.on_web(PUBLISHED)
    if where:
        if not wanted.pairs:
            raise SourceError(
                f"{wanted.corpus}: {where} has no list of what it links; name `pairs`, such as [[eng, fra]]"
            )
        return wanted.choose([_published(wanted.corpus, where, codes) for codes in wanted.pairs], where)
    folder = listing(
        str(wanted.location), "exports of Tatoeba, such as eng_sentences.tsv.bz2 and eng-fra_links.tsv.bz2"
    )
    if "links.tar.bz2" in folder.files:
        return wanted.choose(_of_all_languages(folder, wanted), folder.address)
    return wanted.choose(_of_two_languages(folder, wanted), folder.address)


def read(paths: Sequence[Path], bitext: Bitext, options: ReadOptions, tally: Tally) -> Iterator[pa.RecordBatch]:
    """The linked sentences of two languages; `document` is the line of the link.

    A link to a sentence that the export lacks (it leaves out those under review), and to any other language where the
    file has all of them, is no pair of this bitext and is not counted. Sentences of the two languages are held in
    memory: some 200 MB for the largest two.

    Args:
        paths: sentences of the first language, sentences of the second, links; or all sentences, all links.
        bitext: whose codes to read.
        options: sizes of batches and lines.
        tally: counts what was met.

    Raises:
        SourceError: a file is damaged, cut off, or no such export.
    """
    sentences = _sentences(paths[:-1], bitext.codes, options)
    lines = Lines(_pieces(paths[-1], "links.csv"), name=str(paths[-1]), max_line_bytes=options.max_line_bytes)
    number = 0
    for (rows,) in in_step([lines], batch_bytes=min(LINK_BYTES, options.batch_bytes), weighed=1):
        ends, counts = fields(rows, (0, 1))
        _check(paths[-1], number, rows, counts == 2, "two numbers separated by a tab")
        found = [side.find(_numbers(paths[-1], number, column)) for side, column in zip(sentences, ends, strict=True)]
        linked = np.flatnonzero((found[0] >= 0) & (found[1] >= 0))
        texts = [side.texts.take(pa.array(rows[linked])) for side, rows in zip(sentences, found, strict=True)]
        tally.documents += len(linked)
        yield batch_of(number + linked, *texts)
        number += len(rows)


class _Sentences:
    """The sentences of one language by their numbers.

    Attributes:
        texts: binary (n,).
    """

    def __init__(self, numbers: np.ndarray, texts: pa.BinaryArray):
        order = np.argsort(numbers, kind="stable")
        self.texts = texts.take(pa.array(order))
        self._numbers = numbers[order]

    def find(self, numbers: np.ndarray) -> np.ndarray:
        """Rows of `texts` that have the numbers, int64; -1 where none has."""
        rows = np.searchsorted(self._numbers, numbers)
        known = rows < len(self._numbers)
        known[known] = self._numbers[rows[known]] == numbers[known]
        return np.where(known, rows, -1)


def _sentences(paths: Sequence[Path], codes: tuple[str, str], options: ReadOptions) -> list[_Sentences]:
    """The sentences of both languages."""
    kept: dict[str, list[tuple[np.ndarray, pa.BinaryArray]]] = {code: [] for code in codes}
    for path in paths:
        lines = Lines(_pieces(path, "sentences.csv"), name=str(path), max_line_bytes=options.max_line_bytes)
        for (rows,) in in_step([lines], batch_bytes=options.batch_bytes, weighed=1):
            (numbers, languages, texts), counts = fields(rows, (0, 1, 2), limit=3)
            # Text with a line end in it goes on in lines of fewer columns, which cannot be told from damage.
            whole = pa.array(counts == 3)
            for code, parts in kept.items():
                mask = pc.and_(whole, pc.equal(languages, code.encode()))
                parts.append((_numbers(path, lines.taken - len(rows), numbers.filter(mask)), texts.filter(mask)))
    for code, parts in kept.items():
        if not any(len(numbers) for numbers, _ in parts):
            raise SourceError(
                f"{' and '.join(map(str, paths))} has no sentence of {code!r}: expected lines of a number, the code "
                "and the text, separated by tabs; correct `pairs`, or get it again"
            )
    return [_joined(kept[code]) for code in codes]


def _joined(parts: Sequence[tuple[np.ndarray, pa.BinaryArray]]) -> _Sentences:
    numbers, texts = zip(*parts, strict=True)
    plain = pc.replace_substring_regex(pa.concat_arrays(texts), pattern=_ESCAPED, replacement=rb"\1")
    return _Sentences(np.concatenate(numbers), plain)


def _numbers(path: Path, first: int, texts: pa.BinaryArray) -> np.ndarray:
    """A column of sentence numbers, int64."""
    try:
        return texts.cast(pa.string()).cast(pa.int64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid as error:
        raise SourceError(
            f"{path}, after line {first:,}: a sentence's number is none ({error}); get the export again"
        ) from error


def _check(path: Path, first: int, rows: pa.BinaryArray, right: np.ndarray, expected: str) -> None:
    if not right.all():
        line = int(np.flatnonzero(~right)[0])
        raise SourceError(
            f"{path}, line {first + line + 1:,}: found {rows[line].as_py()[:60]!r}, expected {expected}; get the "
            "export again"
        )


def _pieces(path: Path, member: str) -> Iterator[bytes]:
    return tar_pieces(path, member) if ".tar" in path.suffixes else file_pieces(path)


def _published(corpus: str, where: str, codes: tuple[str, str]) -> Bitext:
    first, second = sorted(codes)
    names = (f"{first}/{first}_sentences", f"{second}/{second}_sentences", f"{first}/{first}-{second}_links")
    return Bitext(
        corpus=corpus,
        name=f"{first}-{second}",
        codes=(first, second),
        addresses=tuple(f"{where}/{name}.tsv.bz2" for name in names),
        local=False,
        format="tatoeba",
        licence=known_licence("Tatoeba"),
    )


def _of_two_languages(folder: Listing, wanted: Wanted) -> Iterator[Bitext]:
    """Every file of links, with the sentences that it links."""
    links = folder.by_codes(lambda name: name.partition("_links.tsv")[0] if "_links.tsv" in name else None, wanted)
    for name, codes in links.items():
        files = []
        for code in codes:
            sentences = [file for file in folder.files if file.startswith(f"{code}_sentences.tsv")]
            if not sentences:
                raise SourceError(
                    f"{folder.address} has {name} but no {code}_sentences.tsv.bz2: expected the sentences of both "
                    "languages beside the links; get it too"
                )
            files.append(sentences[0])
        yield _local(folder, wanted, codes, [*files, name])


def _of_all_languages(folder: Listing, wanted: Wanted) -> Iterator[Bitext]:
    """The pairs that are named, of the export of everything."""
    if "sentences.tar.bz2" not in folder.files:
        raise SourceError(f"{folder.address} has links.tar.bz2 but no sentences.tar.bz2: expected both; get it too")
    if not wanted.pairs:
        raise SourceError(
            f"{folder.address} has the sentences of all languages: name `pairs`, such as [[eng, fra]], to say of which"
        )
    for codes in wanted.pairs:
        yield _local(folder, wanted, (codes[0], codes[1]), ["sentences.tar.bz2", "links.tar.bz2"])


def _local(folder: Listing, wanted: Wanted, codes: tuple[str, str], files: Sequence[str]) -> Bitext:
    return Bitext(
        corpus=wanted.corpus,
        name="-".join(codes),
        codes=codes,
        addresses=tuple(folder.path(name) for name in files),
        local=folder.local,
        format="tatoeba",
        size=sum(folder.files[name] for name in files),
        licence=known_licence("Tatoeba"),
    )
