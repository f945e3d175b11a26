"""Cleaning a part: measure every document once, judge it by the measurements, sign it for deduplication.

Measuring (normalisation, script, language, signature) is dear and depends on the text alone. Judging is cheap and
depends on thresholds: it reads the measurements back, so that a threshold can be moved without measuring again.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from babelmill.format import CLEAN, PERMUTATIONS, RAW, REJECTS, SIGNATURES, File, Ledger, digest
from transforms import langid, minhash, scripts
from transforms.decontamination.documents import DocumentSearch, ParagraphCut, cut_counts
from transforms.decontamination.report import FoundList
from transforms.decontamination.screen import Screen, open_screen
from transforms.journal import Record, Task
from transforms.languages import Language, language
from transforms.normalise import Form, normalise
from transforms.parts import Part, byte_lengths, names
from transforms.rules import REASONS, Judgement, Rules, judge
from transforms.storage import ArrowWriter, LazyWriter, WorkDirectory

MEASURING = 1
"""Raised whenever the same text would be measured otherwise."""

SIGNATURE_ROWS = 4096
"""Rows in a record batch of a signature file: 2 MiB."""


@dataclass(frozen=True, kw_only=True)
class Measures:
    """How documents are measured.

    Attributes:
        form: Unicode normalisation form, `NFC` or `NFKC`.
        model: path of a fastText model, `langid.BUNDLED`, or None for no language identification.
        shingle: tokens in a shingle.
    """

    form: Form
    model: str | None
    shingle: int


def measure(
    batch: pa.RecordBatch, spoken: Language, measures: Measures, cut: ParagraphCut | None = None
) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Normalise a batch of raw documents and measure them.

    Args:
        batch: of schema `RAW`.
        spoken: the language that the file claims.
        measures: how to measure.
        cut: takes paragraphs of test sets out before anything is measured; None: there are none to take out.

    Returns:
        Batches of schemas `CLEAN` and `SIGNATURES`, row by row those of `batch`.
    """
    normal = normalise(batch.column("text"), form=measures.form)
    if cut is not None:
        normal = cut(normal, batch.column("document"))
    label, score, own = _identify(normal.texts, spoken, measures.model)
    signed = minhash.sign(normal.texts, words=measures.shingle)
    clean = [
        batch.column("document"),
        normal.texts,
        pa.array(normal.characters, pa.int32()),
        pa.array(normal.replaced, pa.int32()),
        pa.array(scripts.share(normal.texts, spoken.scripts), pa.float32()),
        label,
        pa.array(score, pa.float32()),
        pa.array(own, pa.float32()),
    ]
    values = pa.array(signed.minhash.reshape(-1), pa.uint32())
    signatures = [
        pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), batch.num_rows, [None, pa.py_buffer(signed.hash)]),
        pa.FixedSizeListArray.from_arrays(values, PERMUTATIONS),
        pa.array(signed.shingles, pa.int32()),
        clean[2],
        clean[6],
    ]
    return pa.record_batch(clean, schema=CLEAN), pa.record_batch(signatures, schema=SIGNATURES)


def _identify(
    texts: pa.StringArray, spoken: Language, model: str | None
) -> tuple[pa.DictionaryArray, np.ndarray, np.ndarray]:
    """Best label, its probability and the probability of the file's own labels; nulls and NaN without a model."""
    if model is None:
        nothing = np.full(len(texts), np.nan, np.float32)
        return names(np.full(len(texts), -1), []), nothing, nothing
    identifier = langid.load(model)
    found = identifier.identify(texts, own=spoken.labels)
    return names(found.label, identifier.labels), found.score, found.own


@dataclass(frozen=True, kw_only=True)
class CleanPart:
    """Does one task of the stage: a raw part becomes a clean part, its signatures, and its rejects.

    The task's job: `corpus`, `code` (the corpus's name of the language), `part` (the raw file), `measuring` (digest
    of what measuring depends on), `rules`, and `measured` (files of a former run that need only be judged again)
    where there are any.

    Attributes:
        measures: how documents are measured.
        model: a fastText model in the work directory, in place of `measures.model`.
        items: the items of test sets in the work directory, see `transforms.decontamination`.
    """

    measures: Measures
    model: File | None = None
    items: File | None = None

    def __call__(self, work: WorkDirectory, task: Task) -> Record:
        """Measure unless that is done, then judge."""
        measures = replace(self.measures, model=str(work.local(self.model))) if self.model else self.measures
        spoken = spoken_language(task.job["code"], measures.model)
        measured = task.job.get("measured")
        if measured:
            files = {role: File(**file) for role, file in measured.items()}
        else:
            raw = Part.open(work, File(**task.job["part"]))
            files = _measure_part(
                work, task.name, raw, spoken, measures, open_screen(work, self.items, spoken.bcp47, "paragraph")
            )
        ledger, lists = self._judge(work, task, files, spoken)
        files |= lists
        return Record(
            name=task.name,
            parameters=task.parameters,
            inputs=task.inputs,
            files=files,
            ledger={spoken.bcp47: ledger},
            facts={"language": spoken.bcp47, "measuring": task.job["measuring"]},
        )

    def _judge(
        self, work: WorkDirectory, task: Task, files: Mapping[str, File], spoken: Language
    ) -> tuple[Ledger, dict[str, File]]:
        rules, part = Rules(**task.job["rules"]), Part.open(work, files["part"])
        ledger, cut = Ledger(dropped=dict.fromkeys(REASONS, 0)), cut_counts(work, files.get("paragraphs"), part.rows)
        rejects, found = _Rejects(work, task.name), FoundList(work, f"rejects/test_sets/documents/{task.name}.arrow")
        with rejects, found:
            search = DocumentSearch(open_screen(work, self.items, spoken.bcp47, "document"), found)
            for batch in part.batches():
                judged = judge(batch, rules, spoken.labels, search(batch, cut))
                _count(ledger, batch, judged.reason)
                rejects.write(batch, judged)
        ledger.dropped = {reason: count for reason, count in ledger.dropped.items() if count}
        lists = {"rejects": rejects.file, "test_sets": found.file}
        return ledger, {role: file for role, file in lists.items() if file is not None}


def _measure_part(
    work: WorkDirectory, name: str, raw: Part, spoken: Language, measures: Measures, screen: Screen | None
) -> dict[str, File]:
    part = work.write_arrow(f"clean/{name}.arrow", CLEAN)
    signatures = work.write_arrow(f"signatures/{name}.arrow", SIGNATURES)
    found = FoundList(work, f"rejects/test_sets/paragraphs/{name}.arrow")
    with part, signatures, found:
        cut = ParagraphCut(screen, found) if screen else None
        pending: list[pa.RecordBatch] = []
        for batch in raw.batches():
            clean, signed = measure(batch.cast(RAW), spoken, measures, cut)
            part.write(clean)
            pending.append(signed)
            if sum(batch.num_rows for batch in pending) >= 8 * SIGNATURE_ROWS:
                pending = _write_full(signatures, pending)
        for batch in resized(pending):
            signatures.write(batch)
    files = {"part": part.file, "signatures": signatures.file}
    return {**files, "paragraphs": found.file} if found.file else files


def spoken_language(code: str, model: str | None) -> Language:
    """The language that a code means, with the labels that a fastText model has for it; `model` as in `Measures`."""
    spoken = language(code, strict=False)
    if model is None or model == langid.BUNDLED:
        return spoken
    return spoken.labelled_by(langid.load(model).labels)


def measuring_digest(measures: Measures, model_sha256: str | None, code: str, raw: File, cut: str | None = None) -> str:
    """Digest of all that a part's measurements depend on; `cut`: of the test sets whose paragraphs are taken out."""
    spoken = spoken_language(code, measures.model)
    return digest(
        {
            **({"cut": cut} if cut else {}),
            "version": MEASURING,
            "unicode": unicodedata.unidata_version,
            "form": measures.form,
            "model": model_sha256,
            "shingle": measures.shingle,
            "scripts": spoken.scripts,
            "labels": spoken.labels,
            "raw": raw.sha256,
        }
    )


def _count(ledger: Ledger, batch: pa.RecordBatch, reason: np.ndarray) -> None:
    kept = reason < 0
    ledger.documents += batch.num_rows
    ledger.kept += int(kept.sum())
    ledger.bytes += int(byte_lengths(batch.column("text"))[kept].sum())
    for number, count in enumerate(np.bincount(reason[~kept], minlength=len(REASONS))):
        ledger.dropped[REASONS[number]] += int(count)


class _Rejects(LazyWriter):
    """The list of a part's rejected documents, batch after batch."""

    def __init__(self, work: WorkDirectory, name: str):
        super().__init__(work, f"rejects/clean/{name}.arrow", REJECTS)
        self._start = 0

    def write(self, batch: pa.RecordBatch, judged: Judgement) -> None:
        """Append the documents of the next batch that are rejected."""
        rows = np.flatnonzero(judged.reason >= 0)
        if rows.size:
            taken = batch.select(["document", "text"]).take(pa.array(rows))
            columns = [
                pa.array(rows + self._start, pa.int32()),
                taken.column("document"),
                names(judged.reason[rows], REASONS),
                pa.array(judged.value[rows], pa.float32()),
                taken.column("text"),
            ]
            self.append(pa.record_batch(columns, schema=REJECTS))
        self._start += batch.num_rows


def resized(batches: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches cut anew into pieces of `SIGNATURE_ROWS`, the last one shorter."""
    if not batches:
        return
    table = pa.Table.from_batches(batches).combine_chunks()
    for start in range(0, table.num_rows, SIGNATURE_ROWS):
        yield table.slice(start, SIGNATURE_ROWS).combine_chunks().to_batches()[0]


def _write_full(signatures: ArrowWriter, pending: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """Write the full pieces of `pending`; returns what is left."""
    *full, last = resized(pending)
    for batch in full:
        signatures.write(batch)
    return [last]
