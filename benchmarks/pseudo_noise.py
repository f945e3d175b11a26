"""What the filters of pseudo pairs find of known failures of engines, and what they lose of true pairs.

    python -m benchmarks.pseudo_noise corpora/opus             # ten language pairs in eight scripts; Markdown
    python -m benchmarks.pseudo_noise corpora/opus --show 10   # and true pairs that were lost, failures not found

Real pairs (as `noise_pairs` tells them from those that nobody translated) stand for good translations; of a share of
them the target is spoilt as engines do it:

| kind | share | what was done to the target |
|---|---|---|
| `loop` | 4 % | 1 to 4 words (2 to 8 characters without spaces) 3 to 12 times and a bit; often nothing follows |
| `copied` | 4 % | it is the source |
| `wrong_language` | 4 % | it is the translation into a third language |
| `empty` | 2 % | nothing is left, or nothing but punctuation |
| `truncated` | 4 % | 15 to 55 % of a sentence with a stop stay, cut between words if it has some |

A failure counts as found whatever the reason is. Precision of a kind: of the pairs dropped for the reasons that are
about it, how many were spoilt. The ratio of lengths is learnt from the mixture, as it would be.

Exits with 1 where precision or recall of a kind is below 0.95 over all pairs.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from benchmarks.noise_pairs import PAIRS, Archive, Translations, read
from benchmarks.pair_filters import markdown, percent
from transforms import langid
from transforms.clean import spoken_language
from transforms.filters.punctuation import STOPS
from transforms.filters.ratio import learn_ratio
from transforms.filters.signals import PairMeasuring
from transforms.parallel.bitext import Wanted
from transforms.parallel.codes import split_codes
from transforms.parallel.opus import locate
from transforms.pseudo_filters import REASONS, PseudoRules, judge_pseudo, measure_pseudo

BAR = 0.95
SHARES = {"truncated": 0.04, "wrong_language": 0.04, "loop": 0.04, "copied": 0.04, "empty": 0.02}
"""Kind -> share of the real pairs; those that can be made of the fewest pairs first."""

ABOUT = {
    "loop": ("loop", "repetition"),
    "copied": ("copy",),
    "wrong_language": ("language", "script"),
    "empty": ("empty",),
    "truncated": ("truncated", "length_ratio"),
}
"""Kind -> the reasons that are about it."""

_SPACELESS = re.compile("[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u4e00-\u9fff]")
Spoil = Callable[[Archive, int, random.Random], str | None]


@dataclass(frozen=True)
class Judged:
    """The n pairs of an archive: `kind` is `true` or how one was spoilt, `reason` index in `REASONS` or -1."""

    name: str
    source: list[str]
    target: list[str]
    kind: np.ndarray
    reason: np.ndarray


def pieces_of(text: str) -> tuple[list[str], str]:
    """A text as words, or as characters where it has no spaces to speak of; and what stands between them."""
    spaceless = len(_SPACELESS.findall(text)) > len(text) / 3
    return (list(text), "") if spaceless else (text.split(" "), " ")


def loop(archive: Archive, line: int, rng: random.Random) -> str | None:
    """A target that goes round in circles."""
    pieces, between = pieces_of(archive.texts[1][line])
    size = rng.randint(2, 8) if not between else rng.randint(1, 4)
    if len(pieces) < size:
        return None
    start = rng.randint(0, len(pieces) - size)
    unit = pieces[start : start + size]
    if not any(character.isalpha() for piece in unit for character in piece):
        return None
    said = unit * rng.randint(3, 12) + unit[: rng.randint(0, size - 1)]
    rest = pieces[start + size :] if rng.random() < 0.5 else []
    return between.join([*pieces[:start], *said, *rest])


def copied(archive: Archive, line: int, _: random.Random) -> str | None:
    """The source."""
    source = archive.texts[0][line]
    return source if any(character.isalpha() for character in source) else None


def empty(archive: Archive, line: int, rng: random.Random) -> str | None:
    """Nothing, or a mark or two."""
    said = any(character.isalpha() for character in archive.texts[0][line])
    return rng.choice(["", "", ".", "...", "-", "?"]) if said else None


def truncated(archive: Archive, line: int, rng: random.Random) -> str | None:
    """The beginning of a sentence."""
    source, target = archive.pair(line)
    pieces, between = pieces_of(target)
    if target[-1:] not in STOPS or source[-1:] not in STOPS or len(target) < 20 or len(pieces) < 5:
        return None
    return between.join(pieces[: max(1, round(rng.uniform(0.15, 0.55) * len(pieces)))]).rstrip(STOPS + " ") or None


def spoilt(archive: Archive, translations: Translations, rng: random.Random) -> dict[int, tuple[str, str]]:
    """Line -> kind and new target, of the lines that are spoilt."""

    def wrong_language(archive: Archive, line: int, rng: random.Random) -> str | None:
        third = translations.third(archive, line, rng)
        return third[1] if third and third[1] not in archive.pair(line) else None

    makers: dict[str, Spoil] = {
        "truncated": truncated, "wrong_language": wrong_language, "loop": loop, "copied": copied, "empty": empty
    }  # fmt: skip
    lines = iter(rng.sample(archive.real, len(archive.real)))
    found: dict[int, tuple[str, str]] = {}
    for kind, share in SHARES.items():
        wanted = len(found) + round(share * len(archive.real))
        for line in lines:
            target = makers[kind](archive, line, rng)
            if target is not None:
                found[line] = kind, target
            if len(found) >= wanted:
                break
    return found


def judged(archive: Archive, translations: Translations, seed: int) -> Judged:
    """Spoil an archive and judge it."""
    changed = spoilt(archive, translations, random.Random(f"{seed} {archive.bitext.name}"))
    source = [archive.texts[0][line] for line in archive.real]
    target = [changed[line][1] if line in changed else archive.texts[1][line] for line in archive.real]
    tags = archive.bitext.languages
    spoken = [spoken_language(tag, langid.BUNDLED) for tag in tags]
    measuring = PairMeasuring(source=spoken[0], target=spoken[1])
    identifier = langid.load(langid.BUNDLED)
    signals = measure_pseudo(pa.array(source), pa.array(target), measuring, identifier, synthetic="target")
    rules = PseudoRules.of(*spoken, ratio=learn_ratio(signals))
    kind = np.array([changed[line][0] if line in changed else "true" for line in archive.real])
    return Judged(archive.bitext.name, source, target, kind, judge_pseudo(signals, None, rules).reason)


def figures(archives: Sequence[Judged], kind: str) -> tuple[float, float]:
    """Precision and recall of a kind."""
    about = [REASONS.index(reason) for reason in ABOUT[kind]]
    drops = [(np.isin(one.reason, about), one.kind) for one in archives]
    right, dropped = sum((mask & (of != "true")).sum() for mask, of in drops), sum(mask.sum() for mask, _ in drops)
    found = sum(((one.reason >= 0) & (one.kind == kind)).sum() for one in archives)
    planted = sum((one.kind == kind).sum() for one in archives)
    return float(right / max(1, dropped)), float(found / max(1, planted))


def table(archives: Sequence[Judged]) -> Iterator[list[str]]:
    """A row for each archive and one for all: precision and recall of each kind, and true pairs lost."""
    yield ["pair", "true pairs", *(f"{kind}: precision, recall" for kind in ABOUT), "true pairs lost"]
    for name, some in [*((one.name, [one]) for one in archives), ("all", archives)]:
        rates = [figures(some, kind) for kind in ABOUT]
        true = sum((one.kind == "true").sum() for one in some)
        lost = sum(((one.kind == "true") & (one.reason >= 0)).sum() for one in some)
        yield [name, f"{true:,}", *(f"{p:.1%}, {r:.1%}" for p, r in rates), percent(int(lost), int(true), 2)]


def examples(one: Judged, count: int) -> Iterator[str]:
    """Pairs that were judged wrongly."""
    for wrong in ((one.kind == "true") & (one.reason >= 0), (one.kind != "true") & (one.reason < 0)):
        rows = np.flatnonzero(wrong)
        for row in rows[np.linspace(0, rows.size - 1, min(count, rows.size)).astype(int)].tolist():
            why = REASONS[one.reason[row]] if one.reason[row] >= 0 else "kept"
            yield f"{one.name} {one.kind[row]} {why}: {one.source[row][:110]} ||| {one.target[row][:150]}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Filters of pseudo pairs, on planted failures.")
    parser.add_argument("corpora", help="folder laid out as OPUS is")
    parser.add_argument("--corpus", default="LibreOffice")
    parser.add_argument("--pairs", nargs="+", default=PAIRS, help="names of archives")
    parser.add_argument("--pivot", default="en", help="code of the language that all of them have")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=0, metavar="N", help="so many wrong judgements of each archive")
    options = parser.parse_args(arguments)
    pairs = [pair for pair in map(split_codes, options.pairs) if pair]
    located = locate(Wanted(corpus=options.corpus, location=options.corpora, pairs=pairs))
    archives = [read(bitext, options.pivot) for bitext in located]
    translations = Translations(archives, options.pivot)
    found = [judged(archive, translations, options.seed) for archive in archives]
    print(markdown(table(found)))
    for one in found:
        for example in examples(one, options.show):
            print(example)
    return int(min(rate for kind in ABOUT for rate in figures(found, kind)) < BAR)


if __name__ == "__main__":
    sys.exit(main())
