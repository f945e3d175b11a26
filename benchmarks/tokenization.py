"""Tokenization against sentencepiece and tokenizers: the same ids, and how many times as fast.

    python -m benchmarks.tokenization CORPORA                      # a unigram vocabulary of 64,000 pieces, trained once
    python -m benchmarks.tokenization CORPORA --model spm.model    # another SentencePiece model

100 MB of cleaned text, the same from each language. sentencepiece gets Python strings, a batch in a call on one thread,
and gives arrays, its fastest way; Babelmill gets Arrow columns. Babelmill's cache of words is cold when a round begins,
lives through all languages, and is warm the second time. Hugging Face's `tokenizers` has the vocabulary as Babelmill
exports it and a tenth of the texts: it takes that long.

A round is a process bound to one core. It goes through the languages one by one, the sides in turn; in the first round
the ids of all documents are compared with SentencePiece's.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import sentencepiece
from tokenizers import Tokenizer

from benchmarks import inputs
from benchmarks.by_language import ByLanguage
from benchmarks.figures import Figure, report, version, write
from benchmarks.harness import cpu_seconds, in_turn, on_one_core, rounds
from vocab.encoding import Encoder
from vocab.export import tokenizer_json
from vocab.model_file import read_model

PACKAGES = ("numba", "numpy", "pyarrow", "sentencepiece", "tokenizers")
MEGABYTES = 100.0
VOCABULARY = 64_000
BATCH = 1024
"""Documents in a call."""

SHARE = 10
"""tokenizers gets one document of so many."""


class Round(NamedTuple):
    """CPU seconds by side and language, and in how many documents an id differs, where that was compared."""

    seconds: dict[str, dict[str, float]]
    differing: dict[str, int]


def measure(number: int, texts: Path, model: Path, exported: str) -> Round:
    """One round over the texts of a file."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    on_one_core()
    columns = inputs.read(texts)
    library, tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(model)), Tokenizer.from_str(exported)
    Encoder(model).encode(inputs.first(columns))
    encoder = Encoder(model)
    seconds: dict[str, dict[str, float]] = {side: {} for side in ("cold", "warm", "sentencepiece", "tokenizers")}
    differing = {}
    for place, (code, column) in enumerate(columns.items()):
        documents, found = column.to_pylist(), {}
        for side in in_turn(("cold", "sentencepiece"), number + place):
            if side == "cold":
                seconds[side][code], found[side] = cpu_seconds(encoded, encoder, column)
            else:
                seconds[side][code], found[side] = cpu_seconds(encoded_by_library, library, documents)
        seconds["tokenizers"][code], _ = cpu_seconds(tokenizer.encode_batch_fast, documents[::SHARE])
        if number == 0:
            differing[code] = different(found["cold"], found["sentencepiece"])
    for code, column in columns.items():
        seconds["warm"][code], _ = cpu_seconds(encoded, encoder, column)
    return Round(seconds, differing)


def encoded(encoder: Encoder, column: pa.StringArray) -> list[pa.ListArray]:
    """Ids of a column, batch by batch."""
    return [encoder.encode(column[start : start + BATCH]) for start in range(0, len(column), BATCH)]


def encoded_by_library(
    library: sentencepiece.SentencePieceProcessor, documents: Sequence[str]
) -> list[Sequence[np.ndarray]]:
    """The same by SentencePiece."""
    starts = range(0, len(documents), BATCH)
    return [library.encode(documents[start : start + BATCH], out_type="numpy", num_threads=1) for start in starts]


def different(ours: Sequence[pa.ListArray], theirs: Sequence[Sequence[np.ndarray]]) -> int:
    """In how many documents the ids differ."""
    rows = [ids for batch in ours for ids in np.split(batch.values.to_numpy(), batch.offsets.to_numpy()[1:-1])]
    expected = [ids for batch in theirs for ids in batch]
    return sum(not np.array_equal(ids, other) for ids, other in zip(rows, expected, strict=True))


def figures(measured: ByLanguage, sampled: ByLanguage, differing: int, documents: int, what: str) -> list[Figure]:
    """The rows for the table.

    Args:
        measured: on all texts.
        sampled: on those that tokenizers got.
        differing: documents with other ids than SentencePiece's.
        documents: documents compared.
        what: the vocabulary, in words.
    """
    sentencepiece, tokenizers = (f"{name} {version(name)}" for name in ("sentencepiece", "tokenizers"))
    worst = measured.least_gain("cold", "sentencepiece")
    name = f"tokenization, {what}"
    return [
        measured.figure("cold", f"{name}, cold cache", "cold", "sentencepiece", peer=sentencepiece, at_least=3),
        measured.figure("warm", f"{name}, warm cache", "warm", "sentencepiece", peer=sentencepiece),
        measured.figure(
            "worst",
            f"tokenization, cold, the language that gains least: {worst}",
            "cold",
            "sentencepiece",
            peer=sentencepiece,
            language=worst,
            at_least=1,
        ),
        Figure(
            name="tokenizers",
            what=f"{name}, cold cache",
            unit="MB/s",
            ours=measured.rates("cold"),
            peer=tokenizers,
            theirs=sampled.rates("tokenizers"),
        ),
        Figure(
            name="differences",
            what="documents whose ids are not SentencePiece's",
            text=f"{differing:,} of {documents:,}",
        ),
    ]


def main() -> None:
    parser = inputs.parser("Tokenization against sentencepiece and tokenizers.", megabytes=MEGABYTES)
    parser.add_argument("corpora", type=Path, help="folder with xx.txt.xz")
    parser.add_argument("--model", type=Path, help="SentencePiece model; by default one is trained")
    options = inputs.parse(parser)
    model = options.model or inputs.vocabulary(options, size=VOCABULARY)
    pieces = read_model(model)
    texts = inputs.texts_file(options)
    columns = inputs.read(texts)
    exported = tokenizer_json(pieces).decode()
    found = list(rounds(measure, options.repetitions, texts, model, exported))
    seconds = [one.seconds for one in found]
    measured = ByLanguage({code: inputs.megabytes(column) for code, column in columns.items()}, seconds)
    sampled = ByLanguage({code: inputs.megabytes(every_tenth(column)) for code, column in columns.items()}, seconds)
    documents = sum(map(len, columns.values()))
    vocabulary = f"{pieces.algorithm.name.lower()}, {len(pieces.pieces):,} pieces"
    write(
        report(
            "tokenization",
            "CORPORA",
            figures(measured, sampled, sum(found[0].differing.values()), documents, vocabulary),
            machine=options.machine,
            packages=PACKAGES,
            inputs={"documents": documents, "MB": round(sum(measured.megabytes.values()), 1), "vocabulary": vocabulary},
            details={
                "MB/s": {**measured.medians(), "tokenizers": sampled.medians()["tokenizers"]},
                "documents that differ": found[0].differing,
            },
        ),
        options.results,
    )


def every_tenth(column: pa.StringArray) -> pa.StringArray:
    """The documents that tokenizers gets."""
    return column.take(pa.array(np.arange(0, len(column), SHARE)))


if __name__ == "__main__":
    main()
