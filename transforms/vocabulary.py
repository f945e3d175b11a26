"""From kept documents to the vocabulary: a sample drawn part by part, then one model for all languages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from babelmill.format import SAMPLE, File, Ledger
from transforms.errors import InputError
from transforms.journal import Record, Task, corpus_of
from transforms.parts import Part, byte_lengths, constant, kept_mask, removed_rows
from transforms.storage import WorkDirectory
from vocab.encoding import load
from vocab.export import check_exportable, content, differences, to_tokenizer
from vocab.inspection import fertility, to_json
from vocab.model_file import VocabularyError, parse_model
from vocab.sampling import cut, document_keys
from vocab.training import TrainingOptions, train, vocab_lines

MEASURED, MEASURED_BYTES = 200, 1 << 18
"""Documents of a language, at most, on which fertility is measured, and how many bytes of them are enough."""

COMPARED, COMPARED_CHARACTERS = 10, 1000
"""Documents of a language, at most, on whose beginnings the exported tokenizer is compared, which is slow."""


@dataclass(frozen=True, kw_only=True)
class SamplePart:
    """Does one task of `sample`: the kept texts of a part whose keys are small enough, of each side of pairs apart.

    The task's job: `files`, and `texts`: a column, its language, and the key below which its texts are drawn.

    Attributes:
        seed: of the run.
    """

    seed: int

    def __call__(self, work: WorkDirectory, task: Task) -> Record:
        """Write them; the documents that the sample needs are among them."""
        part, kept = kept_of(work, task.job["files"])
        files, ledgers = {}, {}
        for column, language, below in task.job["texts"]:
            files[role_of(column)], ledgers[language] = self._draw(work, task, part, kept, column, language, below)
        languages = [language for _, language, _ in task.job["texts"]]
        pair = {"languages": languages} if len(languages) > 1 else {}
        return Record(
            name=task.name,
            parameters=task.parameters,
            inputs=task.inputs,
            files=files,
            ledger=ledgers,
            facts={"language": "-".join(languages), **pair},
        )

    def _draw(
        self, work: WorkDirectory, task: Task, part: Part, kept: np.ndarray, column: str, language: str, below: int
    ) -> tuple[File, Ledger]:
        """Write what is drawn of one column."""
        corpus, ledger = corpus_of(task.name), Ledger(documents=int(kept.sum()))
        name = task.name if column == "text" else f"{task.name}.{column}"
        with work.write_arrow(f"vocab/sample/{name}.arrow", SAMPLE) as writer:
            for start, batch in zip(part.starts, part.batches(), strict=False):
                numbers = batch.column("document").to_numpy()
                keys = document_keys(seed=self.seed, corpus=corpus, language=language, documents=numbers)
                drawn = keys < np.uint64(below)
                rows = np.flatnonzero(drawn & kept[start : start + batch.num_rows])
                if not rows.size:
                    continue
                texts = batch.column(column).take(pa.array(rows))
                columns = [pa.array(keys[rows]), constant(language, rows.size), texts]
                writer.write(pa.record_batch(columns, schema=SAMPLE))
                ledger.kept += rows.size
                ledger.bytes += int(byte_lengths(texts).sum())
        ledger.dropped = {"not_drawn": ledger.documents - ledger.kept}
        return writer.file, ledger


def role_of(column: str) -> str:
    """Role of the sample's file of a column of text."""
    return "part" if column == "text" else column


def kept_of(work: WorkDirectory, files: Mapping[str, Mapping[str, Any]]) -> tuple[Part, np.ndarray]:
    """A clean part and a mask of its rows that are kept, bool (rows,).

    Args:
        work: the work directory.
        files: fields of `File` of the `part`, and of its `rejects` and `removals` where there are any.
    """
    found = {role: File(**file) for role, file in files.items()}
    part = Part.open(work, found["part"])
    return part, kept_mask(part.rows, removed_rows(work, found.get("rejects"), found.get("removals")))


@dataclass(frozen=True, kw_only=True)
class MakeVocabulary:
    """Does the one task of `vocab`: trains a model on the sample, or adopts one, exports it and measures it.

    The task's job: `files`, each with its language and the column of text that it is of: of the sample, or of a part of
    each language for a model that is adopted; `quotas`, by language; for a sample `granted`, by kind and language.

    Attributes:
        model: a SentencePiece model in the work directory to adopt, or None.
        options: how to train.
        seed: of the run.
    """

    model: File | None
    options: TrainingOptions
    seed: int

    def __call__(self, work: WorkDirectory, task: Task) -> Record:
        """Write `spm.model`, `spm.vocab`, `tokenizer.json` and `fertility.json`."""
        texts = read_sample(work, task) if self.model is None else first_documents(work, task, seed=self.seed)
        try:
            model, facts = self._model(work, texts)
            parsed = parse_model(model, name=work.address(self.model.path) if self.model else "the trained model")
            check_exportable(parsed)
        except VocabularyError as error:
            raise InputError(str(error)) from error
        files = {"model": work.write_bytes("vocab/spm.model", model)}
        encoder = load(work.local(files["model"]))
        with ThreadPoolExecutor(self.options.threads) as threads:
            # Kernels count while the interpreter makes the other files.
            counts = threads.map(lambda column: fertility(encoder, measured(column)), texts.values())
            exported = to_tokenizer(parsed)
            files["tokenizer"] = work.write_bytes("vocab/tokenizer.json", content(exported))
            compared = [pc.utf8_slice_codeunits(column[:COMPARED], 0, COMPARED_CHARACTERS) for column in texts.values()]
            differing = threads.map(partial(differences, exported, encoder), compared)
            files["vocab"] = work.write_bytes("vocab/spm.vocab", vocab_lines(parsed))
            table, differ = to_json(dict(zip(texts, counts, strict=True))), sum(differing)
        files["fertility"] = work.write_bytes("vocab/fertility.json", json.dumps(table, indent=1).encode() + b"\n")
        facts |= {
            "pieces": len(encoder),
            "sample": sample_facts(texts, task.job["quotas"]) if self.model is None else {},
            "tokenizer_compared": sum(map(len, compared)),
            "tokenizer_differs": differ,
        }
        return Record(name=task.name, parameters=task.parameters, inputs=task.inputs, files=files, facts=facts)

    def _model(self, work: WorkDirectory, texts: Mapping[str, pa.StringArray]) -> tuple[bytes, dict[str, Any]]:
        """The model's bytes, and what training it came to."""
        if self.model is not None:
            return work.local(self.model).read_bytes(), {}
        documents = (text for column in texts.values() for text in column.to_pylist())
        trained = train(documents, options=self.options)
        return trained.model, {"paragraphs": trained.paragraphs, "paragraphs_cut": trained.cut}


def read_sample(work: WorkDirectory, task: Task) -> dict[str, pa.StringArray]:
    """The sample by language: its documents, then its pairs, in the order of their keys and cut to what is granted.

    The same whatever parts they came from: a key depends on the document or pair alone.
    """
    keys: dict[tuple[str, str], list[np.ndarray]] = {}
    texts: dict[tuple[str, str], list[pa.StringArray]] = {}
    for language, side, files in task.job["files"]:
        source = language, "documents" if side == "text" else "pairs"
        for batch in Part.open(work, File(**files["part"])).batches():
            keys.setdefault(source, []).append(batch.column("key").to_numpy())
            texts.setdefault(source, []).append(batch.column("text"))
    found: dict[str, list[pa.StringArray]] = {}
    for language, kind in sorted(texts):
        column, granted = pa.concat_arrays(texts[language, kind]), task.job["granted"][kind][language]
        rows = cut(np.concatenate(keys[language, kind]), byte_lengths(column), granted)
        found.setdefault(language, []).append(column.take(pa.array(rows)))
    return {language: pa.concat_arrays(columns) for language, columns in found.items()}


def first_documents(work: WorkDirectory, task: Task, *, seed: int) -> dict[str, pa.StringArray]:
    """Documents by language to measure a vocabulary on: of one part of each, those with the `MEASURED` least keys."""
    found = {}
    for language, column, files in task.job["files"]:
        part, kept = kept_of(work, files)
        rows = np.flatnonzero(kept)
        keys = document_keys(seed=seed, corpus="measured", language=language, documents=rows)
        rows = rows[np.argsort(keys, kind="stable")[:MEASURED]]
        found[language] = part.take(rows, [column]).column(column).combine_chunks()
    return found


def measured(texts: pa.StringArray) -> pa.StringArray:
    """The first documents of a language, as many as fertility is measured on."""
    sizes = byte_lengths(texts[:MEASURED]).astype(np.int64)
    return texts[: np.searchsorted(np.cumsum(sizes) - sizes, MEASURED_BYTES)]


def sample_facts(texts: Mapping[str, pa.StringArray], quotas: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """By language: bytes that the rule wants, that there are, that were drawn, and what the language is short of."""
    return {
        language: {
            "wanted": quota["wanted"],
            "available": quota["available"],
            "drawn": int(byte_lengths(texts[language]).sum()) if language in texts else 0,
            "shortfall": max(0, quota["wanted"] - quota["available"]),
        }
        for language, quota in quotas.items()
    }
