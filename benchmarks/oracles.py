"""Every document of a finished run against the libraries whose results Babelmill promises: how many differ.

    python -m benchmarks.oracles work                       # a run over 230 MB of text: some three minutes
    python -m benchmarks.oracles work --model other.bin     # where the run did not use lid.176.ftz

- Language labels and probabilities in `clean/`: fastText's own, from the package fasttext-predict.
- MinHash values in `signatures/`: datasketch's (affine32), given the 32-bit hashes of the document's shingles.
- Ids in `shards/`: SentencePiece's, with `vocab/spm.model`; every kept document is in one row.
- Ids in `shards/`, decoded: the cleaned text as SentencePiece normalises it.
- Rows of `datasets.load_dataset`: those of `babelmill.open`. Passed over where `datasets` is not installed.

Prints for each how many documents were compared and how many differ; exits with 1 if any does.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fasttext
import numpy as np
import pyarrow as pa
import sentencepiece
from datasketch import MinHash

import babelmill
from babelmill.format import PERMUTATIONS, read_manifest
from benchmarks.figures import Figure, report, write
from benchmarks.harness import machine
from transforms import langid
from transforms.jaccard import shingle_sets
from transforms.journal import Record
from transforms.languages import language
from transforms.manifest import records_of
from transforms.minhash import SEED
from transforms.parts import Part, kept_mask, removed_rows
from transforms.signatures import signed_rows
from transforms.storage import WorkDirectory, sha256_of

PACKAGES = ("datasketch", "numpy", "pyarrow", "sentencepiece")
TOLERANCE = 1e-5
"""Of probabilities: both sides compute them in float32, in different orders."""

ROWS = 1024
"""Documents compared at a time."""

SPLITS = ("train", "validation")


@dataclass
class Check:
    """What came of comparing one thing.

    Attributes:
        name: of what was compared.
        against: with what.
        documents: how many were.
        differences: how many differ.
        first: where the first one is that does.
    """

    name: str
    against: str
    documents: int = field(default=0, init=False)
    differences: int = field(default=0, init=False)
    first: str = field(default="", init=False)

    def note(self, different: np.ndarray, where: str, start: int = 0) -> None:
        """Count documents.

        Args:
            different: bool (n,), which of them differ.
            where: the file or folder that they are in.
            start: number, in there, of the first.
        """
        self.documents += different.size
        self.differences += int(different.sum())
        if different.any() and not self.first:
            self.first = f"{where}, row {start + int(np.argmax(different))}"

    def figure(self) -> Figure:
        """The row for the README."""
        what = f"documents of which {self.name} differ from {self.against}"
        return Figure(
            name=self.name.replace(" ", "_").lower(), what=what, text=f"{self.differences:,} of {self.documents:,}"
        )

    def __str__(self) -> str:
        found = f"{self.differences:,} differ" + (f", the first in {self.first}" if self.first else "")
        return f"{self.name:<28} {self.documents:>9,} documents, {found}"


def batches(part: Part, size: int = ROWS) -> Iterator[tuple[int, pa.Table]]:
    """A part's rows, `size` at a time, each with the number of its first row."""
    table = part.reader.read_all()
    for start in range(0, table.num_rows, size):
        yield start, table.slice(start, size)


def texts_of(table: pa.Table) -> pa.StringArray:
    """The column `text` in one piece."""
    return pa.concat_arrays(table.column("text").chunks)


def check_languages(work: WorkDirectory, records: Iterable[Record], model_path: Path) -> Check:
    """Best label, its probability, and the summed probability of the language's labels, against fastText's."""
    check, model = Check("language labels", "fastText's"), fasttext.load_model(str(model_path))
    model_labels = langid.load(model_path).labels
    for record in records:
        own = language(record.name.split("/")[1], strict=False).labelled_by(model_labels).labels
        file = record.files["part"]
        for start, table in batches(Part.open(work, file)):
            label, score, summed = fasttext_predictions(model, texts_of(table).to_pylist(), own)
            different = np.array(label, object) != np.array(table.column("label").to_pylist(), object)
            for name, expected in (("score", score), ("own", summed)):
                found = table.column(name).to_numpy()
                different |= ~np.isclose(found, expected, rtol=0, atol=TOLERANCE, equal_nan=True)
            check.note(different, file.path, start)
    return check


def fasttext_predictions(
    model: Any, texts: Sequence[str], own: Sequence[str]
) -> tuple[list[str | None], list[float], list[float]]:
    """For each text the best label (None: there is none), its probability, and the summed probability of labels `own`.

    fastText reads a line, so line breaks become spaces.
    """
    label: list[str | None] = []
    score, summed = [], []
    for text in texts:
        found, probabilities = model.predict(text.replace("\n", " "), k=-1 if own else 1)
        names = [name.removeprefix("__label__") for name in found]
        label.append(names[0] if names else None)
        score.append(float(probabilities[0]) if names else 0.0)
        mine = [probability for name, probability in zip(names, probabilities, strict=True) if name in own]
        summed.append(float(sum(mine)) if own else np.nan)
    return label, score, summed


def check_minhash(work: WorkDirectory, records: Iterable[Record], *, words: int) -> Check:
    """The 128 values of each document against datasketch's, from the same shingles.

    Args:
        work: the work directory.
        records: of `clean`.
        words: tokens in a shingle.
    """
    check, pattern = Check("MinHash values", "datasketch's"), MinHash(PERMUTATIONS, SEED, scheme="affine32")
    for record in records:
        part, signatures = (Part.open(work, record.files[role]) for role in ("part", "signatures"))
        minhash = signed_rows(signatures.reader.read_all()).minhash
        for start, table in batches(part):
            values, offsets = shingle_sets(texts_of(table), words=words)
            hashes = np.split((values >> np.uint64(32)).astype(np.uint32), offsets[1:-1])
            expected = np.stack([datasketch_values(pattern, document) for document in hashes])
            found = minhash[start : start + len(expected)]
            check.note((found != expected).any(axis=1), record.files["signatures"].path, start)
    return check


def datasketch_values(pattern: MinHash, hashes: np.ndarray) -> np.ndarray:
    """datasketch's uint32 (128,) for a set of 32-bit hashes; `pattern` spares drawing the permutations again."""
    sketch = MinHash(PERMUTATIONS, hashfunc=int, permutations=pattern.permutations, scheme="affine32")
    sketch.update_batch(hashes)
    return sketch.hashvalues


def kept_texts(work: WorkDirectory, spoken: str) -> dict[tuple[str, int], str]:
    """The kept documents of a language (BCP 47) by corpus and number."""
    removals = {record.name: record.files.get("removals") for record in records_of(work, "dedup/manifest.json")}
    found = {}
    for record in records_of(work, "clean/manifest.json"):
        if record.failure is None and record.facts["language"] == spoken:
            part, corpus = Part.open(work, record.files["part"]), record.name.split("/")[0]
            kept = kept_mask(part.rows, removed_rows(work, record.files.get("rejects"), removals[record.name]))
            for batch in part.kept(kept, ["document", "text"]):
                for number, text in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    found[corpus, number] = text
    return found


def check_tokens(work: WorkDirectory) -> list[Check]:
    """The shards' ids against SentencePiece's, their decoded text, and that each kept document is in one row."""
    processor = sentencepiece.SentencePieceProcessor(model_file=str(work.path("vocab/spm.model")))
    ids, decoded = Check("ids", "SentencePiece's"), Check("decoded ids", "the cleaned text")
    rows = Check("rows in shards", "one for each that is kept")
    spoken = {name for record in records_of(work, "dedup/manifest.json") for name in record.ledger}
    for name in sorted(spoken):
        texts, seen = kept_texts(work, name), Counter[tuple[str, int]]()
        for where, start, batch in shard_batches(work, name):
            documents = list(zip(batch.corpora.tolist(), batch.documents.tolist(), strict=True))
            seen.update(documents)
            expected = [texts.get(document, "") for document in documents]
            normal = [normalized(processor, text) for text in expected]
            ids.note(_differ(rows_of(batch), processor.encode(expected)), where, start)
            decoded.note(_differ(processor.decode(rows_of(batch)), normal), where, start)
        every = sorted(texts.keys() | seen.keys())
        rows.note(_differ([seen[document] for document in every], [1] * len(every)), f"clean/*/{name}")
    return [ids, decoded, rows]


def shard_batches(work: WorkDirectory, spoken: str) -> Iterator[tuple[str, int, babelmill.Batch]]:
    """All rows of a language's shards: where they are, the number of the first, and the rows."""
    listed = {file["path"] for file in read_manifest(work.path("shards/manifest.json"))["files"]}
    for split in SPLITS:
        if any(path.startswith(f"documents/{split}/{spoken}/") for path in listed):
            shards = babelmill.open(work.path("shards"), split=split, languages=[spoken])
            for start in range(0, len(shards), ROWS):
                rows = np.arange(start, min(start + ROWS, len(shards)))
                yield f"shards/documents/{split}/{spoken}", start, shards.batch(rows)


def normalized(processor: sentencepiece.SentencePieceProcessor, text: str) -> str:
    """A text as its ids can give it back: normalised, with spaces for SentencePiece's marks and none in front."""
    return processor.normalize(text).replace("▁", " ").removeprefix(" ")


def rows_of(batch: babelmill.Batch) -> list[list[int]]:
    """The ids of each row of a batch."""
    return [row.tolist() for row in np.split(batch.input_ids, batch.offsets[1:-1])]


def check_datasets(work: WorkDirectory) -> Check:
    """Rows of `datasets.load_dataset` against those of `babelmill.open`, both in the order of the files."""
    import datasets

    check = Check("rows of datasets", "those of `babelmill.open`")
    with tempfile.TemporaryDirectory() as cache:
        loaded = datasets.load_dataset(str(work.path("shards/documents")), cache_dir=cache)
        for split in SPLITS:
            shards, theirs = babelmill.open(work.path("shards"), split=split), loaded[split].with_format("arrow")
            for start in range(0, len(shards), ROWS):
                batch = shards.batch(np.arange(start, min(start + ROWS, len(shards))))
                ours = [batch.languages.tolist(), batch.corpora.tolist(), batch.documents.tolist(), rows_of(batch)]
                table = theirs[start : start + ROWS]
                columns = [table.column(name).to_pylist() for name in ("language", "corpus", "document", "input_ids")]
                different = _differ(list(zip(*ours, strict=True)), list(zip(*columns, strict=True)))
                check.note(different, f"shards/documents/{split}", start)
            check.note(np.full(abs(len(shards) - len(theirs)), True), f"shards/documents/{split}", len(shards))
    return check


def _differ(found: Sequence, expected: Sequence) -> np.ndarray:
    return np.array([one != other for one, other in zip(found, expected, strict=True)], bool)


def checks(work: WorkDirectory, model: Path) -> Iterator[Check]:
    """All comparisons that a work directory has the files for.

    Raises:
        ValueError: it was made with another fastText model.
    """
    parameters = read_manifest(work.path("clean/manifest.json"))["parameters"]
    records = [record for record in records_of(work, "clean/manifest.json") if record.failure is None]
    if parameters["model_sha256"]:
        if parameters["model_sha256"] != sha256_of(model):
            raise ValueError(f"{work.root} was made with another fastText model than {model}; name it with --model")
        yield check_languages(work, records, model)
    yield check_minhash(work, records, words=parameters["shingle"])
    if work.path("shards/manifest.json").exists():
        yield from check_tokens(work)
        if importlib.util.find_spec("datasets"):
            yield check_datasets(work)


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare every document of a finished run with the libraries' results")
    parser.add_argument("work", type=Path, help="finished work directory")
    parser.add_argument("--model", type=Path, help="the fastText model that the run used; default: lid.176.ftz")
    parser.add_argument("--results", type=Path, metavar="DIR", help="write the README's figures here")
    options = parser.parse_args()
    done, start, began = [], time.monotonic(), machine()
    for check in checks(WorkDirectory(options.work), options.model or langid.bundled_model()):
        print(f"{check} ({time.monotonic() - start:.0f} s)", flush=True)
        done.append(check)
        start = time.monotonic()
    if options.results:
        rows = [check.figure() for check in done]
        write(report("oracles", "WORK", rows, machine=began, packages=PACKAGES), options.results)
    sys.exit(1 if any(check.differences for check in done) else 0)


if __name__ == "__main__":
    main()
