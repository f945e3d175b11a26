"""Make parallel corpora with known noise in them from real ones.

    python -m benchmarks.noise_pairs corpora/opus OUT --seed 1     # ten language pairs in eight scripts: one minute

`corpora/opus` is a folder laid out as OPUS is, with archives that all have one language in common (`--pivot`). What
comes out:

    OUT/opus/<corpus>/<version>/moses/de-en.txt.zip      the same archives with noise mixed in, in a new order
    OUT/truth/de-en.jsonl                                a JSON object a pair, in order: `kind`, and `of`, the line of
                                                         the real pair that it was made of

| kind | share of the real pairs | what was done to the pair | also in the truth |
|---|---|---|---|
| `true` | the rest | nothing | |
| `shuffled` | 5 % | it got the target of another shuffled pair | |
| `wrong_language` | 3 % | one side was replaced by its translation into a third language | `side`, `language` |
| `copied` | 3 % | the target was replaced by the source | |
| `truncated` | 3 % | of a target of 20 characters or more, 30 to 70 % stay, cut between words if it has some | |
| `numbers` | 3 % | a number that both sides have was replaced on the target side by another of as many digits | |
| `duplicate_pair` | + 5 % | a true pair once more | |
| `duplicate_source`, `duplicate_target` | + 5 % each | once more, two neighbouring words of the other side swapped | |
| `untranslated` | as found | nothing; see below | |

A real pair is one of a kind: neither its source nor its target occurs in an earlier one. Archives hold texts that
nobody translated, so that both sides are in one language; what a filter does with these says nothing of it. They are
told by all that the archive has in the common language: a text of the other language that occurs there, or half of
whose trigrams of words do, is untranslated, though its own other side may be another text. That asks neither which
letters they are nor a language model, as filters do. Any other noise that the archives had before counts as true pairs.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from benchmarks.noisy import Folding
from transforms.normalise import normalise
from transforms.parallel.bitext import Bitext, Wanted
from transforms.parallel.codes import split_codes
from transforms.parallel.opus import locate
from transforms.parallel.reading import PairReader

PAIRS = ("de-en", "dz-en", "el-en", "en-hu", "en-ja", "en-km", "en-ko", "en-ru", "en-vi", "en-zh-Hans")
"""In eight scripts: Latin, Tibetan, Greek, Japanese, Khmer, Hangul, Cyrillic, Han."""

NOISE = {"numbers": 0.03, "truncated": 0.03, "wrong_language": 0.03, "copied": 0.03, "shuffled": 0.05}
"""Kind -> share of the real pairs; those that can be made of the fewest pairs first."""

DUPLICATES = {"duplicate_pair": 0.05, "duplicate_source": 0.05, "duplicate_target": 0.05}
"""Kind -> share of the real pairs, added to them."""

TRUNCATED = (20, 0.3, 0.7)
"""Characters of a target that may be cut, and the least and largest share that stays."""

_NUMBER = re.compile(r"\d+")
_FOLDING = Folding()
_DATE = (1980, 1, 1, 0, 0, 0)


class Pair(NamedTuple):
    """A pair of an archive that is to be written, and the truth about it."""

    source: str
    target: str
    truth: dict[str, Any]


@dataclass(frozen=True)
class Archive:
    """The pairs of a bitext.

    Attributes:
        bitext: where they are from; its codes are in the order of the sides.
        texts: source and target of every line, normalised.
        real: lines of real pairs.
        untranslated: lines that are like them, but not translated.
    """

    bitext: Bitext
    texts: tuple[list[str], list[str]]
    real: list[int]
    untranslated: list[int]

    @property
    def codes(self) -> tuple[str, ...]:
        """The corpus's codes of the two sides."""
        return self.bitext.codes[::-1] if self.bitext.swapped else self.bitext.codes

    def pair(self, line: int) -> tuple[str, str]:
        """Both sides of a line."""
        return self.texts[0][line], self.texts[1][line]


def read(bitext: Bitext, pivot: str) -> Archive:
    """Read an archive, and tell its real pairs from those that were not translated."""
    table = pa.Table.from_batches(list(PairReader(bitext, [Path(address) for address in bitext.addresses])))
    columns = [normalise(table.column(side).combine_chunks()).texts.to_pylist() for side in ("source", "target")]
    folded = [[fold(text) for text in texts] for texts in columns]
    archive = Archive(bitext, (columns[0], columns[1]), [], [])
    side = archive.codes.index(pivot)
    there = {text.replace(" ", "") for text in folded[side]}
    trigrams = {trigram for text in folded[side] for trigram in word_trigrams(text)}
    seen: tuple[set[str], set[str]] = (set(), set())
    for line, pair in enumerate(zip(*folded, strict=True)):
        if all(pair) and not any(text in earlier for text, earlier in zip(pair, seen, strict=True)):
            for text, earlier in zip(pair, seen, strict=True):
                earlier.add(text)
            untranslated = occurs(pair[1 - side], there, trigrams)
            (archive.untranslated if untranslated else archive.real).append(line)
    return archive


def fold(text: str) -> str:
    """The words of a text, without case: what is left when spacing and punctuation do not count."""
    return " ".join(text.translate(_FOLDING).split())


def word_trigrams(folded: str) -> list[tuple[str, ...]]:
    """Every three words in a row of a folded text; none in a text of fewer."""
    words = folded.split(" ")
    return list(zip(words, words[1:], words[2:], strict=False))


def occurs(text: str, texts: set[str], trigrams: set[tuple[str, ...]]) -> bool:
    """Whether a folded text is among others, by itself or by half of its trigrams."""
    own = word_trigrams(text)
    return text.replace(" ", "") in texts or (bool(own) and 2 * sum(trigram in trigrams for trigram in own) >= len(own))


class Translations:
    """What a text of the pivot language is in the languages of all archives.

    Args:
        archives: all of them.
        pivot: the code of the language that they share.
    """

    def __init__(self, archives: Sequence[Archive], pivot: str):
        self._by_code: dict[str, dict[str, str]] = {}
        self.pivot = pivot
        for archive in archives:
            side = archive.codes.index(pivot)
            pairs = (archive.pair(line) for line in archive.real)
            self._by_code[archive.codes[1 - side]] = {fold(pair[side]): pair[1 - side] for pair in pairs}

    def third(self, archive: Archive, line: int, rng: random.Random) -> tuple[str, str] | None:
        """A translation of a pair into a language that is not the pair's: code and text; None where there is none."""
        text = fold(archive.texts[archive.codes.index(self.pivot)][line])
        found = [(code, by_text[text]) for code, by_text in self._by_code.items() if text in by_text]
        found = [(code, translation) for code, translation in found if code not in archive.codes]
        return rng.choice(found) if found else None


def numbers(archive: Archive, line: int, rng: random.Random) -> Pair | None:
    """A number that both sides have, changed on the target side."""
    source, target = archive.pair(line)
    there = {int(number) for number in _NUMBER.findall(source)}
    found = [match for match in _NUMBER.finditer(target) if int(match.group()) in there]
    if not found:
        return None
    match = rng.choice(found)
    zero = _zero(match.group()[0])
    size = len(match.group())
    least = 10 ** (size - 1) if size > 1 else 0
    others = [value for value in (rng.randrange(least, 10**size) for _ in range(20)) if value not in there]
    if not others:
        return None
    digits = "".join(chr(zero + int(digit)) for digit in str(others[0]))
    return Pair(source, target[: match.start()] + digits + target[match.end() :], {"kind": "numbers"})


def _zero(digit: str) -> int:
    """The code point of 0 in the script of a digit: digits follow each other in every script."""
    return ord(digit) - int(digit)


def truncated(archive: Archive, line: int, rng: random.Random) -> Pair | None:
    """A target of which the end is gone."""
    source, target = archive.pair(line)
    shortest, least, largest = TRUNCATED
    if len(target) < shortest:
        return None
    end = round(rng.uniform(least, largest) * len(target))
    space = target.rfind(" ", round(least * len(target)), end + 1)
    return Pair(source, target[: space if space > 0 else end].rstrip(), {"kind": "truncated"})


def copied(archive: Archive, line: int, _: random.Random) -> Pair:
    """A pair whose target is its source."""
    source = archive.texts[0][line]
    return Pair(source, source, {"kind": "copied"})


def swapped(text: str, rng: random.Random) -> str:
    """A text with two different neighbouring words swapped, or two characters where it is but one word."""
    pieces = text.split(" ")
    between = " " if len(pieces) > 1 else ""
    pieces = pieces if between else list(text)
    places = [place for place in range(len(pieces) - 1) if pieces[place] != pieces[place + 1]]
    if places:
        place = rng.choice(places)
        pieces[place : place + 2] = pieces[place + 1], pieces[place]
    return between.join(pieces)


def duplicate(archive: Archive, line: int, kind: str, rng: random.Random) -> Pair:
    """A pair once more, with the same texts or with one that is a little different."""
    source, target = archive.pair(line)
    if kind == "duplicate_source":
        target = swapped(target, rng)
    elif kind == "duplicate_target":
        source = swapped(source, rng)
    return Pair(source, target, {"kind": kind, "of": line})


def make(archive: Archive, translations: Translations, rng: random.Random) -> list[Pair]:
    """Everything that is to be in the new archive, in its order."""

    def wrong_language(archive: Archive, line: int, rng: random.Random) -> Pair | None:
        third = translations.third(archive, line, rng)
        if third is None:
            return None
        sides, side = list(archive.pair(line)), rng.randrange(2)
        sides[side] = third[1]
        truth = {"kind": "wrong_language", "side": ("source", "target")[side], "language": third[0]}
        return Pair(sides[0], sides[1], truth)

    makers: dict[str, Callable[[Archive, int, random.Random], Pair | None]] = {
        "numbers": numbers, "truncated": truncated, "wrong_language": wrong_language, "copied": copied
    }  # fmt: skip
    lines = rng.sample(archive.real, len(archive.real))
    made: list[Pair] = []
    for kind, maker in makers.items():
        left = []
        wanted = len(made) + round(NOISE[kind] * len(archive.real))
        for line in lines:
            pair = maker(archive, line, rng) if len(made) < wanted else None
            if pair is None:
                left.append(line)
            else:
                made.append(pair._replace(truth={**pair.truth, "of": line}))
        lines = left
    count = round(NOISE["shuffled"] * len(archive.real))
    shuffled, true = lines[:count], lines[count:]
    for line, other in zip(shuffled, shuffled[1:] + shuffled[:1], strict=True):
        made.append(Pair(archive.texts[0][line], archive.texts[1][other], {"kind": "shuffled", "of": line}))
    made += [Pair(*archive.pair(line), {"kind": "true", "of": line}) for line in true]
    made += [Pair(*archive.pair(line), {"kind": "untranslated", "of": line}) for line in archive.untranslated]
    for kind, share in DUPLICATES.items():
        chosen = rng.sample(true, min(len(true), round(share * len(archive.real))))
        made += [duplicate(archive, line, kind, rng) for line in chosen]
    rng.shuffle(made)
    return made


def write(archive: Archive, pairs: Iterable[Pair], out: Path) -> None:
    """Write an archive as OPUS does, and its truth."""
    pairs, bitext = list(pairs), archive.bitext
    path = out / "opus" / bitext.corpus / bitext.version / "moses" / f"{bitext.name}.txt.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for side, code in enumerate(archive.codes):
            text = "".join(f"{pair[side]}\n" for pair in pairs)
            file.writestr(zipfile.ZipInfo(f"{bitext.corpus}.{bitext.name}.{code}", _DATE), text.encode())
        readme = f"{bitext.corpus} {bitext.version}, {bitext.name}, with noise by benchmarks/noise_pairs.py\n"
        file.writestr(zipfile.ZipInfo("README", _DATE), readme)
    truth = out / "truth" / f"{bitext.name}.jsonl"
    truth.parent.mkdir(parents=True, exist_ok=True)
    truth.write_text("".join(json.dumps(pair.truth, ensure_ascii=False) + "\n" for pair in pairs), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", help="folder laid out as OPUS is")
    parser.add_argument("out", type=Path, help="folder for the new archives and their truth")
    parser.add_argument("--corpus", default="LibreOffice")
    parser.add_argument("--pairs", nargs="+", default=PAIRS, help="names of archives")
    parser.add_argument("--pivot", default="en", help="code of the language that all of them have")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    codes = [split_codes(name) for name in options.pairs]
    if None in codes or any(options.pivot not in pair for pair in codes if pair):
        parser.error(f"--pairs takes names such as de-en, each with {options.pivot}: found {' '.join(options.pairs)}")
    wanted = Wanted(corpus=options.corpus, location=options.corpora, pairs=[pair for pair in codes if pair])
    archives = [read(bitext, options.pivot) for bitext in locate(wanted)]
    translations = Translations(archives, options.pivot)
    for archive in archives:
        pairs = make(archive, translations, random.Random(f"{options.seed} {archive.bitext.name}"))
        write(archive, pairs, options.out)
        print(f"{archive.bitext.name}: {len(archive.real):,} real pairs, {len(pairs):,} written", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
