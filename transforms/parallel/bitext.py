"""What every finder of parallel text gives: bitexts, which are what there is and what to fetch.

A bitext holds the pairs of two languages. Its languages have one order wherever it comes from, that of their BCP 47
tags, so that a pair of languages is the same part of the work whichever corpus calls it `en-de` or `de-en`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from transforms.parallel.codes import pair_of, tag_of
from transforms.sources import SourceError, scheme_of


@dataclass(frozen=True, kw_only=True)
class Bitext:
    """The pairs of two languages that a corpus has in one place.

    Attributes:
        corpus: its name, as the corpus's publisher writes it.
        name: of this bitext within the corpus, such as `de-en`: a folder's name, by the corpus's own codes.
        codes: the corpus's own codes, in the order of the files or columns.
        addresses: what to fetch, or what to read in place where `local`; the reader wants them in this order.
        local: whether the files can be read in place.
        format: how they are read, a key of `reading.READERS`.
        version: release of the corpus; "" where it has none.
        columns: where the rows of a table have the first code's text, the second's, and, if there is a third number,
            the score; from 0.
        header: whether the first row of a table has names.
        member: which of an archive's members to read, where it holds several bitexts.
        size: bytes of all files; None where nobody says so reliably.
        pairs: how many pairs the publisher counts; None where they do not say.
        licence: as the publisher states it; None where they do not.
    """

    corpus: str
    name: str
    codes: tuple[str, str]
    addresses: tuple[str, ...]
    local: bool
    format: str
    version: str = ""
    columns: tuple[int, ...] = ()
    header: bool = False
    member: str = ""
    size: int | None = None
    pairs: int | None = None
    licence: str | None = None

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Bitext:
        """The inverse of `to_json`."""
        attributes: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        return cls(**attributes)

    def to_json(self) -> dict[str, Any]:
        """Its attributes as JSON values."""
        return asdict(self)

    @property
    def languages(self) -> tuple[str, str]:
        """BCP 47 tags in canonical order: of the source, and of the target."""
        return pair_of(self.codes)

    @property
    def swapped(self) -> bool:
        """Whether the source is the second of `codes`."""
        return tag_of(self.codes[0]) != self.languages[0]

    @property
    def targets(self) -> tuple[str, ...]:
        """Where to keep what is fetched, as relative paths: the name alone is the same for every corpus of OPUS."""
        folder = f"{self.corpus}/{self.version}" if self.version else self.corpus
        return tuple(f"{folder}/{address.rsplit('/', 1)[-1]}" for address in self.addresses)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which bitexts of a corpus are asked for.

    Attributes:
        corpus: its name.
        location: a folder, or an address of one; None is where the corpus is published.
        version: its release; None is the latest.
        languages: codes, both languages of a bitext are among them; None is every language.
        pairs: pairs of codes in either order; None is every pair.
    """

    corpus: str
    location: str | None = None
    version: str | None = None
    languages: Sequence[str] | None = None
    pairs: Sequence[tuple[str, str]] | None = None

    @property
    def codes(self) -> set[str]:
        """Every code that is named."""
        return {*(self.languages or ()), *(code for pair in self.pairs or () for code in pair)}

    def on_web(self, published: str) -> str | None:
        """The web address to fetch from, `published` by default; None where the location is one that can be listed."""
        location = published if self.location is None else self.location
        return location.rstrip("/") if scheme_of(location) in ("http", "https") else None

    def choose(self, found: Iterable[Bitext], where: str) -> list[Bitext]:
        """The bitexts asked for, sorted by name.

        Args:
            found: what there is.
            where: the place, for messages.

        Raises:
            SourceError: a pair was named that is not there, or nothing is there.
        """
        bitexts = sorted(found, key=lambda bitext: bitext.name)
        tags = None if self.languages is None else {tag_of(code) for code in self.languages}
        chosen = [bitext for bitext in bitexts if tags is None or tags.issuperset(bitext.languages)]
        if self.pairs is not None:
            there = {bitext.languages for bitext in chosen}
            for pair in self.pairs:
                if pair_of(pair) not in there:
                    raise SourceError(f"{where} has no pair {pair[0]}-{pair[1]}: {_listing(bitexts, pair)}")
            pairs = {pair_of(pair) for pair in self.pairs}
            chosen = [bitext for bitext in chosen if bitext.languages in pairs]
        if not chosen:
            asked = "" if tags is None else f" of {', '.join(sorted(tags))}"
            raise SourceError(f"{where} has no pair{asked}: {_listing(bitexts, ('', ''))}")
        return chosen


def _listing(bitexts: Sequence[Bitext], pair: Sequence[str]) -> str:
    """What there is, for a message: names like the one that was asked for, or the first few."""
    names = [bitext.name for bitext in bitexts]
    if not names:
        return "nothing was found there; correct `location`, `name` or `version`"
    close = difflib.get_close_matches("-".join(pair), names, n=3, cutoff=0.6)
    shown = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
    hint = f"did you mean {' or '.join(close)}? Found " if close else "found "
    return f"{hint}{shown}; correct `pairs` or `languages`"
