"""Test sets: where their files are, and which of them texts of a language are held against. `formats` reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from babelmill.format import digest
from transforms.disk import sha256_once
from transforms.languages import UnknownLanguage, language
from transforms.parallel.streams import COMPRESSED
from transforms.sources import SourceError

Format = Literal["flores", "xnli", "tatoeba", "tsv", "lines", "jsonl"]
"""How a test set is laid out, the keys of `formats.READERS`."""

Drop = Literal["document", "paragraph"]
"""What goes where an item is found."""

MATCHING = 1
"""Raised whenever other texts would be found to hold an item."""

_IN_FOLDERS = {
    "flores": re.compile(rf"([A-Za-z]{{2,3}}(?:[-_][A-Za-z]{{4}})?)\.(?:dev|devtest|test|txt)(?:{COMPRESSED})"),
    "xnli": re.compile(rf".+\.(?:tsv|jsonl)(?:{COMPRESSED})"),
    "tatoeba": re.compile(rf".+\.(?:txt|tsv)(?:{COMPRESSED})"),
}
_EXAMPLES = {"flores": "dev/deu_Latn.dev", "xnli": "xnli.test.tsv", "tatoeba": "tatoeba-test.deu-eng.txt.gz"}
_FAMILIES = {"nb": "no", "nn": "no", "cmn": "zh"}


@dataclass(frozen=True)
class TestFile:
    """One file of a test set.

    Attributes:
        path: where it is.
        name: what reports call it: the path below the test set's location.
        language: BCP 47 tag of all its text; None where its rows say so, or nothing does.
    """

    __test__: ClassVar[bool] = False

    path: Path
    name: str
    language: str | None


@dataclass(frozen=True, kw_only=True)
class TestSet:
    """A test set whose text must not be trained on.

    Attributes:
        name: what reports call it.
        format: its layout.
        location: its file, or a folder of them.
        language: code of the language of all its text, where nothing else says so; None: any.
        languages: codes of the languages to take, of formats that tell; of a table's columns in their order.
        columns: of a table those that hold text, from 0; () is one a language, from the first.
        fields: of JSON objects those that hold text.
        drop: what goes where an item is found in a document.
    """

    __test__: ClassVar[bool] = False

    name: str
    format: Format
    location: str
    language: str | None = None
    languages: tuple[str, ...] = ()
    columns: tuple[int, ...] = ()
    fields: tuple[str, ...] = ("text",)
    drop: Drop = "document"

    def files(self) -> list[TestFile]:
        """Its files, in the order of their names.

        Raises:
            SourceError: the location is not there, or holds nothing of the kind, or not a language that was named.
        """
        path = Path(self.location)
        if path.is_file():
            return [TestFile(path, path.name, self._named_by(path.name))]
        if not path.is_dir():
            raise SourceError(f"{path} does not exist; correct `location` of the test set {self.name!r}")
        if self.format not in _IN_FOLDERS:
            raise SourceError(f"{path} is a folder: expected a file, with `format: {self.format}`; name one a test set")
        found = [
            TestFile(file, file.relative_to(path).as_posix(), self._named_by(file.name))
            for file in sorted(path.rglob("*"))
            if file.is_file() and _IN_FOLDERS[self.format].fullmatch(file.name)
        ]
        chosen = [file for file in found if self.takes(file.language)]
        if self.format == "flores":
            chosen = [file for file in chosen if file.language]
            self._check_all_there(path, {file.language for file in found if file.language})
        if not chosen:
            names = ", ".join(sorted(file.name for file in path.rglob("*") if file.is_file())[:10]) or "no file"
            example = _EXAMPLES[self.format]
            raise SourceError(
                f"{path}: found {names}; expected files such as {example}; correct `location` or `format`"
            )
        return chosen

    def takes(self, tag: str | None) -> bool:
        """Whether text of a language is taken; None is text of which nothing says what it is in."""
        return tag is None or not self.languages or tag in {_tag(code) for code in self.languages}

    def digest(self, files: Iterable[TestFile], tags: Iterable[str]) -> str | None:
        """Digest of what texts of some languages are held against; None if it is nothing.

        Args:
            files: the test set's, as `files` gives them.
            tags: BCP 47 tags.
        """
        held = [file for file in files if any(self._may_hold(file, tag) for tag in tags)]
        if not held:
            return None
        settings: dict[str, Any] = {**asdict(self), "location": None, "version": MATCHING}
        return digest({**settings, "files": [[file.name, sha256_once(file.path)] for file in held]})

    def _may_hold(self, file: TestFile, tag: str) -> bool:
        """Whether a file may have items that texts of a language are held against."""
        told = [file.language] if file.language else [_tag(code) for code in self.languages]
        return not told or any(same_language(one, tag) for one in told)

    def _named_by(self, file: str) -> str | None:
        """The language that a file's name says, where names do, or the configuration."""
        match = _IN_FOLDERS["flores"].fullmatch(file) if self.format == "flores" else None
        if match is None:
            return _tag(self.language) if self.language else None
        try:
            return _tag(match[1])
        except UnknownLanguage:
            return None

    def _check_all_there(self, path: Path, found: set[str]) -> None:
        missing = [code for code in self.languages if _tag(code) not in found]
        if missing:
            listed = ", ".join(sorted(found)[:30]) or "none"
            raise SourceError(
                f"{path} has no file of {missing[0]} ({_tag(missing[0])}): found {listed}; correct `languages`"
            )


def same_language(one: str | None, other: str) -> bool:
    """Whether text of one tag is held against items of another: scripts and regions do not matter.

    The file of a language often holds text in another script, and what is in another script matches nothing.
    """
    return one is None or _family(one) == _family(other)


def _family(tag: str) -> str:
    primary = tag.split("-")[0]
    return _FAMILIES.get(primary, primary)


def _tag(code: str) -> str:
    return language(code, strict=False).bcp47


def tag_of(code: str, where: str) -> str:
    """The BCP 47 tag of a code that stands in a file; `where` names the place for the message.

    Raises:
        SourceError: it is no language's.
    """
    try:
        return _tag(code)
    except UnknownLanguage as error:
        raise SourceError(f"{where}: {error}; correct the file, or `format`") from error


def all_files(sets: Iterable[TestSet]) -> Iterator[tuple[TestSet, list[TestFile]]]:
    """Every test set with its files."""
    for one in sets:
        yield one, one.files()
