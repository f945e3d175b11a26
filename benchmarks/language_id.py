"""Language identification against fastText: the same labels, the same probabilities, and how many times as fast.

    python -m benchmarks.language_id CORPORA

Both have the same model, lid.176.ftz, and the same texts in memory: fastText as Python strings, a language's in one
call; Babelmill as an Arrow column, and it also sums up the probability of the language's own labels. Its cache of words
is cold when a round begins, lives through all languages, and is warm the second time.

A round is a process bound to one core. It goes through the languages one by one, the sides in turn; in the first round
all labels and probabilities are compared. fastText is `fasttext-numpy2`, the fastest build of it on this hardware.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import fasttext
import numpy as np

from benchmarks import inputs
from benchmarks.by_language import ByLanguage
from benchmarks.figures import Figure, report, version, write
from benchmarks.harness import cpu_seconds, in_turn, on_one_core, rounds
from transforms.fasttext_model import read_model
from transforms.langid import Identification, LanguageIdentifier, bundled_model
from transforms.languages import language

PACKAGES = ("fasttext-numpy2", "numba", "numpy", "pyarrow")


class Round(NamedTuple):
    """CPU seconds by side and language; and of the comparison, where it was made, labels and probabilities."""

    seconds: dict[str, dict[str, float]]
    labels: int
    probability: float


def measure(number: int, texts: Path) -> Round:
    """One round over the texts of a file."""
    on_one_core()
    columns = inputs.read(texts)
    new_identifier().identify(inputs.first(columns), own=["en"])
    library, identifier = fasttext.load_model(str(bundled_model())), new_identifier()
    seconds: dict[str, dict[str, float]] = {"cold": {}, "warm": {}, "fasttext": {}}
    labels, probability = 0, 0.0
    for place, (code, column) in enumerate(columns.items()):
        lines = [text.replace("\n", " ") for text in column.to_pylist()]
        found: dict[str, Any] = {}
        for side in in_turn(("cold", "fasttext"), number + place):
            if side == "cold":
                seconds[side][code], found[side] = cpu_seconds(identifier.identify, column, own_labels(code))
            else:
                seconds[side][code], found[side] = cpu_seconds(library.predict, lines)
        if number == 0:
            differing, farthest = compare(found["cold"], identifier.labels, *found["fasttext"])
            labels, probability = labels + differing, max(probability, farthest)
    for code, column in columns.items():
        seconds["warm"][code], _ = cpu_seconds(identifier.identify, column, own_labels(code))
    return Round(seconds, labels, probability)


def new_identifier() -> LanguageIdentifier:
    """An identifier that has seen no word."""
    return LanguageIdentifier(read_model(bundled_model()))


def own_labels(code: str) -> tuple[str, ...]:
    """The labels of lid.176 that stand for a language."""
    return tuple(language(code, strict=False).labels)


def compare(found: Identification, names: tuple[str, ...], labels: Any, probabilities: Any) -> tuple[int, float]:
    """How many labels differ from fastText's, and the largest difference of a probability."""
    ours = [[f"__label__{names[label]}"] if label >= 0 else [] for label in found.label]
    scores = np.array([float(one[0]) if len(one) else 0.0 for one in probabilities])
    differing = sum(one != list(other) for one, other in zip(ours, labels, strict=True))
    return differing, float(np.abs(scores - found.score).max())


def figures(measured: ByLanguage, first: Round, documents: int) -> list[Figure]:
    """The rows for the table."""
    peer, count = f"fasttext-numpy2 {version('fasttext-numpy2')}", len(measured.megabytes)
    worst = measured.least_gain("cold", "fasttext")
    what = f"language ID, lid.176.ftz, {count} languages"
    return [
        measured.figure("cold", f"{what}, cold cache", "cold", "fasttext", peer=peer, at_least=5),
        measured.figure("warm", f"{what}, warm cache", "warm", "fasttext", peer=peer, at_least=9),
        measured.figure(
            "worst",
            f"language ID, cold, the language that gains least: {worst}",
            "cold",
            "fasttext",
            peer=peer,
            language=worst,
            at_least=1,
        ),
        Figure(
            name="differences",
            what="labels that are not fastText's; largest difference of a probability",
            text=f"{first.labels:,} of {documents:,}; {first.probability:.1g}",
        ),
    ]


def main() -> None:
    parser = inputs.parser("Language identification against fastText.")
    parser.add_argument("corpora", type=Path, help="folder with xx.txt.xz")
    options = inputs.parse(parser)
    texts = inputs.texts_file(options)
    columns = inputs.read(texts)
    found = list(rounds(measure, options.repetitions, texts))
    measured = ByLanguage(
        {code: inputs.megabytes(column) for code, column in columns.items()}, [one.seconds for one in found]
    )
    documents = sum(map(len, columns.values()))
    write(
        report(
            "language_id",
            "CORPORA",
            figures(measured, found[0], documents),
            machine=options.machine,
            packages=PACKAGES,
            inputs={"documents": documents, "MB": round(sum(measured.megabytes.values()), 1)},
            details={"MB/s": measured.medians()},
        ),
        options.results,
    )


if __name__ == "__main__":
    main()
