"""Whether each side is in its language: the scripts of its letters, and what a language model says."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from transforms.langid import LanguageIdentifier
from transforms.languages import Language


class Spoken(NamedTuple):
    """What a language model says of n texts, float32 (n,) each; NaN where it was not asked.

    Attributes:
        own: summed probability of the language's own labels; NaN where the model has none of them.
        foreign: probability of the best label, where that is neither one of the language's own nor one that says
            nothing against it (`Language.kin`); 0 where it is.
    """

    own: np.ndarray
    foreign: np.ndarray


def spoken(texts: pa.StringArray, language: Language, identifier: LanguageIdentifier | None) -> Spoken:
    """Ask a model about every text.

    Args:
        texts: string (n,), without nulls.
        language: the one claimed, with the model's labels (`Language.labelled_by`).
        identifier: the model; None leaves everything unknown.
    """
    if identifier is None:
        return Spoken(*(np.full(len(texts), np.nan, np.float32) for _ in range(2)))
    found = identifier.identify(texts, own=language.labels)
    familiar = [number for number, label in enumerate(identifier.labels) if label in (*language.labels, *language.kin)]
    return Spoken(found.own, np.where(np.isin(found.label, familiar), np.float32(0), found.score))
