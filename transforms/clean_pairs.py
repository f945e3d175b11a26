"""Cleaning pairs: normalise and measure both sides once, sign what deduplication compares; then judge.

Between measuring and judging stands what is learnt of a language pair from all its parts, so these are two stages of
tasks: `clean` measures a raw part, `filter` judges a clean one. A threshold that moves measures nothing again.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType

import numpy as np
import pyarrow as pa

from babelmill.format import CLEAN_PAIRS, PAIR_REJECTS, PAIR_SIGNATURES, SCORES, File, Ledger, digest
from transforms.clean import resized, spoken_language
from transforms.decontamination.pairs import REASONS, PairSearch
from transforms.decontamination.report import FoundList
from transforms.filters import signals
from transforms.filters.rules import PairRules, judge, judge_lexical
from transforms.filters.sides import SIDE
from transforms.filters.signals import SIGNALS, PairMeasuring, compare
from transforms.filters.spoken import Spoken
from transforms.journal import Record, Task
from transforms.learn_pairs import cutter
from transforms.lexicon.calibration import scores
from transforms.lexicon.model import Lexicon
from transforms.lexicon.saving import load
from transforms.minhash import pair_hashes
from transforms.normalise import Form
from transforms.pair_sides import HASH, SideMeasuring
from transforms.parallel.batches import PAIRS
from transforms.parts import By, Part, each_once, names, stretches, text_bytes
from transforms.rules import Judgement
from transforms.storage import ArrowWriter, WorkDirectory
from transforms.words import segment

MEASURING = 3
"""Raised whenever the same pair would be normalised or signed otherwise; `signals.MEASURING` is that of its filters."""

CLEAN = pa.schema([*CLEAN_PAIRS, *SIGNALS])
"""A clean part of pairs: text, score, measurements."""


@dataclass(frozen=True, kw_only=True)
class PairMeasures:
    """How pairs are normalised, measured and signed.

    Attributes:
        form: Unicode normalisation form.
        model: path of a fastText model, `langid.BUNDLED`, or None for no language identification.
        by: what is compared.
    """

    form: Form
    model: str | None
    by: By

    def digest(self, codes: list[str], model_sha256: str | None, raw: File) -> str:
        """Digest of all that the measurements of a part depend on."""
        sides = [spoken_language(code, self.model) for code in codes]
        return digest(
            {
                "version": [MEASURING, signals.MEASURING],
                "unicode": unicodedata.unidata_version,
                "form": self.form,
                "model": model_sha256,
                "signed": self.by,
                "languages": [[side.bcp47, side.scripts, side.labels] for side in sides],
                "raw": raw.sha256,
            }
        )


def measure_all(
    batches: Sequence[pa.RecordBatch], languages: PairMeasuring, by: By, sides: SideMeasuring
) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch]]:
    """As `measure`, batch by batch; of pairs that are equal, in whichever batch, one is measured, since many are.

    Args:
        batches: of schema `transforms.parallel.batches.PAIRS`, at least one; all their measurements stay in memory.
        languages, by, sides: as of `measure`.
    """
    pieces, places = each_once(batches, ("source", "target"))
    found = (measure(piece, languages, by, sides) for piece in pieces)
    cleaned, signatures = (pa.concat_batches(kind) for kind in zip(*found, strict=True))
    for batch, place in zip(batches, places, strict=True):
        clean, signed = (known.take(pa.array(place)) for known in (cleaned, signatures))
        for name in ("document", "score"):
            clean = clean.set_column(CLEAN.get_field_index(name), CLEAN.field(name), batch.column(name))
        yield clean, signed


def measure(
    batch: pa.RecordBatch, languages: PairMeasuring, by: By, sides: SideMeasuring
) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Normalise and measure a batch of raw pairs, and sign them.

    Args:
        batch: of schema `transforms.parallel.batches.PAIRS`.
        languages: of both sides.
        by: what is compared.
        sides: measures each side, and remembers texts.

    Returns:
        Batches of schemas `CLEAN` and `PAIR_SIGNATURES`, row by row those of `batch`.
    """
    found = sides(batch.column("source"), batch.column("target"), (languages.source, languages.target))
    texts, measures = [side.column("text") for side in found], [side.select(SIDE.names) for side in found]
    said = [Spoken(*(side.column(name).to_numpy() for name in Spoken._fields)) for side in found]
    measured = compare(texts, measures, said, languages)
    columns = [batch.column("document"), *texts, batch.column("score"), *measured.columns]
    return pa.record_batch(columns, schema=CLEAN), _signed(*found, by)


def _signed(source: pa.RecordBatch, target: pa.RecordBatch, by: By) -> pa.RecordBatch:
    """The signatures of pairs, by both sides as of `pair_sides.MEASURED`."""
    hashes = [np.stack([side.column(half).to_numpy() for half in HASH], 1) for side in (source, target)]
    rows, other = source.num_rows, np.zeros(source.num_rows, np.uint64)
    if by == "pair":
        signed = pair_hashes(*hashes)
    else:
        signed, others = hashes if by == "source" else hashes[::-1]
        other = others[:, 0]
    characters = [side.column("characters").to_numpy() for side in (source, target)]
    columns = [
        pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), rows, [None, pa.py_buffer(signed)]),
        pa.array(characters[0] + characters[1], pa.int32()),
        pa.array(other, pa.uint64()),
    ]
    return pa.record_batch(columns, schema=PAIR_SIGNATURES)


@dataclass(frozen=True, kw_only=True)
class MeasurePairs:
    """Does one task of `clean` for pairs: a raw part becomes a clean part and its signatures.

    The task's job: `codes` and `languages` of source and target, `part` (the raw file), and `measuring`, the digest
    of what measuring depends on.

    Attributes:
        measures: how pairs are measured.
        model: a fastText model in the work directory, in place of `measures.model`.
    """

    measures: PairMeasures
    model: File | None = None
    _sides: dict[str | None, SideMeasuring] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __call__(self, work: WorkDirectory, task: Task) -> Record:
        """Measure; nothing is dropped here."""
        model = str(work.local(self.model)) if self.model else self.measures.model
        source, target = (spoken_language(code, model) for code in task.job["languages"])
        languages = PairMeasuring(source=source, target=target)
        sides = self._sides.setdefault(model, SideMeasuring(self.measures.form, model))
        part = work.write_arrow(f"clean/{task.name}.arrow", CLEAN)
        signatures = work.write_arrow(f"signatures/{task.name}.arrow", PAIR_SIGNATURES)
        size = 0
        with part, signatures:
            raw = (batch.cast(PAIRS) for batch in Part.open(work, File(**task.job["part"])).batches())
            for stretch in stretches(raw):
                for clean, signed in measure_all(stretch, languages, self.measures.by, sides):
                    part.write(clean)
                    for piece in resized([signed]):
                        signatures.write(piece)
                    size += int(text_bytes(clean).sum())
        pair = "-".join(task.job["languages"])
        return Record(
            name=task.name,
            parameters=task.parameters,
            inputs=task.inputs,
            files={"part": part.file, "signatures": signatures.file},
            ledger={pair: Ledger(documents=part.rows, kept=part.rows, bytes=size)},
            facts={"language": pair, "languages": task.job["languages"]},
        )


@dataclass(frozen=True, kw_only=True)
class FilterPairs:
    """Does one task of `filter`: a clean part of pairs is judged, and every pair weighed.

    The task's job: `languages`, `part` (the clean file), `rules`, as `PairRules.to_json` gives them, and the files of
    the `lexicon`, none where there is none.

    Attributes:
        items: the items of test sets in the work directory, see `transforms.decontamination`.
    """

    items: File | None = None

    def __call__(self, work: WorkDirectory, task: Task) -> Record:
        """Write the score of each pair, and the list of those that are rejected."""
        rules, part = PairRules.from_json(task.job["rules"]), Part.open(work, File(**task.job["part"]))
        ledger, sides = Ledger(dropped=dict.fromkeys(REASONS, 0)), np.zeros(2, np.int64)
        rejects, lexicon = _Rejects(work, task.name), _lexicon(work, task)
        found = FoundList(work, f"rejects/test_sets/{task.name}.arrow")
        search = PairSearch.open(work, self.items, task.job["languages"], found)
        start = 0
        with work.write_arrow(f"filter/{task.name}.arrow", SCORES) as worths, rejects, found:
            for batch, score, judged in _judged(part, rules, lexicon):
                judged = search(batch, judged)
                worths.write(pa.record_batch([pa.array(score)], schema=SCORES))
                rejects.write(batch, judged, start)
                start += batch.num_rows
                kept = judged.reason < 0
                sides += text_bytes(batch)[:, kept].sum(axis=1)
                dropped = np.bincount(judged.reason[~kept], minlength=len(REASONS))
                for reason, count in zip(REASONS, dropped, strict=True):
                    ledger.dropped[reason] += int(count)
        ledger.documents, ledger.bytes = part.rows, int(sides.sum())
        ledger.dropped = {reason: count for reason, count in ledger.dropped.items() if count}
        ledger.kept = ledger.documents - sum(ledger.dropped.values())
        pair = "-".join(task.job["languages"])
        return Record(
            name=task.name,
            parameters=task.parameters,
            inputs=task.inputs,
            files={"scores": worths.file, **rejects.files, **({"test_sets": found.file} if found.file else {})},
            ledger={pair: ledger},
            facts={"language": pair, "languages": task.job["languages"], "sides": sides.tolist()},
        )


def _lexicon(work: WorkDirectory, task: Task) -> Lexicon | None:
    """The lexicon of a task's languages."""
    files = {role: File(**file) for role, file in task.job["lexicon"].items()}
    if not files:
        return None
    folder = files["manifest"].path.rpartition("/")[0]
    return load(work, folder, pieces=cutter(work, files.get("pieces")))


def _judged(
    part: Part, rules: PairRules, lexicon: Lexicon | None
) -> Iterator[tuple[pa.RecordBatch, np.ndarray, Judgement]]:
    """The batches of a part; the score of each pair, float32 (n,), lexical if there is a lexicon; and what goes."""
    for stretch in stretches(part.batches()):
        worths = [batch.column("score").to_numpy() for batch in stretch]
        signs = [batch.select(SIGNALS.names) for batch in stretch]
        judged = [judge(one, score, None, rules) for one, score in zip(signs, worths, strict=True)]
        if lexicon is not None:
            worths = _lexical_scores(lexicon, stretch, [one.reason < 0 for one in judged])
            judged = [judge_lexical(one, lexical, rules) for one, lexical in zip(judged, worths, strict=True)]
        yield from zip(stretch, worths, judged, strict=True)


def _lexical_scores(
    lexicon: Lexicon, batches: Sequence[pa.RecordBatch], asked: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """The lexical score of each pair, float32 (n,) a batch; NaN where it has no words to go by, or is not asked for.

    Args:
        lexicon: of both languages.
        batches: pairs; of those that are equal, in whichever batch, one is scored.
        asked: bool (n,) a batch, those to score: no other filter rejects them.
    """
    chosen = [
        batch.select(["source", "target"]).filter(pa.array(rows)) for batch, rows in zip(batches, asked, strict=True)
    ]
    pieces, places = each_once(chosen, ("source", "target"))
    known = np.concatenate([_scored(lexicon, piece) for piece in pieces])
    found = [np.full(rows.size, np.nan, np.float32) for rows in asked]
    for column, rows, place in zip(found, asked, places, strict=True):
        column[rows] = known[place]
    return found


def _scored(lexicon: Lexicon, pairs: pa.RecordBatch) -> np.ndarray:
    evidence = lexicon.evidence(*(segment(side, lexicon.pieces) for side in pairs.columns))
    return np.where(evidence.words > 0, scores(evidence, lexicon.weights), np.float32(np.nan))


class _Rejects:
    """The list of a part's rejected pairs; no file where there are none. A context manager.

    Attributes:
        files: the list by its role, once the context has ended.
    """

    def __init__(self, work: WorkDirectory, name: str):
        self.files: dict[str, File] = {}
        self._work, self._name = work, f"rejects/filter/{name}.arrow"
        self._writer: ArrowWriter | None = None

    def __enter__(self) -> _Rejects:
        return self

    def write(self, batch: pa.RecordBatch, judged: Judgement, start: int) -> None:
        """Append the pairs of a batch that are rejected; `start` is the row of its first."""
        rows = np.flatnonzero(judged.reason >= 0)
        if not rows.size:
            return
        if self._writer is None:
            self._writer = self._work.write_arrow(self._name, PAIR_REJECTS).__enter__()
        taken = batch.select(["document", "source", "target"]).take(pa.array(rows))
        columns = [
            pa.array(rows + start, pa.int32()),
            taken.column("document"),
            names(judged.reason[rows], REASONS),
            pa.array(judged.value[rows], pa.float32()),
            taken.column("source"),
            taken.column("target"),
        ]
        self._writer.write(pa.record_batch(columns, schema=PAIR_REJECTS))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.__exit__(kind, error, trace)
            if kind is None:
                self.files = {"rejects": self._writer.file}
