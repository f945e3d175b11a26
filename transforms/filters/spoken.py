"""Whether a side is in its language, as a language model says.

What a model says of a few words is often absurd: lid.176 calls some short Chinese Amharic, Italian, and much of it
Japanese. So a label counts only where the text is written as its language is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from transforms import scripts
from transforms.langid import LanguageIdentifier
from transforms.languages import Language, UnknownLanguage
from transforms.languages import language as language_of

WRITTEN = 0.5
"""Least share of letters in the scripts of a label's language."""

SHOWN = {("Hira", "Kana", "Hani"): ("Hira", "Kana"), ("Hang", "Hani"): ("Hang",)}
"""Scripts of a language -> those of which a text in it has a letter at least: only Chinese is written in Han alone."""


class Spoken(NamedTuple):
    """What a language model says of n texts, float32 (n,) each; NaN where it was not asked.

    Attributes:
        own: summed probability of the language's own labels; NaN where the model has none of them.
        foreign: probability of the best label; 0 where it is one of the language's own, says nothing against it
            (`Language.kin`), or is of a language that is written otherwise.
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
    familiar = (*language.labels, *language.kin)
    # The last is for -1, where there is no label.
    strange = np.array([label not in familiar for label in identifier.labels] + [False])
    foreign = strange[found.label]
    foreign[foreign] = _written_so(texts.filter(pa.array(foreign)), found.label[foreign], identifier.labels)
    return Spoken(found.own, np.where(foreign, found.score, np.float32(0)))


def _written_so(texts: pa.StringArray, label: np.ndarray, labels: tuple[str, ...]) -> np.ndarray:
    """bool (n,): whether each text is written as the language of its label is, as far as that is known."""
    used, shown = _scripts(labels)
    known = np.array([bool(some) for some in used])[label]
    written = ~known
    written[known] = scripts.share_of_each(texts.filter(pa.array(known)), used, label[known]) >= WRITTEN
    asked = written & np.array([bool(some) for some in shown])[label]
    written[asked] = scripts.share_of_each(texts.filter(pa.array(asked)), shown, label[asked]) > 0
    return written


@lru_cache(maxsize=4)
def _scripts(labels: tuple[str, ...]) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]]:
    """The scripts that the language of each label is written in, and those that are `SHOWN`; none where not known."""
    used = []
    for label in labels:
        try:
            used.append(language_of(label, strict=False).scripts)
        except UnknownLanguage:
            used.append(())
    return tuple(used), tuple(SHOWN.get(some, ()) for some in used)
