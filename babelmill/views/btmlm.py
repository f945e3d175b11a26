"""Back-translation masked language modelling: a sentence is restored from itself and its pseudo translation (ERNIE-M).

Step 1 makes the pseudo translation with the model that is being trained. Behind the sentence stand k placeholders with
the target language and its positions; they see the sentence and each other, and the model fills them all at once:

    empty = placeholders(batch.source_ids, batch.source_offsets, mask=4)
    predicted = model(empty.input_ids, empty.positions(), empty.languages(source, target), empty.attention())
    pairs = empty.filled(predicted)

Step 2 masks tokens of the sentence, and of the sentence alone; attention is full:

    masked = btmlm(pairs, masking=masking, seed=(1, step))

Pseudo pairs from shards, whose translation another engine made, begin at step 2.

How many placeholders there are is not published. Ours is a share of the sentence's tokens, 1 by default. What the
sentence sees in step 1 is not either: here itself alone, so what it means does not depend on how many follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from babelmill.views.camlm import spread, visible
from babelmill.views.masking import Masked, Masking, mask
from babelmill.views.sequences import PLAIN, Ids, Layout, Offsets, PairIds, Pairs, Sequences, tlm


@dataclass(frozen=True)
class Placeholders(Sequences):
    """A batch of sentences with room for their translations."""

    @property
    def room(self) -> NDArray[np.bool_]:
        """bool[batch, length]: which positions are placeholders."""
        return self.words(source=False)

    @property
    def kinds(self) -> NDArray[np.int8]:
        """int8[batch, length]: the kind of each position, as of `camlm`; a placeholder is a mask of the target."""
        return 2 * self.sides + self.room

    def attention(self) -> NDArray[np.bool_]:
        """bool[batch, length, length]: whether the position of the second axis sees that of the third.

        A placeholder sees the sentence with its marks, and all placeholders. The sentence sees itself, and so do the
        marks behind the placeholders.
        """
        return spread(self.kinds, visible())

    def filled(self, predicted: Ids) -> Pairs:
        """The sentences with what a model wrote into their placeholders.

        Args:
            predicted: int32[batch, length]; what is outside of the placeholders does not count.

        Raises:
            ValueError: it has another shape than the batch.
        """
        if predicted.shape != self.input_ids.shape:
            raise ValueError(f"predicted ids are {predicted.shape}, expected {self.input_ids.shape} as the batch is")
        sides = []
        for ids, words in ((self.input_ids, self.words(target=False)), (predicted, self.room)):
            sides += [ids[words].astype(np.int32), np.append(0, np.cumsum(words.sum(1)))]
        return Pairs(*sides)


def placeholders(
    ids: Ids,
    offsets: Offsets,
    *,
    mask: int,
    share: float = 1.0,
    counts: ArrayLike | None = None,
    layout: Layout = PLAIN,
) -> Placeholders:
    """Sentences with placeholders behind them: the input of step 1.

    Args:
        ids: int32[tokens], of sentences one after the other, as of `babelmill.Batch` or of a side of pairs.
        offsets: int64[rows + 1], where each starts.
        mask: id of the placeholders.
        share: how many placeholders a token of the sentence has, rounded; each sentence has one at least.
        counts: integers[rows], how many each sentence has instead.
        layout: how both become one row.

    >>> empty = placeholders(np.int32([11, 12, 13]), np.array([0, 2, 3]), mask=4)
    >>> empty.input_ids
    array([[ 1, 11, 12,  2,  4,  4,  2],
           [ 1, 13,  2,  4,  2,  3,  3]], dtype=int32)
    >>> empty.languages(7, 9)[0]
    array([7, 7, 7, 7, 9, 9, 9], dtype=int32)
    >>> empty.attention()[0].astype(int)
    array([[1, 1, 1, 1, 0, 0, 0],
           [1, 1, 1, 1, 0, 0, 0],
           [1, 1, 1, 1, 0, 0, 0],
           [1, 1, 1, 1, 0, 0, 0],
           [1, 1, 1, 1, 1, 1, 0],
           [1, 1, 1, 1, 1, 1, 0],
           [0, 0, 0, 0, 0, 0, 1]])
    >>> predicted = np.where(empty.room, np.int32(25), np.int32(0))
    >>> empty.filled(predicted).target_ids
    array([25, 25, 25], dtype=int32)
    """
    if counts is None:
        counts = np.maximum(np.rint(share * np.diff(offsets)), 1)
    target = np.append(0, np.cumsum(np.asarray(counts, np.int64)))
    found = tlm(Pairs(ids, offsets, np.full(target[-1], mask, np.int32), target), layout=layout)
    return Placeholders(found.input_ids, found.ends, found.layout)


def btmlm(
    pairs: PairIds,
    *,
    masking: Masking,
    seed: int | Sequence[int],
    synthetic: ArrayLike = "target",
    layout: Layout = PLAIN,
) -> Masked:
    """Sentences, each followed by its pseudo tokens, with masks on the sentence only: the input of step 2.

    Args:
        pairs: a batch.
        masking: how tokens are masked.
        seed: as of `mask`.
        synthetic: the side that a machine made, `source` or `target`, or str[batch] of these. The other one is the
            sentence, and comes first.
        layout: how both become one row.

    Raises:
        ValueError: `synthetic` is neither.

    >>> pairs = Pairs(np.int32([11, 12, 13]), np.array([0, 2, 3]), np.int32([21, 22, 23, 24]), np.array([0, 1, 4]))
    >>> masking = Masking(mask=4, ids=range(5, 99), rate=1, masked=1, replaced=0)
    >>> found = btmlm(pairs, masking=masking, seed=1, synthetic=["target", "source"])
    >>> found.input_ids
    array([[ 1,  4,  4,  2, 21,  2,  3],
           [ 1,  4,  4,  4,  2, 13,  2]], dtype=int32)
    >>> found.labels
    array([[-100,   11,   12, -100, -100, -100, -100],
           [-100,   22,   23,   24, -100, -100, -100]], dtype=int32)
    """
    made = np.asarray(synthetic)
    backward = made == "source"
    if not np.all(backward | (made == "target")):
        found = sorted({*made.reshape(-1).tolist()})
        raise ValueError(
            f"synthetic is {found}, expected source or target; it is empty for pairs that people made: say which side "
            f"of them stands for the machine's"
        )
    if backward.any():
        pairs = _exchanged(pairs, np.broadcast_to(backward, len(pairs.source_offsets) - 1))
    return mask(tlm(pairs, layout=layout), masking=masking, seed=seed, target=False)


def _exchanged(pairs: PairIds, rows: NDArray[np.bool_]) -> Pairs:
    """The pairs, with the sides of some rows exchanged."""
    ids = np.concatenate([pairs.source_ids, pairs.target_ids])
    starts = pairs.source_offsets[:-1], pairs.target_offsets[:-1] + len(pairs.source_ids)
    counts = np.diff(pairs.source_offsets), np.diff(pairs.target_offsets)
    sides: list[np.ndarray] = []
    for one, other in ((0, 1), (1, 0)):
        start, count = np.where(rows, starts[other], starts[one]), np.where(rows, counts[other], counts[one])
        offsets = np.append(0, np.cumsum(count))
        sides += [ids[np.arange(offsets[-1]) + np.repeat(start - offsets[:-1], count)], offsets]
    return Pairs(*sides)
