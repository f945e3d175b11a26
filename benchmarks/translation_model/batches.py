"""Texts to numbers: the SentencePiece vocabulary, and batches of few shapes, since each shape is compiled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import sentencepiece as spm

from benchmarks.translation_model.data import Pair

PAD, BOS, EOS, UNKNOWN = range(4)
"""Ids of control tokens: `<pad>`, `<s>`, `</s>`, `<unk>`."""

BUCKETS = (8, 16, 24, 32, 48, 64)
"""Lengths that sentences are padded to, their control tokens included; longer ones are not learnt from."""


class Batch(NamedTuple):
    """Pairs padded to one length, as int32 arrays (sentences, length).

    Attributes:
        source: pieces, `EOS`, then `PAD`.
        target: `BOS`, pieces, then `PAD`: what the decoder reads.
        following: pieces, `EOS`, then `PAD`: what it is to say.
    """

    source: np.ndarray
    target: np.ndarray
    following: np.ndarray


class Encoded(NamedTuple):
    """The ids of a pair's pieces, without control tokens."""

    source: list[int]
    target: list[int]

    @property
    def length(self) -> int:
        """Of the longer side with one control token."""
        return max(map(len, self)) + 1


def train_vocabulary(pairs: Iterable[Pair], path: Path, *, size: int) -> None:
    """Train the unigram vocabulary that both languages share, and write its model to `path`.

    Text stays as it is but for runs of spaces; digits are pieces of their own, so that numbers can be copied.
    """
    with path.open("wb") as file:
        spm.SentencePieceTrainer.train(
            sentence_iterator=(text for pair in pairs for text in pair),
            model_writer=file,
            vocab_size=size,
            character_coverage=0.9999,
            normalization_rule_name="identity",
            split_digits=True,
            pad_id=PAD,
            bos_id=BOS,
            eos_id=EOS,
            unk_id=UNKNOWN,
            num_threads=1,
            minloglevel=2,
        )


def encode(vocabulary: spm.SentencePieceProcessor, pairs: Sequence[Pair]) -> list[Encoded]:
    """The pairs that are short enough to learn from, as ids."""
    sides = (vocabulary.encode([getattr(pair, side) for pair in pairs]) for side in Pair._fields)
    encoded = (Encoded(*ids) for ids in zip(*sides, strict=True))
    return [pair for pair in encoded if pair.length <= BUCKETS[-1]]


def batches(pairs: Sequence[Encoded], *, tokens: int, seed: int) -> Iterator[Batch]:
    """Every pair once, in an order drawn by the seed.

    Args:
        pairs: as `encode` gives them.
        tokens: of one side of a batch, padding included; what is left for the last batch of a length is padded with
            empty sentences.
        seed: of the order; another one for every epoch.
    """
    waiting: dict[int, list[Encoded]] = {length: [] for length in BUCKETS}
    for number in np.random.default_rng(seed).permutation(len(pairs)):
        length = next(length for length in BUCKETS if pairs[number].length <= length)
        waiting[length].append(pairs[number])
        if len(waiting[length]) == tokens // length:
            yield pad(waiting.pop(length), length, tokens // length)
            waiting[length] = []
    for length, rest in waiting.items():
        if rest:
            yield pad(rest, length, tokens // length)


def pad(pairs: Sequence[Encoded], length: int, sentences: int) -> Batch:
    """A batch of one shape.

    Example: `pad([Encoded([7], [8, 9])], 3, 1)` has source `[[7, 2, 0]]`, target `[[1, 8, 9]]`, following
    `[[8, 9, 2]]`.
    """
    batch = Batch(*(np.full((sentences, length), PAD, np.int32) for _ in Batch._fields))
    for row, (source, target) in enumerate(pairs):
        batch.source[row, : len(source) + 1] = [*source, EOS]
        batch.target[row, : len(target) + 1] = [BOS, *target]
        batch.following[row, : len(target) + 1] = [*target, EOS]
    return batch
