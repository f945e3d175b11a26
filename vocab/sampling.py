"""Which documents a vocabulary is trained on.

A language's share follows from its size, by temperature or UniMax. A document's place in its language's queue follows
from a hash of where it comes from, so the sample is the same whatever the number of workers, the order, or the way
that parts are cut.

References: Conneau et al., "Unsupervised Cross-lingual Representation Learning at Scale", 2020 (temperature); Chung
et al., "UniMax: Fairer and More Effective Language Sampling for Large-Scale Multilingual Pretraining", 2023.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from math import fsum, sqrt

import numpy as np

_GAMMA, _FIRST, _SECOND = (np.uint64(value) for value in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


@dataclass(frozen=True, kw_only=True)
class Quota:
    """How much of a language a sample takes, in bytes of UTF-8.

    Attributes:
        wanted: what the rule gives the language.
        available: what there is.
        granted: what the sample takes: at most what is available, at least what is wanted of it, and the language's
            part of what smaller ones could not give.
    """

    wanted: int
    available: int
    granted: int

    @property
    def shortfall(self) -> int:
        """Bytes that the rule wants and that are not there."""
        return max(0, self.wanted - self.available)


def shares(sizes: Mapping[str, int], *, alpha: float) -> dict[str, float]:
    """Shares by temperature: each language's size to the power of `alpha`, made to add up to 1.

    Args:
        sizes: size of each language, in any unit; a language of size 0 gets nothing.
        alpha: 1 keeps the sizes' proportions, 0 makes all languages equal.

    Raises:
        ValueError: a size or `alpha` is negative.
    """
    _check_sizes(sizes)
    if alpha < 0:
        raise ValueError(f"alpha is {alpha}, expected 0 or more")
    whole = fsum(sizes.values())
    powers = {language: (size / whole) ** alpha if size else 0.0 for language, size in sizes.items()}
    total = fsum(powers.values())
    return {language: power / total if total else 0.0 for language, power in powers.items()}


def unimax(sizes: Mapping[str, int], budget: int, *, epochs: float) -> dict[str, int]:
    """UniMax: equal parts of a budget, but no language more than `epochs` times its size; the others share what is
    left.

    Example: `unimax({"de": 100, "fi": 10, "is": 1}, 60, epochs=2)` is `{"de": 38, "fi": 20, "is": 2}`.

    Args:
        sizes: size of each language, in the unit of `budget`.
        budget: what is dealt out.
        epochs: how often text may be repeated.

    Raises:
        ValueError: a size, the budget or `epochs` is negative.
    """
    _check_sizes(sizes)
    if epochs < 0:
        raise ValueError(f"epochs is {epochs}, expected 0 or more")
    caps = {language: int(size * epochs) for language, size in sizes.items()}
    return _deal(budget, weights=dict.fromkeys(sizes, 1.0), caps=caps)


def quotas(
    sizes: Mapping[str, int], *, budget: int, alpha: float | None = None, epochs: float | None = None
) -> dict[str, Quota]:
    """How many bytes of each language to draw.

    A language is never oversampled: it gives each document once at most. What it is short of is dealt to the others in
    proportion to what they are wanted for, so that the sample is full as long as there is text.

    Args:
        sizes: bytes of UTF-8 of each language.
        budget: bytes of the sample.
        alpha: exponent of the temperature; or
        epochs: UniMax's bound on repetition, in its place.

    Returns:
        A quota for each language, sorted by language. The grants add up to the budget or to all there is, less
        rounding by a byte a language.

    Raises:
        ValueError: a number is negative, or not one of `alpha` and `epochs` is given.
    """
    if (alpha is None) == (epochs is None):
        raise ValueError(f"alpha is {alpha} and epochs {epochs}, expected one of the two")
    if alpha is not None:
        wanted = {language: int(share * budget) for language, share in shares(sizes, alpha=alpha).items()}
    else:
        wanted = unimax(sizes, budget, epochs=epochs or 0)
    granted = _deal(budget, weights={language: float(bytes_) for language, bytes_ in wanted.items()}, caps=sizes)
    return {
        language: Quota(wanted=wanted[language], available=sizes[language], granted=granted[language])
        for language in sorted(sizes)
    }


def split(quota: Quota, *, documents: int, pairs: int, weight: float) -> tuple[Quota, Quota]:
    """What of a language's quota comes from documents, and what from pairs.

    Args:
        quota: for `documents + weight * pairs` bytes.
        documents, pairs: bytes that there are of each.
        weight: of a byte of pairs beside one of documents, 0 to 1.
    """
    weighted = weight * pairs
    share = weighted / (documents + weighted) if weighted else 0.0
    wanted, granted = int(quota.wanted * share), int(quota.granted * share)
    return (
        Quota(wanted=quota.wanted - wanted, available=documents, granted=min(quota.granted - granted, documents)),
        Quota(wanted=wanted, available=pairs, granted=granted),
    )


def document_keys(*, seed: int, corpus: str, language: str, documents: np.ndarray) -> np.ndarray:
    """A key for each document, well mixed: those with the smallest keys are drawn.

    Documents of one corpus and language never share a key: numbers become keys one to one, by the finaliser of
    SplitMix64 (Steele et al., 2014) twice, between two offsets that are drawn from the seed, the corpus and the
    language.

    Args:
        seed: of the run.
        corpus: the corpus's name.
        language: the corpus's code of the language.
        documents: int64[n] or uint64[n], numbers of the documents in their source file.

    Returns:
        uint64[n].
    """
    digest = hashlib.blake2b(f"{seed}\0{corpus}\0{language}".encode(), digest_size=16).digest()
    before, after = np.frombuffer(digest, "<u8").astype(np.uint64)
    return _mixed(_mixed(documents.astype(np.uint64) * _GAMMA + before) + after)


def threshold(quota: Quota, *, document_bytes: int = 1 << 16) -> int:
    """The key below which the documents of the sample lie, as good as certainly.

    A part can keep its documents below this key and drop the others, before anybody knows where the quota will be
    reached. It is the share that is wanted and five standard errors of what a random choice of documents weighs.

    Args:
        quota: of the language.
        document_bytes: mean size of a document, weighted by size; 64 KiB is a lot for web text, and on the safe side.

    Returns:
        0 to 2**64 - 1; the latter keeps everything.
    """
    if not quota.granted:
        return 0
    share = min(quota.granted / quota.available, 1)
    error = sqrt(share * (1 - share) * document_bytes / quota.available)
    return min(int((share + 5 * error) * 2**64), 2**64 - 1)


def cut(keys: np.ndarray, sizes: np.ndarray, quota_bytes: int) -> np.ndarray:
    """Draw documents, smallest key first, until a quota is reached; the document that reaches it is the last.

    Args:
        keys: uint64[n], one for each document of a language, in any order.
        sizes: integers[n], each document's bytes.
        quota_bytes: how much to draw.

    Returns:
        int64[drawn], rows in the order of their keys.
    """
    order = np.argsort(keys, kind="stable")
    ordered = sizes[order].astype(np.int64)
    before = np.cumsum(ordered) - ordered
    return order[: np.searchsorted(before, quota_bytes, side="left")]


def _deal(budget: int, *, weights: Mapping[str, float], caps: Mapping[str, int]) -> dict[str, int]:
    """Deal out a budget in proportion to weights, none beyond its cap.

    Who is filled first for its weight is served first; what its cap leaves goes to those who follow. With equal
    weights this is UniMax's algorithm.
    """
    if budget < 0:
        raise ValueError(f"budget is {budget}, expected 0 or more")
    order = sorted(
        (language for language in caps if weights[language]), key=lambda name: (caps[name] / weights[name], name)
    )
    # Weights from each language to the last: added from the end, so that the last one gets all that is left.
    following = list(accumulate(weights[language] for language in reversed(order)))[::-1]
    dealt = dict.fromkeys(sorted(caps), 0)
    for language, weight in zip(order, following, strict=True):
        dealt[language] = min(caps[language], int(budget * (weights[language] / weight)))
        budget -= dealt[language]
    return dealt


def _check_sizes(sizes: Mapping[str, int]) -> None:
    for language, size in sizes.items():
        if size < 0:
            raise ValueError(f"the size of {language} is {size}, expected 0 or more")


def _mixed(keys: np.ndarray) -> np.ndarray:
    keys = (keys ^ (keys >> np.uint64(30))) * _FIRST
    keys = (keys ^ (keys >> np.uint64(27))) * _SECOND
    return keys ^ (keys >> np.uint64(31))
