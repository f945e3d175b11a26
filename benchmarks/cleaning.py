"""Cleaning, normalisation and rules, from raw bytes to the verdict on each document; and NFC against `unicodedata`.

    python -m benchmarks.cleaning CORPORA

Cleaning is what the stage does besides language identification and signatures: repair of UTF-8, characters that are no
text, spaces, NFC, counts, the share of letters in the language's scripts, and the rules. No library does the same, so
it stands against a bound. Python's `unicodedata` does one step of it, NFC: it gets ready strings, checks first whether
there is anything to do, as `is_normalized` can tell, and stands beside Babelmill's normalisation as a whole.

A round is a process bound to one core. It goes through the languages one by one, the sides in turn.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from babelmill.format import CLEAN
from benchmarks import inputs
from benchmarks.by_language import ByLanguage
from benchmarks.figures import report, write
from benchmarks.harness import cpu_seconds, in_turn, on_one_core, rounds
from transforms import scripts
from transforms.languages import Language, language
from transforms.normalise import normalise
from transforms.parts import names
from transforms.rules import Judgement, Rules, judge

PACKAGES = ("numba", "numpy", "pyarrow")
SIDES = ("cleaning", "normalise", "unicodedata")
MEGABYTES = 100.0
RULES = Rules(
    min_characters=10,
    max_characters=1_000_000,
    invalid_utf8="repair",
    script_share=0.2,
    threshold=0.5,
    foreign_threshold=0.95,
)
"""The defaults; without a model's labels, the rules for language reject nothing."""


def measure(number: int, corpora: Path, languages: list[str] | None, quota: int) -> dict[str, dict[str, float]]:
    """One round: CPU seconds by side and language, and the MB under `size`."""
    on_one_core()
    seconds: dict[str, dict[str, float]] = {side: {} for side in (*SIDES, "size")}
    for place, (code, path) in enumerate(inputs.files(corpora, languages).items()):
        column = inputs.first_bytes(inputs.raw(path), quota)
        sides = sides_of(column, language(code, strict=False))
        for side in in_turn(SIDES, number + place):
            seconds[side][code], _ = cpu_seconds(sides[side])
        seconds["size"][code] = inputs.megabytes(column)
    return seconds


def sides_of(column: pa.BinaryArray, spoken: Language) -> dict[str, Callable[[], Any]]:
    """What is measured in one language; kernels are loaded, and Python's strings made, beforehand."""
    clean(column[:1], spoken)
    strings = [document.decode("utf-8", "replace") for document in column.to_pylist()]
    return {
        "cleaning": lambda: clean(column, spoken),
        "normalise": lambda: normalise(column),
        "unicodedata": lambda: nfc(strings),
    }


def clean(column: pa.BinaryArray, spoken: Language) -> Judgement:
    """What the stage does to a column of raw documents, without language identification and signatures."""
    normal, rows = normalise(column), len(column)
    nothing = pa.array(np.full(rows, np.nan, np.float32))
    columns = [
        pa.array(np.arange(rows)),
        normal.texts,
        pa.array(normal.characters),
        pa.array(normal.replaced),
        pa.array(scripts.share(normal.texts, spoken.scripts), pa.float32()),
        names(np.full(rows, -1), []),
        nothing,
        nothing,
    ]
    return judge(pa.record_batch(columns, schema=CLEAN), RULES, spoken.labels)


def nfc(strings: Sequence[str]) -> list[str]:
    """Python's way to NFC."""
    is_normal = unicodedata.is_normalized
    return [text if is_normal("NFC", text) else unicodedata.normalize("NFC", text) for text in strings]


def main() -> None:
    parser = inputs.parser("Cleaning, and NFC against unicodedata.", megabytes=MEGABYTES)
    parser.add_argument("corpora", type=Path, help="folder with xx.txt.xz")
    options = inputs.parse(parser)
    codes = inputs.files(options.corpora, options.languages)
    quota = int(1e6 * options.megabytes) // len(codes)
    found = list(rounds(measure, options.repetitions, options.corpora, options.languages, quota))
    sizes = found[0]["size"]
    measured = ByLanguage(sizes, [{side: one[side] for side in one if side != "size"} for one in found])
    slowest = min(sizes, key=lambda code: float(np.median(measured.rates("cleaning", code))))
    figures = [
        measured.figure(
            "cleaning",
            f"cleaning: normalisation, scripts and rules, {len(sizes)} languages",
            "cleaning",
            at_least=100,
        ),
        measured.figure("slowest", f"cleaning, the slowest language: {slowest}", "cleaning", language=slowest),
        measured.figure(
            "nfc",
            "normalisation (UTF-8, spaces, characters, NFC) against NFC alone",
            "normalise",
            "unicodedata",
            peer=f"unicodedata {unicodedata.unidata_version}",
        ),
    ]
    write(
        report(
            "cleaning",
            "CORPORA",
            figures,
            machine=options.machine,
            packages=PACKAGES,
            inputs={"MB": round(sum(sizes.values()), 1)},
            details={"MB/s": measured.medians()},
        ),
        options.results,
    )


if __name__ == "__main__":
    main()
