"""Pairs of sentences to learn from, and pairs that no model may see.

Which pairs are held out is a property of the source text alone, so everything that is trained or judged on a corpus
can use the same division, whatever it reads first and whichever language it translates into.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from transforms.parallel.bitext import Wanted
from transforms.parallel.reading import FORMATS, PairReader

SHARE = 14
"""One source text in so many is held out."""

JUDGED = 2_000
"""Held-out pairs that scores are computed on."""

SAME_WORDS = 0.6
"""A text of `FEW` distinct words or more that shares more of them with its translation was not translated."""

FEW = 5
LENGTHS = 3.0
"""Characters of the longer text for each of the shorter one at most, once it has more than `SHORT`."""

SHORT = 20

_WORD = re.compile(r"[^\W\d_]{2,}")


class Pair(NamedTuple):
    """A text and its translation."""

    source: str
    target: str


class Split(NamedTuple):
    """Pairs for learning, and those to judge what was learnt; neither has a text of the other."""

    training: list[Pair]
    held_out: list[Pair]


def fold(text: str) -> str:
    """A text without the case of its letters and with single spaces, in which variants of one text differ.

    Example: `fold("  The  Field ")` is `"the field"`.
    """
    return " ".join(text.casefold().split())


def draw(text: str) -> int:
    """A number from 0 to 2**64 - 1 that the folded text alone decides."""
    return int.from_bytes(hashlib.blake2b(fold(text).encode(), digest_size=8).digest(), "big")


def held_out(source: str) -> bool:
    """Whether pairs with this source text are kept from learning: about one text in 14, by its hash."""
    return draw(source) < 2**64 // SHARE


def translated(pair: Pair) -> bool:
    """Whether a pair looks like a text and its translation: no copy, nothing without words, no odd lengths."""
    words, others = ({word.casefold() for word in _WORD.findall(text)} for text in pair)
    if not words or not others or fold(pair.source) == fold(pair.target):
        return False
    if len(words) >= FEW and len(words & others) > SAME_WORDS * len(words):
        return False
    short, long = sorted(map(len, pair))
    return long <= max(SHORT, LENGTHS * short)


def read_pairs(
    opus: str, languages: tuple[str, str], *, corpus: str = "LibreOffice", version: str | None = None
) -> Iterator[Pair]:
    """The pairs of a corpus, as they come.

    Args:
        opus: a folder laid out as OPUS's own.
        languages: codes of source and target.
        corpus: its name.
        version: its release; the latest.

    Raises:
        SourceError: there is no such corpus or pair of languages.
    """
    wanted = Wanted(corpus=corpus, version=version, location=opus, pairs=[languages])
    for bitext in FORMATS["opus"](wanted):
        swapped = bitext.languages[0] != languages[0]
        for batch in PairReader(bitext, [Path(address) for address in bitext.addresses]):
            sides = [batch.column(name).to_pylist() for name in ("source", "target")]
            for first, second in zip(*(sides[::-1] if swapped else sides), strict=True):
                yield Pair(first.decode(errors="replace"), second.decode(errors="replace"))


def split(pairs: Iterable[Pair], *, judged: int = JUDGED, fewest: int | None = None) -> Split:
    """Divide pairs into those to learn from and those to judge by; each source text occurs once in either.

    Of the held-out pairs the first in the order of the hash are judged, and all are kept from learning, as are pairs
    that have the target of one.

    Args:
        pairs: as they come; what is no translation is left out.
        judged: how many held-out pairs are wanted.
        fewest: how many there must be; None: as many as are wanted.

    Raises:
        ValueError: there are fewer.
    """
    distinct: dict[str, Pair] = {}
    for pair in filter(translated, pairs):
        distinct.setdefault(fold(pair.source), pair)
    kept = sorted((pair for pair in distinct.values() if held_out(pair.source)), key=lambda pair: draw(pair.source))
    if len(kept) < (judged if fewest is None else fewest):
        raise ValueError(
            f"{len(kept)} of {len(distinct)} distinct source texts are held out, expected {judged}: judge by fewer "
            "pairs (`judged`), or take a larger corpus"
        )
    targets = {fold(pair.target) for pair in kept}
    training = [pair for pair in distinct.values() if not held_out(pair.source) and fold(pair.target) not in targets]
    return Split(training, kept[:judged])
