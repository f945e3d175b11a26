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
from tokenizers import Tokenizer

from babelmill.format import SAMPLE, File, Ledger
from transforms.errors import InputError
from transforms.journal import Record, Task
from transforms.parts import Part, byte_lengths, constant, kept_mask, removed_rows
from transforms.storage import WorkDirectory
from vocab.encoding import load
from vocab.export import differences, tokenizer_json
from vocab.inspection import fertility, to_json
from vocab.model_file import VocabularyError, parse_model
from vocab.sampling import cut, document_keys
from vocab.training import TrainingOptions, train, vocab_lines

MEASURED = 200
"""Documents of a language, at most, on which fertility is measured."""

COMPARED = 25
"""Documents of a language, at most, on which the exported tokenizer is compared, which is slow."""


@dataclass(frozen=True, kw_only=True)
class SamplePart:
    """Does one task of `sample`: the kept documents of a part whose keys are small enough.

    The task's job: `language`, `below` (a key), and `files`.

    Attributes:
        seed: of the run.
    """

    seed: int

    def __call__(self, work: WorkDirectory, task: Task) -> Record:
        """Write them; the documents that the sample needs are among them."""
        corpus, language = task.name.split("/")[0], task.job["language"]
        part, kept = kept_of(work, task.job["files"])
        ledger = Ledger(documents=int(kept.sum()))
        with work.write_arrow(f"vocab/sample/{task.name}.arrow", SAMPLE) as writer:
            for start, batch in zip(part.starts, part.batches(), strict=False):
                numbers = batch.column("document").to_numpy()
                keys = document_keys(seed=self.seed, corpus=corpus, language=language, documents=numbers)
                drawn = keys < np.uint64(task.job["below"])
                rows = np.flatnonzero(drawn & kept[start : start + batch.num_rows])
                if not rows.size:
                    continue
                texts = batch.column("text").take(pa.array(rows))
                columns = [pa.array(keys[rows]), constant(language, rows.size), texts]
                writer.write(pa.record_batch(columns, schema=SAMPLE))
                ledger.kept += rows.size
                ledger.bytes += int(byte_lengths(texts).sum())
        ledger.dropped = {"not_drawn": ledger.documents - ledger.kept}
        return Record(
            name=task.name,
            parameters=task.parameters,
            inputs=task.inputs,
            files={"part": writer.file},
            ledger={language: ledger},
            facts={"language": language},
        )


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

    The task's job: `quotas`, by language, and `files`: of the sample, or of a part of each language for a model that is
    adopted.

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
            tokenizer = tokenizer_json(parsed)
        except VocabularyError as error:
            raise InputError(str(error)) from error
        files = {
            "model": work.write_bytes("vocab/spm.model", model),
            "vocab": work.write_bytes("vocab/spm.vocab", vocab_lines(parsed)),
            "tokenizer": work.write_bytes("vocab/tokenizer.json", tokenizer),
        }
        encoder = load(work.local(files["model"]))
        exported = Tokenizer.from_buffer(tokenizer)
        compared = [column[:COMPARED] for column in texts.values()]
        with ThreadPoolExecutor(self.options.threads) as threads:
            differing = threads.map(partial(differences, exported, encoder), compared)
            counts = threads.map(lambda column: fertility(encoder, column[:MEASURED]), texts.values())
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
    """The sample by language, each language's documents in the order of their keys and cut to its quota.

    The same whatever parts the documents came from: a key depends on the document alone.
    """
    keys: dict[str, list[np.ndarray]] = {}
    texts: dict[str, list[pa.StringArray]] = {}
    for language, files in task.job["files"]:
        for batch in Part.open(work, File(**files["part"])).batches():
            keys.setdefault(language, []).append(batch.column("key").to_numpy())
            texts.setdefault(language, []).append(batch.column("text"))
    found = {}
    for language in sorted(texts):
        column, quota = pa.concat_arrays(texts[language]), task.job["quotas"][language]["granted"]
        found[language] = column.take(pa.array(cut(np.concatenate(keys[language]), byte_lengths(column), quota)))
    return found


def first_documents(work: WorkDirectory, task: Task, *, seed: int) -> dict[str, pa.StringArray]:
    """Documents by language to measure a vocabulary on: of one part of each, those with the `MEASURED` least keys."""
    found = {}
    for language, files in task.job["files"]:
        part, kept = kept_of(work, files)
        rows = np.flatnonzero(kept)
        keys = document_keys(seed=seed, corpus="measured", language=language, documents=rows)
        rows = rows[np.argsort(keys, kind="stable")[:MEASURED]]
        found[language] = part.take(rows, ["text"]).column("text").combine_chunks()
    return found


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
