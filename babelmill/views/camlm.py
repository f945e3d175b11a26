"""Cross-attention masked language modelling: what is masked on one side is restored from the other alone (ERNIE-M).

Which position sees which depends on nothing but the kinds of the two. There are five: `SOURCE`, `SOURCE_MASKED`,
`TARGET`, `TARGET_MASKED`, `PADDING`. So a mask of length x length is a table of 5 x 5, looked up by the kinds: a
trainer can send an int8 a token to its device and look up there, `visible()[kinds[:, :, None], kinds[:, None, :]]`,
instead of a byte for each pair of tokens: of rows of 800 that is 800 times as much to write and to send.

| who | sees |
|---|---|
| a masked position of x | y, and the masked positions of x |
| an unmasked position of x | the unmasked positions of x |
| padding | padding, so that no softmax is over nothing |

and the same with x and y exchanged. A position that was chosen counts as masked whatever stands there: the mask,
another token, or its own. Marks are positions of their side.

The first row is the paper's. Of unmasked positions it says nothing; that they see no other side and no masks is our
choice, since from the second layer on they would tell a masked position of y what y is: x would have read it. One way
is left open by the paper's rule: a masked position of x sees those of y, and these see x. `apart=True` closes it; then
no prediction depends on the rest of its own side, however many layers there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from babelmill.views.masking import Masked, Masking, mask
from babelmill.views.sequences import PLAIN, Layout, PairIds, tlm

SOURCE, SOURCE_MASKED, TARGET, TARGET_MASKED, PADDING = range(5)


def visible(*, apart: bool = False) -> NDArray[np.bool_]:
    """bool[5, 5]: whether a position of the first kind sees one of the second.

    Args:
        apart: whether the masked positions of the two sides do not see each other.
    """
    sees = {
        SOURCE: [SOURCE],
        SOURCE_MASKED: [SOURCE_MASKED, TARGET, *([] if apart else [TARGET_MASKED])],
        TARGET: [TARGET],
        TARGET_MASKED: [TARGET_MASKED, SOURCE, *([] if apart else [SOURCE_MASKED])],
        PADDING: [PADDING],
    }
    return np.array([[other in seen for other in sees] for seen in sees.values()])


def spread(kinds: NDArray[np.int8], table: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The attention mask of a batch.

    Args:
        kinds: int8[batch, length].
        table: bool[5, 5].

    Returns:
        bool[batch, length, length]: whether the position of the second axis sees that of the third.
    """
    batch, length = kinds.shape
    if not kinds.size:
        return np.zeros((batch, length, length), bool)
    lookers = np.arange(len(table), dtype=np.uint8)
    # Bit i of a kind's code: whether kind i sees it. Two operations on whole arrays give what each kind sees of a row.
    codes = (table << lookers[:, None]).sum(axis=0, dtype=np.uint8)
    seen = codes[kinds][:, None, :] >> lookers[:, None] & np.uint8(1)
    # That is one value of `length` bytes for each kind, so the whole mask is values copied, a position each.
    values = seen.view(np.dtype((np.void, length))).reshape(-1)
    return values.take(kinds + len(table) * np.arange(batch)[:, None]).view(bool).reshape(batch, length, length)


@dataclass(frozen=True)
class Crossed(Masked):
    """A batch of pairs whose masked tokens look across."""

    @property
    def kinds(self) -> NDArray[np.int8]:
        """int8[batch, length]: the kind of each position, 0 to 4."""
        return 2 * self.sides + self.chosen

    def attention(self, *, apart: bool = False) -> NDArray[np.bool_]:
        """bool[batch, length, length]: whether the position of the second axis sees that of the third.

        Args:
            apart: whether the masked positions of the two sides do not see each other.
        """
        return spread(self.kinds, visible(apart=apart))


def camlm(pairs: PairIds, *, masking: Masking, seed: int | Sequence[int], layout: Layout = PLAIN) -> Crossed:
    """Pairs with masks on both sides, and who sees whom.

    Args:
        pairs: a batch.
        masking: how tokens are masked.
        seed: as of `mask`.
        layout: how both sides become one row.

    The pair 11 12, 21 22, of which 12 and 21 were drawn; a row of the attention is who looks:

    >>> from babelmill.views.sequences import Pairs
    >>> pairs = Pairs(np.int32([11, 12]), np.array([0, 2]), np.int32([21, 22]), np.array([0, 2]))
    >>> found = camlm(pairs, masking=Masking(mask=4, ids=range(5, 99), rate=0.5, masked=1, replaced=0), seed=1)
    >>> found.input_ids
    array([[ 1, 11,  4,  2,  4, 22,  2]], dtype=int32)
    >>> found.labels
    array([[-100, -100,   12, -100,   21, -100, -100]], dtype=int32)
    >>> found.kinds
    array([[0, 0, 1, 0, 3, 2, 2]], dtype=int8)
    >>> found.attention().astype(int)
    array([[[1, 1, 0, 1, 0, 0, 0],
            [1, 1, 0, 1, 0, 0, 0],
            [0, 0, 1, 0, 1, 1, 1],
            [1, 1, 0, 1, 0, 0, 0],
            [1, 1, 1, 1, 1, 0, 0],
            [0, 0, 0, 0, 0, 1, 1],
            [0, 0, 0, 0, 0, 1, 1]]])
    """
    found = mask(tlm(pairs, layout=layout), masking=masking, seed=seed)
    return Crossed(found.input_ids, found.ends, found.layout, found.labels)
