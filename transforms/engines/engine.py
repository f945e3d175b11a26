"""What an engine is: it says which pairs of languages it serves, and translates batches of sentences.

    with Apertium() as engine:
        if engine.serves("en", "es"):
            found = engine.translate(["A house."], source="en", target="es", seed=1)
            found.texts, found.scores, engine.tag("en", "es")

An engine that was made has loaded nothing yet: it can be pickled and sent to a worker, and loads there what a pair
takes when that is first asked for. Leaving the context ends programs and drops models; the engine can be used again.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa


class EngineError(Exception):
    """A batch that an engine did not translate: it died, hung, or gave something that is no answer.

    Other batches may go well, and so may parts of this one. What makes every batch fail, such as a model that is not
    there, is an `InputError`.
    """


class Translated(NamedTuple):
    """Translations of n sentences, in their order.

    Attributes:
        texts: string[n].
        scores: float32[n], the higher the better, comparable within an engine and a pair of languages; NaN where an
            engine has none.
    """

    texts: pa.StringArray
    scores: np.ndarray


class Engine(Protocol):
    """What all engines can do. Languages are BCP 47 tags, as in the columns of shards."""

    @property
    def name(self) -> str:
        """The `origin` of what it makes."""

    def serves(self, source: str, target: str) -> bool:
        """Whether it translates from one language to another."""

    def tag(self, source: str, target: str) -> dict[str, Any]:
        """What its translations depend on, beside the sentences and the seed, as JSON values.

        `engine`: its kind; `model`: what translates, for people; `sha256` of that; `parameters` of decoding; `sampled`:
        whether the seed counts.
        """

    def translate(self, texts: Sequence[str] | pa.StringArray, *, source: str, target: str, seed: int) -> Translated:
        """Translate a batch; the same batch and seed give the same bytes. Threads may call it side by side.

        Raises:
            EngineError: it failed on this batch.
            InputError: it cannot translate this pair at all.
        """

    def __enter__(self) -> Engine: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def listed(texts: Sequence[str] | pa.StringArray) -> list[str]:
    """Texts as Python has them, each on one line: runs of white space and NUL are one space."""
    every = texts.to_pylist() if isinstance(texts, pa.Array) else texts
    return [" ".join(text.replace("\0", " ").split()) for text in every]


def without_scores(texts: Sequence[str]) -> Translated:
    """Translations of an engine that does not rate them."""
    return Translated(pa.array(texts, pa.string()), np.full(len(texts), np.nan, np.float32))
