"""Corpora to strain a pipeline with: several sizes, one enormous document, one enormous cluster of near duplicates.

    python -m benchmarks.stress CORPORA STRESS

CORPORA is a folder with xx.txt.xz for each language. STRESS gets `100MB`, `300MB` and `1GB`, each with the same share
of every language: the documents come again, as often as it takes, with every fourth word replaced by another of the
language, so that no five words in a row are the same and no document is a duplicate of its former self. Where words are
not spaced, characters stand for them. `document` is `100MB` and one document of 100 MB, `cluster` is `100MB` and 50,000
documents of 230 words of which one is replaced.

They take five minutes to make, and 500 MB of disk space.
"""

from __future__ import annotations

import argparse
import lzma
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks.inputs import SUFFIX, decoded_megabytes, files

SIZES = {"100MB": 100, "300MB": 300, "1GB": 1000}
PLAIN = "100MB"

EVERY = 4
"""Words between two that are replaced: less than a shingle has."""

LANGUAGE = "de"
"""Of what is added to `document` and `cluster`."""

DOCUMENT_MEGABYTES = 100
CLUSTER, WORDS = 50_000, 230


class Repeated:
    """The documents of a language, again and again with other words.

    Args:
        path: the language's file.
    """

    def __init__(self, path: Path):
        text = lzma.decompress(path.read_bytes()).decode(errors="replace")
        self._documents = text.split("\n\n")
        spaced = text.count(" ", 0, 1 << 20) * 20 > min(len(text), 1 << 20)
        self._words = re.compile(r"(\s+)" if spaced else r"(\s*)")
        self._pool = [word for word in self._words.split(text[: 4 << 20])[::2] if word]
        self._random = random.Random(path.name)

    def __iter__(self) -> Iterator[str]:
        """Documents without end: first as they are."""
        yield from self._documents
        while True:
            yield from map(self.changed, self._documents)

    def changed(self, document: str) -> str:
        """A document with every fourth word replaced."""
        parts = self._words.split(document)
        for place, word in zip(
            range(2 * self._random.randrange(EVERY), len(parts), 2 * EVERY), self.words(len(parts)), strict=False
        ):
            parts[place] = word
        return "".join(parts)

    def words(self, count: int) -> list[str]:
        """Some words in a row, from anywhere."""
        count = min(count, len(self._pool))
        start = self._random.randrange(len(self._pool) - count + 1)
        return self._pool[start : start + count]


def take(documents: Iterator[str], size: float) -> Iterator[bytes]:
    """The first documents of at least so many bytes, as a file has them."""
    while size > 0:
        encoded = next(documents).encode() + b"\n\n"
        size -= len(encoded)
        yield encoded


def write(path: Path, pieces: Iterator[bytes]) -> None:
    """Write a file, or add to it: its streams decode one after the other."""
    compressor = lzma.LZMACompressor(preset=0)
    with open(path, "ab") as file:
        for piece in pieces:
            file.write(compressor.compress(piece))
        file.write(compressor.flush())


def enormous_document(language: Repeated) -> Iterator[bytes]:
    """One document: paragraphs without a blank line between them."""
    for document in take(iter(language), DOCUMENT_MEGABYTES * 1e6):
        yield document.rstrip(b"\n") + b"\n"
    yield b"\n"


def enormous_cluster(language: Repeated) -> Iterator[bytes]:
    """Texts of which any two have 220 of 231 shingles in common, or more."""
    words = language.words(WORDS)
    for number in range(CLUSTER):
        other = language.words(1)
        place = number % (WORDS - 10) + 5
        yield " ".join([*words[:place], *other, *words[place + 1 :]]).encode() + b"\n\n"


def make(corpora: Path, stress: Path) -> None:
    """Make all folders."""
    sources = files(corpora)
    whole = sum(decoded_megabytes(path) for path in sources.values())
    for name, megabytes in SIZES.items():
        folder = stress / name
        folder.mkdir(parents=True)
        for code, path in sources.items():
            share = decoded_megabytes(path) / whole
            write(folder / f"{code}{SUFFIX}", take(iter(Repeated(path)), share * megabytes * 1e6))
        print(folder, flush=True)
    language = Repeated(sources[LANGUAGE])
    for name, pieces in (("document", enormous_document(language)), ("cluster", enormous_cluster(language))):
        (stress / name).mkdir()
        for path in (stress / PLAIN).iterdir():
            if path.name != LANGUAGE + SUFFIX:
                os.link(path, stress / name / path.name)
        added = stress / name / (LANGUAGE + SUFFIX)
        added.write_bytes((stress / PLAIN / added.name).read_bytes())
        write(added, pieces)
        print(stress / name, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make corpora to strain a pipeline with.")
    parser.add_argument("corpora", type=Path, help="folder with xx.txt.xz")
    parser.add_argument("stress", type=Path, help="folder to make")
    options = parser.parse_args()
    if options.stress.exists():
        parser.error(f"{options.stress} is there already; remove it, or name another folder")
    make(options.corpora, options.stress)


if __name__ == "__main__":
    main()
