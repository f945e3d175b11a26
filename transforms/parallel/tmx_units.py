"""The units of a translation memory (TMX 1.1 to 1.4b), parsed as a stream: a file takes the memory of one batch.

Elements inside a segment that stand for the markup of the text's original format (`bpt`, `ept`, `it`, `ph`, `ut`) are
left out with what they hold; the text in a `hi` stays. The parser resolves what XML and HTML name (`&amp;`, `&nbsp;`),
loads nothing, and refuses files that declare entities: nine lines of them make a gigabyte ("billion laughs").
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from html.entities import html5
from pathlib import Path
from xml.parsers import expat

import numpy as np
import pyarrow as pa

from transforms.languages import UnknownLanguage, language
from transforms.parallel.batches import ReadOptions, Tally, batch_of
from transforms.parallel.codes import tag_of
from transforms.sources import SourceError

_STANDALONE = ("it", "ph", "ut")
_CODES = ("bpt", "ept", *_STANDALONE)
_SPACE = re.compile(r"[\t\r\n][ \t\r\n]*| [ \t\r\n]+")  # all that is not one space already


class Units:
    """Collects the units of a file, and makes batches of them.

    Args:
        path: of the file, for messages.
        codes: the two languages to take.
        options: sizes of batches and segments.
        tally: counts units, and those that lack a segment.

    Attributes:
        seen: every language that the file has named.
    """

    def __init__(self, path: Path, codes: tuple[str, str], options: ReadOptions, tally: Tally):
        self.seen: set[str] = set()
        self._path, self._tags, self._options, self._tally = path, [tag_of(code) for code in codes], options, tally
        self._batches: list[pa.RecordBatch] = []
        self._rows: list[tuple[int, bytes, bytes]] = []
        self._size = 0
        self._root = ""
        self._segments: dict[int, tuple[bool, str]] = {}  # 0 or 1, the side -> whether of a variant, text
        self._place: tuple[int, bool] | None = None  # side and variant of the `tuv` that we are in
        self._text: list[str] | None = None  # of the `seg` that we are in
        self._codes, self._length = 0, 0
        self._parser = self._expat()

    def feed(self, piece: bytes) -> None:
        """Parse the next bytes."""
        try:
            self._parser.Parse(piece, False)
        except expat.ExpatError as error:
            raise self._malformed(error) from error

    def finish(self) -> None:
        """Parse the end, and close the last batch."""
        try:
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise self._malformed(error) from error
        self._close()

    def ready(self) -> Iterator[pa.RecordBatch]:
        """The batches that are full, each once."""
        batches, self._batches = self._batches, []
        yield from batches

    def _expat(self) -> expat.XMLParserType:
        parser = expat.ParserCreate()
        parser.buffer_text, parser.buffer_size = True, 1 << 16
        # As if there were a DTD elsewhere, which is not loaded: entities that it might declare are then skipped one by
        # one, where they would be errors otherwise.
        parser.UseForeignDTD(True)
        parser.ExternalEntityRefHandler = lambda *_: 1
        parser.EntityDeclHandler = self._refuse_entity
        parser.SkippedEntityHandler = self._entity
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        return parser

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._root:
            self._root = name
            if name.lower() != "tmx":
                raise SourceError(f"{self._path} begins with <{name}>: expected <tmx>; it is no translation memory")
        if self._text is not None:
            self._codes += name in _CODES
            if name in _STANDALONE:
                # A line break or a picture: what it stands between are two words.
                self._text.append(" ")
        elif name == "tu":
            self._segments = {}
        elif name == "tuv":
            self._place = self._side(attributes.get("xml:lang") or attributes.get("lang") or "")
        elif name == "seg" and self._place is not None:
            self._text, self._codes, self._length = [], 0, 0
            self._parser.CharacterDataHandler = self._characters

    def _end(self, name: str) -> None:
        if name == "seg" and self._text is not None and self._place is not None:
            side, variant = self._place
            if side not in self._segments or (self._segments[side][0] and not variant):
                self._segments[side] = variant, _SPACE.sub(" ", "".join(self._text)).strip(" ")
            self._text = self._parser.CharacterDataHandler = None
        elif self._text is not None:
            self._codes -= name in _CODES
        elif name == "tuv":
            self._place = None
        elif name == "tu":
            self._unit()

    def _characters(self, text: str) -> None:
        if self._text is None or self._codes:
            return
        self._text.append(text)
        self._length += len(text)
        if self._length > self._options.max_line_bytes:
            raise SourceError(
                f"{self._path}, line {self._parser.CurrentLineNumber:,}: a segment of more than "
                f"{self._options.max_line_bytes:,} characters; leave the file out, or raise "
                "`download.max_document_bytes`"
            )

    def _entity(self, name: str, is_parameter: bool) -> None:
        if not is_parameter:
            self._characters(html5.get(f"{name};", f"&{name};"))

    def _refuse_entity(self, name: str, *_: object) -> None:
        raise SourceError(
            f"{self._path}, line {self._parser.CurrentLineNumber}: declares the entity {name!r}, which is not read, "
            "since such files can grow without bound; replace the entities, or leave the file out"
        )

    def _side(self, code: str) -> tuple[int, bool] | None:
        """Which of the two languages a code stands for, and whether as a variant; None for neither."""
        self.seen.add(code)
        tag = _tag(code)
        for side, wanted in enumerate(self._tags):
            if tag == wanted or tag.startswith(f"{wanted}-"):
                return side, tag != wanted
        return None

    def _unit(self) -> None:
        """Make a row of the unit that has ended."""
        number = self._tally.documents
        self._tally.documents += 1
        if len(self._segments) < 2:
            self._tally.drop("no_segment", 1)
            return
        source, target = (self._segments[side][1].encode() for side in (0, 1))
        self._rows.append((number, source, target))
        self._size += len(source) + len(target)
        if self._size >= self._options.batch_bytes:
            self._close()

    def _close(self) -> None:
        """Make a batch of the rows."""
        if self._rows:
            numbers, sources, targets = zip(*self._rows, strict=True)
            texts = [pa.array(column, pa.binary()) for column in (sources, targets)]
            self._batches.append(batch_of(np.array(numbers), *texts))
        self._rows, self._size = [], 0

    def _malformed(self, error: expat.ExpatError) -> SourceError:
        return SourceError(
            f"{self._path} is no well-formed XML ({error}); it was cut off or badly made: get it again, or repair it "
            "with `xmllint --recover`"
        )


@functools.lru_cache(maxsize=1000)
def _tag(code: str) -> str:
    """The tag of a language code; "" if it is none."""
    try:
        return language(code, strict=False).bcp47
    except UnknownLanguage:
        return ""
