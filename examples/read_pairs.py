"""Read pair shards as trainers of translation and of multilingual encoders do.

python examples/read_pairs.py work                  # pairs that people made
python examples/read_pairs.py work --kind pseudo    # pairs of which a machine made a side
python examples/read_pairs.py work --kind pairs+pseudo
"""

from __future__ import annotations

import argparse
from itertools import pairwise

import numpy as np

import babelmill
from babelmill.views import Layout, Masking, btmlm, camlm, tlm

END, PAD, MASK, FIRST_PIECE = 2, 3, 4, 5
"""Ids of `</s>` and `<pad>` in vocabularies that Babelmill trains; of a mask, to be named in
`vocabulary.user_defined_symbols`; and of the first piece that may replace another."""


def rectangle(ids: np.ndarray, offsets: np.ndarray, *, before: list[int], after: list[int]) -> np.ndarray:
    """Ragged rows with ids before and after each, as int32[rows, longest]."""
    rows = [np.r_[before, ids[start:end], after] for start, end in pairwise(offsets)]
    padded = np.full((len(rows), max(map(len, rows))), PAD, np.int32)
    for number, row in enumerate(rows):
        padded[number, : len(row)] = row
    return padded


def for_translation(batch: babelmill.PairBatch, language_ids: dict[str, int]) -> dict[str, np.ndarray]:
    """What mBART reads: source and </s> and its language; the decoder begins with the target's language."""
    (source,), (target,) = (set(side.tolist()) for side in (batch.source_languages, batch.target_languages))
    first, second = language_ids[source], language_ids[target]
    return {
        "input_ids": rectangle(batch.source_ids, batch.source_offsets, before=[], after=[END, first]),
        "decoder_input_ids": rectangle(batch.target_ids, batch.target_offsets, before=[second], after=[]),
        "labels": rectangle(batch.target_ids, batch.target_offsets, before=[], after=[END]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", help="work directory, or its folder of shards")
    parser.add_argument("--kind", choices=["pairs", "pseudo", "pairs+pseudo"], default="pairs")
    options = parser.parse_args()
    every = babelmill.open(options.work, kind=options.kind)
    print(every)

    # Translation: a language pair at a time, since languages are ids of a whole batch.
    pair = every.languages[0]
    shards = babelmill.open(options.work, kind=options.kind, languages=[pair])
    batch = next(shards.iterate(seed=1, batch_size=4))
    tags = sorted({*batch.source_languages.tolist(), *batch.target_languages.tolist()})
    ids = {tag: 250_000 + number for number, tag in enumerate(tags)}
    for name, values in for_translation(batch, ids).items():
        print(f"{pair} {name}: {values.shape}")

    # Encoders: pairs of all languages together.
    batch = next(every.iterate(seed=1, batch_size=4))
    masking = Masking(mask=MASK, ids=range(FIRST_PIECE, 16_000))
    both = tlm(batch, layout=Layout(longest=256))
    print(f"TLM input_ids: {both.input_ids.shape}, positions: {both.positions().shape}")
    hidden = camlm(batch, masking=masking, seed=1)
    print(f"CAMLM attention: {hidden.attention().shape}, labels: {int((hidden.labels >= 0).sum())}")
    made = np.array(getattr(batch, "synthetic", ""))
    made = np.where(made == "", "target", made)  # of pairs that people made either side will do
    restored = btmlm(batch, masking=masking, seed=1, synthetic=made)
    print(f"BTMLM input_ids: {restored.input_ids.shape}, labels: {int((restored.labels >= 0).sum())}")


if __name__ == "__main__":
    main()
