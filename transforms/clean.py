"""Cleaning a part: measure every document once, judge it by the measurements, sign it for deduplication.

Measuring (normalisation, script, language, signature) is dear and depends on the text alone. Judging is cheap and
depends on thresholds: it reads the measurements back, so that a threshold can be moved without measuring again.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from babelmill.format import CLEAN, PERMUTATIONS, RAW, REJECTS, SIGNATURES, File, Ledger, digest
from transforms import langid, minhash, scripts
from transforms.journal import Record, Task
from transforms.languages import Language, language
from transforms.normalise import Form, normalise
from transforms.parts import Part, byte_lengths, names
from transforms.rules import REASONS, Judgement, Rules, judge
from transforms.storage import ArrowWriter, WorkDirectory

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


def measure(batch: pa.RecordBatch, spoken: Language, measures: Measures) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Normalise a batch of raw documents and measure them.

    Args:
        batch: of schema `RAW`.
        spoken: the language that the file claims.
        measures: how to measure.

    Returns:
        Batches of schemas `CLEAN` and `SIGNATURES`, row by row those of `batch`.
    """
    normal = normalise(batch.column("text"), form=measures.form)
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
    """

    measures: Measures
    model: File | None = None

    def __call__(self, work: WorkDirectory, task: Task) -> Record:
        """Measure unless that is done, then judge."""
        measures = replace(self.measures, model=str(work.local(self.model))) if self.model else self.measures
        spoken = spoken_language(task.job["code"], measures.model)
        measured = task.job.get("measured")
        if measured:
            files = {role: File(**file) for role, file in measured.items()}
        else:
            raw = Part.open(work, File(**task.job["part"]))
            files = _measure_part(work, task.name, raw, spoken, measures)
        ledger, rejects = self._judge(work, task, files["part"], spoken)
        if rejects is not None:
            files["rejects"] = rejects
        return Record(
            name=task.name,
            parameters=task.parameters,
            inputs=task.inputs,
            files=files,
            ledger={spoken.bcp47: ledger},
            facts={"language": spoken.bcp47, "measuring": task.job["measuring"]},
        )

    def _judge(self, work: WorkDirectory, task: Task, file: File, spoken: Language) -> tuple[Ledger, File | None]:
        rules = Rules(**task.job["rules"])
        ledger = Ledger(dropped=dict.fromkeys(REASONS, 0))
        writer = None
        start = 0
        try:
            for batch in Part.open(work, file).batches():
                judged = judge(batch, rules, spoken.labels)
                _count(ledger, batch, judged.reason)
                rows = np.flatnonzero(judged.reason >= 0)
                if rows.size:
                    writer = writer or work.write_arrow(f"rejects/clean/{task.name}.arrow", REJECTS).__enter__()
                    writer.write(_rejects(batch, rows, start, judged))
                start += batch.num_rows
        except BaseException as error:
            if writer is not None:
                writer.__exit__(type(error), error, error.__traceback__)
            raise
        if writer is not None:
            writer.__exit__(None, None, None)
        ledger.dropped = {reason: count for reason, count in ledger.dropped.items() if count}
        return ledger, writer.file if writer is not None else None


def _measure_part(work: WorkDirectory, name: str, raw: Part, spoken: Language, measures: Measures) -> dict[str, File]:
    part = work.write_arrow(f"clean/{name}.arrow", CLEAN)
    signatures = work.write_arrow(f"signatures/{name}.arrow", SIGNATURES)
    with part, signatures:
        pending: list[pa.RecordBatch] = []
        for batch in raw.batches():
            clean, signed = measure(batch.cast(RAW), spoken, measures)
            part.write(clean)
            pending.append(signed)
            if sum(batch.num_rows for batch in pending) >= 8 * SIGNATURE_ROWS:
                pending = _write_full(signatures, pending)
        for batch in resized(pending):
            signatures.write(batch)
    return {"part": part.file, "signatures": signatures.file}


def spoken_language(code: str, model: str | None) -> Language:
    """The language that a code means, with the labels that a fastText model has for it; `model` as in `Measures`."""
    spoken = language(code, strict=False)
    if model is None or model == langid.BUNDLED:
        return spoken
    return spoken.labelled_by(langid.load(model).labels)


def measuring_digest(measures: Measures, model_sha256: str | None, code: str, raw: File) -> str:
    """Digest of all that a part's measurements depend on."""
    spoken = spoken_language(code, measures.model)
    return digest(
        {
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


def _rejects(batch: pa.RecordBatch, rows: np.ndarray, start: int, judged: Judgement) -> pa.RecordBatch:
    taken = batch.select(["document", "text"]).take(pa.array(rows))
    columns = [
        pa.array(rows + start, pa.int32()),
        taken.column("document"),
        names(judged.reason[rows], REASONS),
        pa.array(judged.value[rows], pa.float32()),
        taken.column("text"),
    ]
    return pa.record_batch(columns, schema=REJECTS)


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
