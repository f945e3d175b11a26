"""What is learnt of a language pair from a sample of its own pairs: how long translations are, and which words are.

The sample is drawn by the hash of each pair's text, over all corpora and parts, so it is the same however the pairs
are cut into parts; equal pairs are in it once. Pairs that the other filters reject teach nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from babelmill.format import File, Ledger
from transforms.filters.ratio import learn_ratio
from transforms.filters.rules import PairRules, judge
from transforms.filters.signals import SIGNALS
from transforms.journal import Record, Task
from transforms.lexicon.learning import learn
from transforms.lexicon.saving import save
from transforms.parts import Part, byte_lengths
from transforms.storage import WorkDirectory
from transforms.words import unspaced
from vocab.encoding import Encoder, load
from vocab.training import TrainingOptions, train

SPARE = 2
"""Pairs that are drawn for each that is wanted, since filters reject some."""

PIECES = TrainingOptions(size=8_000, hard_limit=False, threads=1)
"""The vocabulary that cuts scripts without spaces where the configuration gives none."""

PIECES_BYTES = 4 << 20
"""Text that it is trained on; a fifth of it makes hardly another dictionary."""

FEWEST = 1_000
"""Pairs that it takes to learn a lexicon; with fewer there is none, and no pair is judged by it."""


@dataclass(frozen=True, kw_only=True)
class LearnPairs:
    """Does one task of `learn`: a language pair's length ratio, and its lexicon.

    The task's job: `languages`; `parts`, fields of `File` of the `part` and the `signatures` of each clean part; and
    `rules`, as `PairRules.to_json` gives them, with no ratio learnt yet.

    Attributes:
        sample: pairs to learn a lexicon from, at most; None: no lexicon is learnt.
        model: a SentencePiece model in the work directory that cuts scripts without spaces; None: one is trained.
    """

    sample: int | None
    model: File | None = None

    def __call__(self, work: WorkDirectory, task: Task) -> Record:
        """Write the lexicon to `lexicon/<pair>`, with the vocabulary that it needs; the ratio goes into the record."""
        source, target = task.job["languages"]
        parts = [[File(**part[role]) for role in ("part", "signatures")] for part in task.job["parts"]]
        drawn = draw(work, parts, SPARE * (self.sample or 0) or PIECES_BYTES)
        ratio = learn_ratio(drawn)
        rules = replace(PairRules.from_json(task.job["rules"]), ratio=ratio)
        pair = f"{source}-{target}"
        files, facts = self._lexicon(work, pair, (source, target), drawn, rules)
        documents = sum(part.rows for part, _ in parts)
        return Record(
            name=task.name,
            parameters=task.parameters,
            inputs=task.inputs,
            files=files,
            ledger={pair: Ledger(documents=documents, kept=documents)},
            facts={"language": pair, "languages": [source, target], "ratio": ratio.to_json(), "lexicon": facts},
        )

    def _lexicon(
        self, work: WorkDirectory, pair: str, languages: tuple[str, str], drawn: pa.Table, rules: PairRules
    ) -> tuple[dict[str, File], dict[str, Any]]:
        """The files of a lexicon and what is known of it; neither where there are too few pairs."""
        if self.sample is None:
            return {}, {}
        kept = _accepted(drawn, rules)[: self.sample]
        if kept.size < FEWEST:
            return {}, {"learnt": 0}
        texts = [drawn.column(side).combine_chunks().take(pa.array(kept)) for side in ("source", "target")]
        files = {}
        if any(unspaced(side) for side in texts):
            files["pieces"] = self._pieces(work, pair, texts)
        pieces = cutter(work, files.get("pieces"))
        lexicon = learn(*texts, languages=languages, pieces=pieces)
        facts = {name: value for name, value in lexicon.facts.items() if name != "options"}
        return {**save(lexicon, work, f"lexicon/{pair}"), **files}, facts

    def _pieces(self, work: WorkDirectory, pair: str, texts: Sequence[pa.StringArray]) -> File:
        """The vocabulary that cuts the texts, beside the lexicon."""
        if self.model is not None:
            content = work.local(self.model).read_bytes()
        else:
            content = train(texts_without_spaces(texts), options=PIECES).model
        return work.write_bytes(f"lexicon/{pair}/pieces.model", content)


def cutter(work: WorkDirectory, file: File | None) -> Encoder | None:
    """The vocabulary that a lexicon was learnt with, from its file; loaded once for all files of the same bytes."""
    return _loaded(_Content(file.sha256, work.local(file))) if file is not None else None


@dataclass(frozen=True)
class _Content:
    """What a file says, wherever it is: a given vocabulary lies beside each lexicon that needs it."""

    sha256: str
    path: Path = field(compare=False)


@lru_cache(maxsize=4)
def _loaded(content: _Content) -> Encoder:
    return load(content.path)


def draw(work: WorkDirectory, parts: Sequence[Sequence[File]], count: int) -> pa.Table:
    """Different pairs, those with the smallest hashes, in the order of these.

    Args:
        work: the work directory.
        parts: a clean part and its signatures, of each part.
        count: pairs wanted.

    Returns:
        `source`, `target` and the measurements; `count` rows, or all there are.
    """
    rows = max(sum(part.rows for part, _ in parts), 1)
    share = min(count / rows, 1)
    # As good as certainly enough: five standard errors more than wanted.
    below = min(share + 5 * sqrt(share / rows), 1)
    keys, pieces = [], []
    for part, signatures in parts:
        found = np.concatenate([np.zeros(0, np.uint64), *_keys(Part.open(work, signatures))])
        chosen = np.flatnonzero(found <= np.uint64(min(int(below * 2**64), 2**64 - 1)))
        keys.append(found[chosen])
        pieces.append(Part.open(work, part).take(chosen, ["source", "target", *SIGNALS.names]))
    first = _first(np.concatenate(keys))[:count]
    return pa.concat_tables(pieces).take(pa.array(first))


def _first(keys: np.ndarray) -> np.ndarray:
    """Where each different key is first, int64, by ascending key; `np.unique` sorts stably, which takes longer."""
    order = np.argsort(keys)
    different = np.diff(keys[order]) > 0
    return np.minimum.reduceat(order, np.flatnonzero(np.r_[True, different])) if keys.size else order


def _keys(signatures: Part) -> Iterator[np.ndarray]:
    """The upper half of each row's hash, uint64, batch by batch."""
    for batch in signatures.batches():
        column = batch.column("hash")
        both = np.frombuffer(column.buffers()[1], np.uint64).reshape(-1, 2)
        yield both[column.offset : column.offset + len(column), 0]


def _accepted(drawn: pa.Table, rules: PairRules) -> np.ndarray:
    """Rows that no filter rejects, int64."""
    if not drawn.num_rows:
        return np.zeros(0, np.int64)
    signals = drawn.select(SIGNALS.names).combine_chunks().to_batches()[0]
    return np.flatnonzero(judge(signals, None, None, rules).reason < 0)


def texts_without_spaces(texts: Sequence[pa.StringArray]) -> Iterator[str]:
    """What the vocabulary is trained on: the first texts of each side that is in scripts without spaces."""
    for side in texts:
        if unspaced(side):
            enough = int(np.searchsorted(np.cumsum(byte_lengths(side), dtype=np.int64), PIECES_BYTES)) + 1
            yield from side[:enough].to_pylist()
