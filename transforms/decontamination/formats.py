"""Reading the files of test sets, each format as its publishers lay it out; compressed as the name says, or not.

A reader gives texts in batches, each with the language it is in and the line of every text, from 0.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.decontamination.sets import Format, TestFile, TestSet, tag_of
from transforms.parallel.columns import fields
from transforms.parallel.lines import Lines, in_step
from transforms.parallel.streams import file_pieces
from transforms.sources import SourceError


class Texts(NamedTuple):
    """Some texts of a test set.

    Attributes:
        language: BCP 47 tag; None where nothing says it.
        lines: int64 (n,), where in the file each stands, from 0.
        texts: binary (n,), as in the file.
    """

    language: str | None
    lines: np.ndarray
    texts: pa.BinaryArray


def read(test_set: TestSet, file: TestFile) -> Iterator[Texts]:
    """The texts of a file of a test set, empty ones left out.

    Raises:
        SourceError: the file is damaged, or no such file.
    """
    for texts in READERS[test_set.format](test_set, file):
        if not test_set.takes(texts.language):
            continue
        yield Texts(texts.language, *_filled(texts.lines, texts.texts))


def _rows(file: TestFile) -> Iterator[tuple[np.ndarray, pa.BinaryArray]]:
    """The lines of a file with their numbers."""
    number = 0
    for (rows,) in in_step([Lines(file_pieces(file.path), name=str(file.path))], weighed=1):
        yield np.arange(number, number + len(rows)), rows
        number += len(rows)


def _lines(test_set: TestSet, file: TestFile) -> Iterator[Texts]:
    """A text a line; of FLORES, a file a language."""
    for numbers, rows in _rows(file):
        yield Texts(file.language, numbers, rows)


def _table(test_set: TestSet, file: TestFile) -> Iterator[Texts]:
    """Columns of a table, each of a language."""
    columns = test_set.columns or tuple(range(len(test_set.languages) or 1))
    languages = test_set.languages or (test_set.language,) * len(columns)
    for numbers, rows in _rows(file):
        numbers, rows = _filled(numbers, rows)
        found, counts = fields(rows, columns)
        _check_columns(file, numbers, rows, counts, max(columns) + 1)
        for code, texts in zip(languages, found, strict=True):
            yield Texts(tag_of(code, "languages") if code else None, numbers, texts)


def _tatoeba(test_set: TestSet, file: TestFile) -> Iterator[Texts]:
    """The Tatoeba challenge: two codes and two sentences."""
    for numbers, rows in _rows(file):
        numbers, rows = _filled(numbers, rows)
        (*codes, source, target), counts = fields(rows, (0, 1, 2, 3))
        _check_columns(file, numbers, rows, counts, 4)
        for code, texts in zip(codes, (source, target), strict=True):
            yield from _by_language(file, numbers, code, texts)


def _xnli(test_set: TestSet, file: TestFile) -> Iterator[Texts]:
    """XNLI's premises and hypotheses, from either of its two layouts."""
    if ".jsonl" in file.name:
        yield from _objects(file, ("sentence1", "sentence2"), language="language")
        return
    names: list[str] = []
    for numbers, rows in _rows(file):
        if not names:
            names = rows[0].as_py().decode("utf-8", "replace").split("\t")
            _check_header(file, names)
        numbers, rows = _filled(numbers[numbers > 0], rows.slice(int(numbers[0] == 0)))
        coded = ["language"] if "language" in names else []
        columns, counts = fields(rows, [names.index(name) for name in (*coded, "sentence1", "sentence2")])
        _check_columns(file, numbers, rows, counts, len(names))
        for texts in columns[len(coded) :]:
            if coded:
                yield from _by_language(file, numbers, columns[0], texts)
            else:
                yield Texts(file.language, numbers, texts)


def _json_lines(test_set: TestSet, file: TestFile) -> Iterator[Texts]:
    """A JSON object a line, with one text or several of one language."""
    yield from _objects(file, test_set.fields)


READERS: Mapping[Format, Callable[[TestSet, TestFile], Iterator[Texts]]] = {
    "flores": _lines,
    "xnli": _xnli,
    "tatoeba": _tatoeba,
    "tsv": _table,
    "lines": _lines,
    "jsonl": _json_lines,
}
"""Reads a file of a format."""


def _objects(file: TestFile, names: Sequence[str], language: str | None = None) -> Iterator[Texts]:
    """Fields of JSON objects; `language` is the field that says which language they are in, if they have it."""
    for numbers, rows in _rows(file):
        numbers, rows = _filled(numbers, rows)
        objects = [_object(file, number, row.as_py(), names) for number, row in zip(numbers, rows, strict=True)]
        codes = [one.get(language) for one in objects] if language else [None] * len(objects)
        for name in names:
            texts = pa.array([one[name].encode("utf-8", "replace") for one in objects], pa.binary())
            coded = pa.array([str(code).encode() if code else b"" for code in codes], pa.binary())
            yield from _by_language(file, numbers, coded, texts)


def _object(file: TestFile, number: int, row: bytes, names: Sequence[str]) -> dict[str, Any]:
    where = f"{file.path}, line {number + 1:,}"
    try:
        found = json.loads(row)
    except ValueError as error:
        raise SourceError(f"{where}: found {_shown(row)}, expected a JSON object a line ({error})") from error
    for name in names:
        if not isinstance(found, dict) or not isinstance(found.get(name), str):
            keys = ", ".join(found) if isinstance(found, dict) else type(found).__name__
            raise SourceError(f"{where}: found {keys}, expected an object with the text {name!r}; correct `fields`")
    return found


def _by_language(file: TestFile, numbers: np.ndarray, codes: pa.BinaryArray, texts: pa.BinaryArray) -> Iterator[Texts]:
    """Texts apart by the code that stands beside each; an empty code is the file's own language, or none."""
    for code in pc.unique(codes).to_pylist():
        mask = pc.equal(codes, code)
        chosen = mask.to_numpy(zero_copy_only=False)
        where = f"{file.path}, line {numbers[chosen][0] + 1:,}"
        tag = tag_of(code.decode("utf-8", "replace"), where) if code else file.language
        yield Texts(tag, numbers[chosen], texts.filter(mask))


def _filled(numbers: np.ndarray, rows: pa.BinaryArray) -> tuple[np.ndarray, pa.BinaryArray]:
    """Rows that are not empty."""
    filled = pc.greater(pc.binary_length(rows), 0)
    return numbers[filled.to_numpy(zero_copy_only=False)], rows.filter(filled)


def _check_columns(file: TestFile, numbers: np.ndarray, rows: pa.BinaryArray, counts: np.ndarray, least: int) -> None:
    short = np.flatnonzero(counts < least)
    if short.size:
        row = int(short[0])
        raise SourceError(
            f"{file.path}, line {numbers[row] + 1:,}: found {counts[row]} columns ({_shown(rows[row].as_py())}), "
            f"expected {least} or more, separated by tabs; correct `format` or `columns`"
        )


def _check_header(file: TestFile, names: list[str]) -> None:
    if not {"sentence1", "sentence2"} <= set(names):
        raise SourceError(
            f"{file.path}, line 1: found the columns {', '.join(names)[:200]}, expected sentence1 and sentence2 among "
            "them, as in xnli.test.tsv; correct `format`"
        )


def _shown(row: bytes) -> str:
    """The beginning of a line, for messages."""
    return repr(row[:60].decode("utf-8", "replace"))
