"""Batches by length against batches in order: how much a neural engine gains.

    python -m benchmarks.batching CORPORA --model tests/data/en-es-tiny

Sentences of English documents are translated by CTranslate2, greedily, in batches of one budget of tokens, padding
included: once as `transforms.translating` cuts them, from windows sorted by length, and once as the sentences come.
The sides take turns; a round is a process bound to one core, and its CPU time counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks import inputs
from benchmarks.figures import Figure, report, write
from benchmarks.harness import cpu_seconds, in_turn, on_one_core, rounds
from transforms.engines.neural import CTranslate2, Decoding, family_of
from transforms.languages import language
from transforms.sentences import sentences
from transforms.translating import Batching, estimated_tokens, plan_batches

SENTENCES = 4000
SHORTEST, LONGEST = 10, 400
"""Characters of the sentences, as `backtranslation` has them by default."""


def by_length(lengths: np.ndarray) -> Iterator[np.ndarray]:
    """Batches as the pipeline cuts them."""
    for batch in plan_batches(lengths, Batching()):
        yield batch.rows


def in_order(lengths: np.ndarray) -> Iterator[np.ndarray]:
    """Batches of the same budget, of sentences that follow each other."""
    budget, start, longest = Batching().tokens, 0, 0
    for row, length in enumerate(lengths.tolist()):
        longest = max(longest, length)
        if row > start and longest * (row + 1 - start) > budget:
            yield np.arange(start, row)
            start, longest = row, length
    yield np.arange(start, len(lengths))


CUTS = {"by length": by_length, "in order": in_order}


def drawn(file: Path, count: int) -> pa.StringArray:
    """Sentences of English documents, from the first on."""
    found = sentences(inputs.read(file)["en"], language("en")).column("text").to_pylist()
    return pa.array([text for text in found if SHORTEST <= len(text) <= LONGEST][:count])


def measure(number: int, file: Path, model: Path, count: int) -> dict[str, float]:
    """One round: sentences a second by how batches are cut."""
    on_one_core()
    texts = drawn(file, count)
    engine = CTranslate2(folder=model, family=family_of(model), pairs=[("en", "es")], decoding=Decoding(beam_size=1))
    lengths, rates = estimated_tokens(texts), {}
    with engine:
        engine.translate(texts[:10], source="en", target="es", seed=1)
        for name in in_turn(list(CUTS), number):
            batches = [texts.take(pa.array(rows)) for rows in CUTS[name](lengths)]
            assert sum(map(len, batches)) == len(texts)

            def translate(batches: list[pa.StringArray] = batches) -> None:
                for batch in batches:
                    engine.translate(batch, source="en", target="es", seed=1)

            rates[name] = len(texts) / cpu_seconds(translate)[0]
    return rates


def main() -> None:
    parser = inputs.parser("Batches by length against batches in order.", megabytes=20.0)
    parser.add_argument("corpora", type=Path, help="folder with xx.txt.xz, en.txt.xz among them")
    parser.add_argument("--model", type=Path, required=True, help="folder of a converted model, English to Spanish")
    options = inputs.parse(parser)
    count = SENTENCES // 10 if options.quick else SENTENCES
    found = list(rounds(measure, options.repetitions, inputs.texts_file(options), options.model, count))
    figure = Figure(
        name="batches",
        what=f"{count:,} sentences by ctranslate2, batches by length against batches in order",
        unit="sentences/s",
        ours=[one["by length"] for one in found],
        peer="in order",
        theirs=[one["in order"] for one in found],
    )
    arguments = "CORPORA --model MODEL"
    write(report("batching", arguments, [figure], machine=options.machine, packages=("ctranslate2",)), options.results)


if __name__ == "__main__":
    main()
