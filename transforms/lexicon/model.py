"""A lexical translation model of two languages, learnt from pairs of texts: it scores pairs and translates words.

    lexicon = learn(source, target, languages=("de", "en"))    # of transforms.lexicon.learning
    lexicon.score(source, target)              # float32, 0 to 1
    lexicon.translations("Haus", 10)           # [Translation(word="house", probability=0.61), ...]
    lexicon.translate(source)                  # glosses, and how probable they are

The score of a pair answers one question: do these two texts say the same, or did they meet by chance? It does not see
that one was copied, nor that one is cut off; other filters do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from transforms.lexicon.calibration import Evidence, scores
from transforms.lexicon.gloss import Dictionary, dictionary, translate
from transforms.lexicon.scoring import Direction, Scorer, Translations, evidence, scorer
from transforms.lexicon.word_list import FIRST, WordList
from transforms.words import Words, segment
from vocab.encoding import Encoder


class Translation(NamedTuple):
    """A translation of a word, as it is most often written, and its probability."""

    word: str
    probability: float


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """A model of two languages. Safe to share between threads.

    Attributes:
        languages: codes of the source and the target.
        source, target: the words that are known.
        table: translations.
        tension: how much words keep to the diagonal, in either direction.
        empty: probability that a word comes from nothing.
        weights: of the calibration.
        facts: what is known of how it was learnt; JSON values.
        pieces: the vocabulary that cuts scripts without spaces, or None.
    """

    languages: tuple[str, str]
    source: WordList
    target: WordList
    table: Translations
    tension: tuple[float, float]
    empty: float
    weights: tuple[float, float, float, float]
    facts: dict[str, Any]
    pieces: Encoder | None = field(default=None, compare=False)

    def score(self, source: pa.StringArray, target: pa.StringArray) -> np.ndarray:
        """How likely each pair is a translation, float32 (n,) in [0, 1]: 0.5 is as likely as not, 0 without words.

        Args:
            source, target: string[n] in the model's languages, valid UTF-8, without nulls.

        Raises:
            ValueError: the columns differ in length, or hold a null.
        """
        if len(source) != len(target):
            raise ValueError(f"{len(source):,} source texts and {len(target):,} target texts are not pairs")
        return scores(self.evidence(segment(source, self.pieces), segment(target, self.pieces)), self.weights)

    def evidence(self, source: Words, target: Words) -> Evidence:
        """What the scores of pairs are made of."""
        columns = []
        for known, found in ((self.source, source), (self.target, target)):
            columns += [known.numbers(found.hashes), found.hashes, found.offsets]
        return evidence(self._scorer, *columns)

    def translations(self, word: str, count: int = 10, *, reverse: bool = False) -> list[Translation]:
        """The most probable translations of a word, the best first; none where it is unknown.

        Args:
            word: in any case.
            count: how many at most.
            reverse: whether to translate from the target language to the source.
        """
        known, other = self._sides(reverse)
        hashes = segment(pa.array([word], pa.string()), self.pieces).hashes
        number = int(known.numbers(hashes)[0]) if hashes.size == 1 else 0
        words, others, probabilities = self._directions[reverse]
        if number < FIRST:
            return []
        rows = np.arange(*np.searchsorted(words, [number, number + 1]))
        rows = rows[(probabilities[rows] > 0) & (others[rows] >= FIRST)]
        rows = rows[np.lexsort((others[rows], -probabilities[rows]))][:count]
        return [Translation(other.words[int(others[row]) - FIRST].as_py(), float(probabilities[row])) for row in rows]

    def translate(self, texts: pa.StringArray, *, reverse: bool = False) -> tuple[pa.StringArray, np.ndarray]:
        """Texts word by word, each word as its most probable translation, unknown words as they are.

        Args:
            texts: string[n], valid UTF-8, without nulls.
            reverse: whether to translate from the target language to the source.

        Returns:
            string[n], and float32 (n,) in [0, 1]: the geometric mean of the words' probabilities, 0 without words.

        Raises:
            ValueError: `texts` holds a null.
        """
        words = segment(texts, self.pieces)
        return translate(words, self._sides(reverse)[0].numbers(words.hashes), self._dictionaries[reverse])

    def _sides(self, reverse: bool) -> tuple[WordList, WordList]:
        """The words to translate from, and those to translate to."""
        return (self.target, self.source) if reverse else (self.source, self.target)

    @cached_property
    def _scorer(self) -> Scorer:
        return scorer(
            self.table,
            source_shares=self.source.shares(),
            target_shares=self.target.shares(),
            source_total=self.source.total,
            target_total=self.target.total,
            empty=self.empty,
        )

    @cached_property
    def _directions(self) -> tuple[Direction, Direction]:
        """The translations from the source to the target, and the reverse."""
        return self.table.directions()

    @cached_property
    def _dictionaries(self) -> tuple[Dictionary, Dictionary]:
        """The most probable translations from the source to the target, and the reverse."""
        there, back = self._directions
        return (
            dictionary(there, size=self.source.size, to=self.target),
            dictionary(back, size=self.target.size, to=self.source),
        )
