"""What a vocabulary costs each language.

A vocabulary that was trained on many languages serves some better than others. Fertility, the tokens that a text
takes, shows it: few characters a token, many single characters or bytes mean that a language was too small a part of
the sample.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vocab.encoding import Encoder
from vocab.model_file import WORD_MARK, Kind


@dataclass(frozen=True, kw_only=True)
class Fertility:
    """Counts over some documents; the counts of more documents are their sum.

    Attributes:
        documents: documents measured.
        characters: their characters (code points).
        bytes: their bytes of UTF-8.
        tokens: ids that they became.
        unknown: ids of the unknown piece.
        byte_tokens: ids of single bytes, by which characters without a piece are spelled.
        single: ids of pieces that stand for one character, or for none but the beginning of a word.
    """

    documents: int = 0
    characters: int = 0
    bytes: int = 0
    tokens: int = 0
    unknown: int = 0
    byte_tokens: int = 0
    single: int = 0

    def __add__(self, other: Fertility) -> Fertility:
        names = [field.name for field in fields(self)]
        return Fertility(**{name: getattr(self, name) + getattr(other, name) for name in names})

    def rates(self) -> dict[str, float]:
        """Characters and bytes per token, and unknown, byte and single-character tokens as shares of all tokens.

        All are 0 where there are no tokens.
        """
        tokens = self.tokens or 1
        return {
            "characters_per_token": self.characters / tokens,
            "bytes_per_token": self.bytes / tokens,
            "unknown_rate": self.unknown / tokens,
            "byte_fallback_rate": self.byte_tokens / tokens,
            "single_character_share": self.single / tokens,
        }


def fertility(encoder: Encoder, texts: pa.StringArray) -> Fertility:
    """Encode documents and count.

    Args:
        encoder: the vocabulary.
        texts: string[n], without nulls, of one language.
    """
    used = np.bincount(encoder.encode(texts).flatten().to_numpy(), minlength=len(encoder))
    unknown, bytes_, single = (int(used[ids].sum()) for ids in _classes(encoder))
    return Fertility(
        documents=len(texts),
        characters=pc.sum(pc.utf8_length(texts)).as_py() or 0,
        bytes=pc.sum(pc.binary_length(texts)).as_py() or 0,
        tokens=int(used.sum()),
        unknown=unknown,
        byte_tokens=bytes_,
        single=single,
    )


def to_json(languages: Mapping[str, Fertility]) -> dict[str, dict[str, Any]]:
    """The content of `fertility.json`: counts and rates by language, languages sorted, rates to six places."""
    return {
        language: {**asdict(counts), **{name: round(rate, 6) for name, rate in counts.rates().items()}}
        for language, counts in sorted(languages.items())
    }


def table(languages: Mapping[str, Fertility]) -> str:
    """A plain table for people: a line a language, and one for all of them."""
    titles = [f"{title:>10}" for title in ("documents", "char/token", "byte/token")]
    lines = [" ".join([f"{'language':<12}", *titles, f"{'unknown':>8}", f"{'bytes':>8}", f"{'single':>8}"])]
    for language, counts in [*sorted(languages.items()), ("all", sum(languages.values(), Fertility()))]:
        characters, bytes_, *parts = counts.rates().values()
        shown = " ".join(f"{part:>8.2%}" for part in parts)
        lines.append(f"{language:<12} {counts.documents:>10,} {characters:>10.2f} {bytes_:>10.2f} {shown}")
    return "\n".join(lines)


@functools.lru_cache(maxsize=1)
def _classes(encoder: Encoder) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ids of the unknown piece, of bytes, and of pieces of a single character; once for all languages of a run."""
    model, texts = encoder.model, encoder.model.texts
    single = [index for index in model.ids(Kind.NORMAL) if len(texts[index].removeprefix(WORD_MARK)) <= 1]
    unknown, bytes_ = (np.array(model.ids(kind), np.int64) for kind in (Kind.UNKNOWN, Kind.BYTE))
    return unknown, bytes_, np.array(single, np.int64)
