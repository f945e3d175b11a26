"""What the pair filters find of known noise, and what they lose of true pairs.

    python -m benchmarks.noise_pairs corpora/opus NOISE
    python -m benchmarks.pair_filters NOISE                                    # half a minute; Markdown
    python -m benchmarks.pair_filters NOISE --show 20 --reason language        # true pairs that a filter lost
    python -m benchmarks.pair_filters NOISE --kind truncated --show 20         # truncated pairs that nothing found
    python -m benchmarks.pair_filters NOISE --lexical 0.3                      # another threshold of the lexical score

`NOISE` is what `noise_pairs` made. Pairs are read, normalised, measured with lid.176.ftz and judged with the default
rules of their languages and the length ratio that is learnt from the noisy pairs themselves. Three tables come out:

1. A row a filter, by itself: of the pairs that it drops, how many are wrong (precision), and how many of each kind of
   noise it finds (recall). A duplicate is a true pair here, since duplicates are deduplication's to find. An
   `untranslated` pair is neither true nor wrong: it is as it was found, mostly a copy.
2. A row a language pair: the recall of all filters together, and the true pairs lost.
3. Recall by the length of the source: short pairs say little.

The lexicon is learnt from the noisy pairs, too, those that no other filter rejects, as the pipeline does it. The area
under the curve of its score, true pairs against shuffled ones, comes out; `lexical` by itself
is asked of all pairs.

Exits with 1 when over 1 % of the true pairs are lost.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.noise_pairs import DUPLICATES, NOISE
from pipelines.config_pairs import LEXICAL
from transforms import langid
from transforms.clean import spoken_language
from transforms.filters.ratio import learn_ratio
from transforms.filters.rules import REASONS, PairRules, judge, verdicts
from transforms.filters.signals import PairMeasuring, measure
from transforms.learn_pairs import PIECES, texts_without_spaces
from transforms.lexicon.learning import learn
from transforms.lexicon.model import Lexicon
from transforms.normalise import normalise
from transforms.parallel.bitext import Bitext, Wanted
from transforms.parallel.opus import locate
from transforms.parallel.reading import PairReader
from transforms.parts import distinct
from transforms.words import unspaced
from vocab.encoding import Encoder
from vocab.training import train

BAR = 0.01
"""Largest share of true pairs that may be lost."""

LENGTHS = (0, 20, 40, 80, 160)
"""Characters of the source from which a column of the third table starts."""

TRUE = ("true", *DUPLICATES)
KINDS = tuple(sorted(NOISE, key=list(NOISE).index, reverse=True))


@dataclass(frozen=True)
class Judged:
    """The n pairs of one archive.

    Attributes:
        name: of the archive.
        source, target: texts.
        kind: str (n,), from the truth.
        reason: int8 (n,), the judgement of all filters in their order.
        alone: reason -> bool (n,), what each filter drops by itself.
        value: float32 (n,), the measurement that decided.
        lexical: float32 (n,), the lexical score; None without one.
    """

    name: str
    source: pa.StringArray
    target: pa.StringArray
    kind: np.ndarray
    reason: np.ndarray
    alone: dict[str, np.ndarray]
    value: np.ndarray
    lexical: np.ndarray | None

    def of(self, *kinds: str) -> np.ndarray:
        """bool (n,): whether a pair is of one of some kinds."""
        return np.isin(self.kind, kinds)


def learnt(bitext: Bitext, source: pa.StringArray, target: pa.StringArray, accepted: np.ndarray) -> Lexicon:
    """The lexicon of an archive, from its different pairs that the other filters accept, in an order by a seed."""
    first, _ = distinct(pa.record_batch([source, target], names=["source", "target"]), ("source", "target"))
    rows = np.random.default_rng(1).permutation(np.intersect1d(first, np.flatnonzero(accepted)))
    sample = [side.take(pa.array(rows)) for side in (source, target)]
    if not any(unspaced(side) for side in sample):
        return learn(*sample, languages=bitext.languages)
    with tempfile.NamedTemporaryFile(suffix=".model") as file:
        file.write(train(texts_without_spaces(sample), options=PIECES).model)
        file.flush()
        return learn(*sample, languages=bitext.languages, pieces=Encoder(file.name))


def judged(bitext: Bitext, truth: Path, least: float) -> Judged:
    """Measure and judge an archive."""
    table = pa.Table.from_batches(list(PairReader(bitext, [Path(address) for address in bitext.addresses])))
    source, target = (normalise(table.column(side).combine_chunks()).texts for side in ("source", "target"))
    spoken = [spoken_language(tag, langid.BUNDLED) for tag in bitext.languages]
    measuring = PairMeasuring(source=spoken[0], target=spoken[1])
    signals = measure(source, target, measuring, langid.load(langid.BUNDLED))
    ratio = learn_ratio(signals)
    rules = PairRules.of(*spoken, ratio=ratio, lexical=least)
    score = learnt(bitext, source, target, judge(signals, None, None, rules).reason < 0).score(source, target)
    judgement = judge(signals, None, score, rules)
    alone = {reason: found[0] for reason, found in verdicts(signals, None, score, rules).items()}
    lines = (truth / f"{bitext.name}.jsonl").read_text(encoding="utf-8").splitlines()
    kind = np.array([json.loads(line)["kind"] for line in lines])
    print(f"{bitext.name}: {ratio}", file=sys.stderr, flush=True)
    return Judged(bitext.name, source, target, kind, judgement.reason, alone, judgement.value, score)


def by_filter(archives: Sequence[Judged]) -> Iterator[list[str]]:
    """A row for each filter that drops something, and one for all of them."""
    yield ["filter", "drops", "precision", *KINDS, "true pairs lost"]
    for reason in (*REASONS, "all"):
        dropped = [one.alone.get(reason, one.reason >= 0) for one in archives]
        caught = {
            kind: _sums((mask, one.of(kind)) for mask, one in zip(dropped, archives, strict=True)) for kind in KINDS
        }
        lost, true = _sums((mask, one.of(*TRUE)) for mask, one in zip(dropped, archives, strict=True))
        wrong = sum(found for found, _ in caught.values())
        if wrong + lost:
            recalls = [percent(*found) for found in caught.values()]
            yield [f"`{reason}`", f"{wrong + lost:,}", percent(wrong, wrong + lost), *recalls, percent(lost, true, 2)]


def by_archive(archives: Sequence[Judged]) -> Iterator[list[str]]:
    """A row for each archive: what all filters find together."""
    yield ["pair", *KINDS, "true pairs", "lost", "untranslated", "dropped"]
    for one in archives:
        dropped = one.reason >= 0
        recalls = [percent(*_sums([(dropped, one.of(kind))])) for kind in KINDS]
        (lost, true), (gone, untranslated) = (_sums([(dropped, one.of(*kinds))]) for kinds in (TRUE, ("untranslated",)))
        share = percent(lost, true, 2), f"{untranslated:,}", percent(gone, untranslated)
        yield [one.name, *recalls, f"{true:,}", *share]


def by_length(archives: Sequence[Judged]) -> Iterator[list[str]]:
    """A row for each kind: what all filters find together, by characters of the source."""
    bounds = list(zip(LENGTHS, (*(bound - 1 for bound in LENGTHS[1:]), None), strict=True))
    yield ["kind", *(f"{least} to {most}" if most else f"{least} or more" for least, most in bounds)]
    sizes = [np.fromiter((len(text) for text in one.source.to_pylist()), np.int64) for one in archives]
    for name, kinds in [*((kind, (kind,)) for kind in KINDS), ("true pairs lost", TRUE)]:
        row = [name]
        for least, most in bounds:
            masks = []
            for one, size in zip(archives, sizes, strict=True):
                masks.append((one.reason >= 0, one.of(*kinds) & (size >= least) & (size <= (most or size.max()))))
            row.append(percent(*_sums(masks), 2 if kinds == TRUE else 1))
        yield row


def _sums(masks: Iterator[tuple[np.ndarray, np.ndarray]] | list[tuple[np.ndarray, np.ndarray]]) -> tuple[int, int]:
    """How many are in both masks, and how many in the second."""
    found = [(int((dropped & chosen).sum()), int(chosen.sum())) for dropped, chosen in masks]
    return sum(both for both, _ in found), sum(every for _, every in found)


def percent(part: int, whole: int, digits: int = 1) -> str:
    """A share for people."""
    return f"{part / whole:.{digits}%}" if whole else ""


def area(true: np.ndarray, wrong: np.ndarray) -> float:
    """Area under the curve (ROC): how likely a true pair's score is above a wrong one's; a tie counts one half."""
    true, wrong = true[~np.isnan(true)], np.sort(wrong[~np.isnan(wrong)])
    below = np.searchsorted(wrong, true, "left") + np.searchsorted(wrong, true, "right")
    return float(below.mean() / 2 / wrong.size)


def markdown(rows: Iterator[list[str]]) -> str:
    """A table."""
    head, *body = rows
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *body)) + "\n"


def examples(one: Judged, *, kind: str | None, reason: str | None, count: int) -> Iterator[str]:
    """Pairs that were judged wrongly: true ones that were lost, or those of a kind that were not found."""
    if kind:
        wrong = one.of(kind) & (one.reason < 0)
    elif reason:
        wrong = one.of(*TRUE) & (one.reason == REASONS.index(reason))
    else:
        wrong = one.of(*TRUE) & (one.reason >= 0)
    rows = np.flatnonzero(wrong)
    for row in rows[np.linspace(0, rows.size - 1, min(count, rows.size)).astype(int)].tolist():
        why = REASONS[one.reason[row]] if one.reason[row] >= 0 else "kept"
        texts = (side[row].as_py()[:150] for side in (one.source, one.target))
        yield f"{one.name} {why} {one.value[row]:.3g}: {' ||| '.join(texts)}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("noise", type=Path, help="what noise_pairs made")
    parser.add_argument("--corpus", default="LibreOffice")
    parser.add_argument("--pairs", nargs="+", help="names of archives; all by default")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="so many examples of each archive")
    parser.add_argument("--kind", choices=KINDS, help="show pairs of this kind that were not found")
    parser.add_argument("--reason", choices=REASONS, help="show true pairs lost for this reason only")
    parser.add_argument("--lexical", type=float, default=LEXICAL, metavar="SCORE", help="least lexical score")
    options = parser.parse_args(arguments)
    bitexts = locate(Wanted(corpus=options.corpus, location=str(options.noise / "opus")))
    chosen = [bitext for bitext in bitexts if not options.pairs or bitext.name in options.pairs]
    archives = [judged(bitext, options.noise / "truth", options.lexical) for bitext in chosen]
    for table in (by_filter, by_archive, by_length):
        print(markdown(table(archives)))
    for one in archives:
        if one.lexical is not None:
            score = area(one.lexical[one.of("true")], one.lexical[one.of("shuffled")])
            print(f"{one.name}: area under the lexical score's curve {score:.4f}")
        for example in examples(one, kind=options.kind, reason=options.reason, count=options.show):
            print(example)
    lost, true = _sums((one.reason >= 0, one.of(*TRUE)) for one in archives)
    return int(lost > BAR * true)


if __name__ == "__main__":
    sys.exit(main())
