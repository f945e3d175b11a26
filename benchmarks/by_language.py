"""Measurements of kernels, language by language: speeds over all of them, and where a kernel gains least."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.figures import Figure, Spread

Round = Mapping[str, Mapping[str, float]]
"""CPU seconds by side and language."""


@dataclass(frozen=True)
class ByLanguage:
    """Some rounds over the same texts.

    Attributes:
        megabytes: of text, by language.
        rounds: what each round took.
    """

    megabytes: Mapping[str, float]
    rounds: Sequence[Round]

    def rates(self, side: str, language: str | None = None) -> list[float]:
        """MB/s of a side in each round, in one language or over all."""
        codes = [language] if language else list(self.megabytes)
        size = sum(self.megabytes[code] for code in codes)
        return [size / sum(one[side][code] for code in codes) for one in self.rounds]

    def least_gain(self, ours: str, theirs: str) -> str:
        """The language with the least ratio of our speed to theirs, by the median of the rounds."""

        def gain(code: str) -> float:
            return statistics.median(one[theirs][code] / one[ours][code] for one in self.rounds)

        return min(self.megabytes, key=gain)

    def figure(
        self,
        name: str,
        what: str,
        ours: str,
        theirs: str = "",
        *,
        peer: str = "",
        language: str | None = None,
        at_least: float | None = None,
    ) -> Figure:
        """The figure of one side, beside another one's if there is one; over all languages or in one."""
        return Figure(
            name=name,
            what=what,
            unit="MB/s",
            ours=self.rates(ours, language),
            peer=peer,
            theirs=self.rates(theirs, language) if theirs else (),
            at_least=at_least,
        )

    def medians(self) -> dict[str, dict[str, float]]:
        """Median MB/s by side and language."""
        return {
            side: {code: round(Spread.of(self.rates(side, code)).median, 2) for code in self.megabytes}
            for side in self.rounds[0]
        }
