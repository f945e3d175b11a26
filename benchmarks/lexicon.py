"""The lexical translation model on real pairs: does it tell translations from chance, how fast, and what does it know?

    python -m benchmarks.lexicon OPUS --corpus LibreOffice --version v7.4
    python -m benchmarks.lexicon OPUS --corpus LibreOffice --version v7.4 --pairs de-en --pairs en-ja --words de-en

OPUS is a folder laid out as OPUS's own. Of each language pair's distinct pairs, in an order drawn by a seed, a fifth
but at most 10,000 are held out, and a lexicon is learnt from the others. The area under the curve is of the scores of
held-out pairs against the same sources with targets in another order: how often a pair scores above a chance meeting.
It is reported for all held-out pairs, and for those whose two texts differ, since copies are easy to tell.

Speeds are CPU seconds on one core, the median of some rounds: of an iteration of learning the difference between
learning with many iterations and with few; of scores and glosses all pairs as Arrow columns, segmentation included.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
import pyarrow as pa

from benchmarks import inputs
from benchmarks.figures import RESULTS, Figure, Spread, report, write
from benchmarks.harness import REPETITIONS, cpu_seconds, machine, on_one_core
from transforms.lexicon.calibration import area
from transforms.lexicon.learning import LexiconOptions, learn
from transforms.lexicon.model import Lexicon
from transforms.parallel.bitext import Bitext, Wanted
from transforms.parallel.reading import FORMATS, PairReader
from vocab.encoding import Encoder, load

PACKAGES = ("numba", "numpy", "pyarrow")
HELD_OUT = 10_000
ENOUGH = 20_000
"""Pairs to learn from, for which an area is promised."""

MORE = 20
"""Iterations that are timed."""


class Columns(NamedTuple):
    """Pairs of texts: string[n] each."""

    source: pa.StringArray
    target: pa.StringArray

    @property
    def megabytes(self) -> float:
        """Of both texts."""
        return inputs.megabytes(self.source) + inputs.megabytes(self.target)

    def take(self, rows: np.ndarray) -> Columns:
        """Some of the pairs, by number."""
        return Columns(self.source.take(pa.array(rows)), self.target.take(pa.array(rows)))


def distinct_pairs(bitext: Bitext, seed: int) -> Columns:
    """The distinct pairs of a bitext whose bytes are valid UTF-8, in an order drawn by a seed."""
    batches = list(PairReader(bitext, [Path(address) for address in bitext.addresses]))
    table = pa.Table.from_batches(batches).select(["source", "target"])
    table = table.group_by(["source", "target"], use_threads=False).aggregate([])
    table = table.take(np.random.default_rng(seed).permutation(len(table)))
    return Columns(*(column.combine_chunks().cast(pa.string()) for column in table.columns))


def split(pairs: Columns) -> tuple[Columns, Columns]:
    """Pairs to learn from, and pairs that are held out."""
    rows = np.arange(len(pairs.source))
    first = rows.size - min(HELD_OUT, rows.size // 5)
    return pairs.take(rows[:first]), pairs.take(rows[first:])


def judged(lexicon: Lexicon, held_out: Columns, seed: int) -> dict[str, float]:
    """The area under the curve, and shares on the wrong side of 0.5: pairs against the same with shuffled targets."""
    others = np.random.default_rng(seed).permutation(len(held_out.source))
    true = lexicon.score(*held_out)
    shuffled = lexicon.score(held_out.source, held_out.target.take(pa.array(others)))
    return {
        "area": area(true, shuffled),
        "true below 0.5": float((true < 0.5).mean()),
        "shuffled above 0.5": float((shuffled >= 0.5).mean()),
    }


def quality(bitext: Bitext, pieces: Encoder | None, seed: int) -> dict[str, Any]:
    """What a lexicon of one language pair is worth."""
    sample, held_out = split(distinct_pairs(bitext, seed))
    lexicon = learn(*sample, languages=bitext.languages, pieces=pieces)
    pairs = zip(held_out.source.to_pylist(), held_out.target.to_pylist(), strict=True)
    differing = np.flatnonzero([source != target for source, target in pairs])
    return {
        "sample": len(sample.source),
        "learnt": lexicon.facts["learnt"],
        "held out": judged(lexicon, held_out, seed),
        "held out, texts differ": {"pairs": differing.size, **judged(lexicon, held_out.take(differing), seed)},
        "log likelihood": lexicon.facts["log_likelihood"],
        "translations": int(lexicon.table.source.size),
    }


def speeds(pairs: Columns, bitext: Bitext, pieces: Encoder | None, rounds: int) -> dict[str, list[float]]:
    """Pairs a second and iteration; MB a second of scores and of glosses."""
    few, many = LexiconOptions(), LexiconOptions(diagonal=LexiconOptions().diagonal + MORE)
    found: dict[str, list[float]] = {"learning": [], "scores": [], "glosses": []}
    # The first round compiles.
    for number in range(rounds + 1):
        seconds, lexicon = cpu_seconds(learned, pairs, bitext, few, pieces)
        longer, _ = cpu_seconds(learned, pairs, bitext, many, pieces)
        scoring, _ = cpu_seconds(lexicon.score, *pairs)
        glossing, _ = cpu_seconds(lexicon.translate, pairs.source)
        if number:
            found["learning"].append(MORE * lexicon.facts["learnt"] / (longer - seconds))
            found["scores"].append(pairs.megabytes / scoring)
            found["glosses"].append(inputs.megabytes(pairs.source) / glossing)
    return found


def learned(pairs: Columns, bitext: Bitext, options: LexiconOptions, pieces: Encoder | None) -> Lexicon:
    """A lexicon whose tables for scores and glosses are laid out."""
    lexicon = learn(*pairs, languages=bitext.languages, options=options, pieces=pieces)
    lexicon.translate(pairs.source[:1])
    return lexicon


def frequent_words(lexicon: Lexicon, count: int) -> dict[str, list[str]]:
    """The translations of the most frequent words that are no numbers."""
    words = (word for word in lexicon.source.words.to_pylist() if not word.isnumeric())
    return {
        word: [f"{other} {probability:.2f}" for other, probability in lexicon.translations(word)]
        for _, word in zip(range(count), words, strict=False)
    }


def figures(found: dict[str, dict[str, Any]], measured: dict[str, list[float]], timed: str) -> list[Figure]:
    """The rows for the table."""
    areas = {name: one["held out"]["area"] for name, one in found.items() if one["sample"] >= ENOUGH}
    worst = min(areas, key=areas.__getitem__, default="")
    what = f"lexicon, {timed}"
    rows = [
        Figure(
            name="learning",
            what=f"{what}: pairs a second and iteration",
            unit="pairs/s",
            ours=measured["learning"],
            at_least=200_000,
        ),
        Figure(name="scores", what=f"{what}: scores of pairs", unit="MB/s", ours=measured["scores"]),
        Figure(name="glosses", what=f"{what}: glosses", unit="MB/s", ours=measured["glosses"], at_least=5),
    ]
    if worst:
        said = f"lexicon, held-out pairs against shuffled ones: area under the curve, worst of {len(areas)}: {worst}"
        rows.append(Figure(name="area", what=said, unit="area", ours=[areas[worst]], at_least=0.97))
    return rows


@click.command()
@click.argument("opus", type=click.Path(exists=True, file_okay=False))
@click.option("--corpus", default="LibreOffice", show_default=True, help="Name of the corpus.")
@click.option("--version", default=None, help="Its release; the latest.")
@click.option("--pairs", multiple=True, metavar="DE-EN", help="Language pairs to judge; all that there are.")
@click.option("--words", default="de-en", show_default=True, help="Language pair to time and to print words of.")
@click.option("--vocabulary", type=click.Path(exists=True), help="Model whose pieces cut scripts without spaces.")
@click.option("--repetitions", default=REPETITIONS, show_default=True, help="Rounds of timing.")
@click.option("--seed", default=1, show_default=True)
@click.option("--results", type=click.Path(path_type=Path), default=RESULTS, help="Where figures go.")
def main(
    opus: str,
    corpus: str,
    version: str | None,
    pairs: Sequence[str],
    words: str,
    vocabulary: str | None,
    repetitions: int,
    seed: int,
    results: Path,
) -> None:
    """Judge and time lexicons learnt from a corpus in OPUS, a folder laid out as OPUS's own."""
    before = machine()
    on_one_core()
    pieces = load(vocabulary) if vocabulary else None
    bitexts = {
        "-".join(bitext.languages): bitext
        for bitext in FORMATS["opus"](Wanted(corpus=corpus, version=version, location=opus))
    }
    unknown = {words, *pairs} - bitexts.keys()
    if unknown:
        raise click.UsageError(f"{', '.join(sorted(unknown))} not in {opus}: found {', '.join(sorted(bitexts))}")
    found = {}
    for name in sorted(pairs or bitexts):
        found[name] = quality(bitexts[name], pieces, seed)
        whole, differing = found[name]["held out"], found[name]["held out, texts differ"]
        click.echo(
            f"{name}: learnt from {found[name]['learnt']:,} of {found[name]['sample']:,} pairs; area "
            f"{whole['area']:.4f}, {differing['area']:.4f} where texts differ"
        )
    sample = distinct_pairs(bitexts[words], seed)
    measured = speeds(sample, bitexts[words], pieces, repetitions)
    known = frequent_words(learn(*sample, languages=bitexts[words].languages, pieces=pieces), 50)
    for word, translations in known.items():
        click.echo(f"{word}: {', '.join(translations)}")
    write(
        report(
            "lexicon",
            f"OPUS --corpus {corpus} --words {words}" + (" --vocabulary MODEL" if vocabulary else ""),
            figures(found, measured, words),
            machine=before,
            packages=PACKAGES,
            inputs={"corpus": corpus, "timed": words, "pairs": len(sample.source), "MB": round(sample.megabytes, 1)},
            details={"by language pair": found, "frequent words": known}
            | {name: Spread.of(values).median for name, values in measured.items()},
        ),
        results,
    )


if __name__ == "__main__":
    main()
