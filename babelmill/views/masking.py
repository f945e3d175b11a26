"""Which tokens a model has to restore, and what it reads in their place: BERT's masks, drawn from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from babelmill.views.sequences import Ids, Sequences

IGNORED = -100
"""Label of a token that is not to be restored; losses of PyTorch and of others pass it over."""

_UNIT = 2.0**32
_FIRST, _SECOND = np.uint32(0x7FEB352D), np.uint32(0x846CA68B)


@dataclass(frozen=True, kw_only=True)
class Masking:
    """How tokens are masked.

    Attributes:
        mask: id of the mask.
        ids: from which another id is drawn, where a token is replaced by another: all but the special ones, such as
            `range(5, 64_000)`.
        rate: share of tokens that are to be restored. Each is drawn by itself, so a short row may have none.
        masked: share of those that become the mask.
        replaced: share of those that become another token; the rest stay as they are.
    """

    mask: int
    ids: range
    rate: float = 0.15
    masked: float = 0.8
    replaced: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= 1:
            raise ValueError(f"rate is {self.rate}, expected 0 to 1")
        if min(self.masked, self.replaced) < 0 or self.masked + self.replaced > 1 + 1e-9:
            raise ValueError(f"masked {self.masked} and replaced {self.replaced} are no shares of a whole")
        if not len(self.ids) or self.ids.step != 1:
            raise ValueError(f"ids are {self.ids}, expected a range of at least one, by steps of 1")


@dataclass(frozen=True)
class Masked(Sequences):
    """A batch of pairs with masks.

    Attributes:
        labels: int32[batch, length]: the token that was there, where it is to be restored; `IGNORED` elsewhere.
    """

    labels: Ids

    @property
    def chosen(self) -> NDArray[np.bool_]:
        """bool[batch, length]: which tokens are to be restored, whatever stands in their place."""
        return self.labels != IGNORED


def mask(
    sequences: Sequences,
    *,
    masking: Masking,
    seed: int | Sequence[int],
    source: bool = True,
    target: bool = True,
) -> Masked:
    """Mask tokens of a batch; marks and padding never.

    Args:
        sequences: the batch.
        masking: how.
        seed: one or more integers from 0, such as seed, epoch and number of the batch. The same batch and seed give the
            same masks; tokens are numbered through the batch, so a row in another batch has others.
        source, target: which sides may be masked; one at least.

    >>> from babelmill.views.sequences import Pairs, tlm
    >>> pairs = Pairs(np.int32([11, 12, 13]), np.array([0, 2, 3]), np.int32([21, 22, 23, 24]), np.array([0, 1, 4]))
    >>> found = mask(tlm(pairs), masking=Masking(mask=4, ids=range(5, 99), rate=0.5), seed=36)
    >>> found.input_ids
    array([[ 1, 11, 12,  2, 21,  2,  3],
           [ 1,  4,  2, 22, 23,  4,  2]], dtype=int32)
    >>> found.labels
    array([[-100, -100, -100, -100, -100, -100, -100],
           [-100,   13, -100,   22,   23,   24, -100]], dtype=int32)
    """
    keys = np.random.SeedSequence(seed).generate_state(4)
    places = np.flatnonzero(sequences.words(source=source, target=target))
    drawn = _drawn(places.size, keys[:2])
    if masking.rate < 1:
        chosen = np.flatnonzero(drawn < np.uint32(masking.rate * _UNIT))
        places, drawn = places[chosen], drawn[chosen]
    labels, hidden = np.full(sequences.input_ids.shape, IGNORED, np.int32), sequences.input_ids.copy()
    labels.reshape(-1)[places] = hidden.reshape(-1)[places]
    # What was drawn is anything below the rate with the same probability, so it also says what becomes of the token.
    bounds = np.cumsum([masking.masked, masking.replaced]) * masking.rate * _UNIT
    other = places[(drawn >= bounds[0]) & (drawn < bounds[1])]
    hidden.reshape(-1)[places[drawn < bounds[0]]] = masking.mask
    hidden.reshape(-1)[other] = masking.ids.start + _drawn(other.size, keys[2:]) % np.uint32(len(masking.ids))
    return Masked(hidden, sequences.ends, sequences.layout, labels)


def _drawn(count: int, keys: NDArray) -> NDArray[np.uint32]:
    """Numbers as good as random: hashes of 0, 1, … with two keys (between the rounds of lowbias32; Wellons, 2018).

    A generator makes one after the other, and may make others in another version of numpy; this is a few operations on
    whole arrays.
    """
    found = np.arange(count, dtype=np.uint32) ^ keys[0]
    found ^= found >> np.uint32(16)
    found *= _FIRST
    found ^= keys[1]
    found ^= found >> np.uint32(15)
    found *= _SECOND
    found ^= found >> np.uint32(16)
    return found
