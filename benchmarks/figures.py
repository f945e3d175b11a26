"""Figures: what was measured, against whom, and what was promised; as JSON in `benchmarks/results/`.

What is kept is every single measurement. Medians, spreads and ratios are taken when somebody reads them, by `table.py`
for the README.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.harness import ROOT

RESULTS = ROOT / "benchmarks" / "results"
SMALLER_IS_BETTER = ("s", "MB")


class Spread(NamedTuple):
    """Median, least and most of some measurements."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of one measurement or more."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One row of the table in the README.

    Attributes:
        name: of the figure among those of its benchmark, in the words of an identifier.
        what: what was measured, for people.
        unit: of `ours` and `theirs`: `MB/s`, `tokens/s` or `times` (more is better), `s` or `MB` (less is better);
            empty where the figure is a text.
        ours: Babelmill's measurements, in the order of the rounds.
        peer: whom it is compared with, and in which version; empty if with nobody.
        theirs: the peer's measurements, round by round beside those of `ours`.
        text: what was found, where that is no measurement, such as `0 of 121,355 documents`.
        at_least: least ratio to the peer (where there is one) or least value that was promised.
        at_most: largest value that was promised.
    """

    name: str
    what: str
    unit: str = ""
    ours: Sequence[float] = ()
    peer: str = ""
    theirs: Sequence[float] = ()
    text: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def ratio(self) -> Spread | None:
        """How many times better than the peer, of each round; None where there is no peer."""
        if not self.theirs:
            return None
        pairs = zip(self.ours, self.theirs, strict=True)
        return Spread.of([b / a if self.unit in SMALLER_IS_BETTER else a / b for a, b in pairs])

    @property
    def reached(self) -> bool:
        """Whether it is what was promised; True where nothing was."""
        if self.at_least is None and self.at_most is None:
            return True
        value = (self.ratio or Spread.of(self.ours)).median
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)

    def __str__(self) -> str:
        if not self.ours:
            return f"{self.what}: {self.text}"
        said = f"{self.what}: {amount(self.ours, self.unit)}"
        if self.ratio:
            said += f"; {self.peer}: {amount(self.theirs, self.unit)}; {amount([*self.ratio], 'times')}"
        return said + ("" if self.reached else " (less than promised)")


@dataclass(frozen=True, kw_only=True)
class Report:
    """What one benchmark found.

    Attributes:
        benchmark: its module's name.
        arguments: of its command, as a person would write them.
        date: of the measurement, ISO 8601.
        machine: as of `harness.machine`, when it began.
        versions: of Python and of the packages that matter.
        inputs: what it was measured on.
        figures: the rows for the table.
        details: what the table does not show, by language for one.
    """

    benchmark: str
    arguments: str
    date: str
    machine: Mapping[str, Any]
    versions: Mapping[str, str]
    inputs: Mapping[str, Any]
    figures: Sequence[Figure]
    details: Mapping[str, Any]

    @property
    def command(self) -> str:
        """How to measure it again."""
        return f"python -m benchmarks.{self.benchmark} {self.arguments}".strip()


def report(
    benchmark: str,
    arguments: str,
    figures: Sequence[Figure],
    *,
    machine: Mapping[str, Any],
    packages: Sequence[str] = (),
    inputs: Mapping[str, Any] | None = None,
    details: Mapping[str, Any] | None = None,
) -> Report:
    """A report of what was measured here and now; `packages` are the distributions whose versions matter."""
    return Report(
        benchmark=benchmark,
        arguments=arguments,
        date=time.strftime("%Y-%m-%d", time.gmtime()),
        machine=machine,
        versions={"python": platform.python_version()} | {name: version(name) for name in packages},
        inputs=inputs or {},
        figures=figures,
        details=details or {},
    )


def version(distribution: str) -> str:
    """The version of an installed distribution."""
    return importlib.metadata.version(distribution)


def write(found: Report, folder: Path = RESULTS, *, name: str = "") -> None:
    """Print a report's figures, and write it to `<folder>/<name>.json`; the name is the benchmark's by default."""
    for figure in found.figures:
        print(f"{found.benchmark}: {figure}", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(found), indent=1, ensure_ascii=False)
    (folder / f"{name or found.benchmark}.json").write_text(f"{text}\n", encoding="utf-8")


def read(path: Path) -> Report:
    """Read a report.

    Raises:
        ValueError: the file is not one that `write` wrote.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Report(**{**values, "figures": [Figure(**figure) for figure in values["figures"]]})
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no report of a benchmark ({error}); run the benchmark again") from error


def amount(values: Sequence[float], unit: str) -> str:
    """Measurements as `median (least to most) unit`, to three digits."""
    scale, unit = (1e-6, "million tokens/s") if unit == "tokens/s" else (1.0, unit)
    middle, low, high = (three_digits(scale * value) for value in Spread.of(values))
    return f"{middle} {unit}" if low == high else f"{middle} ({low} to {high}) {unit}"


def three_digits(value: float) -> str:
    """A number to three digits: `1,230`, `12.3`, `0.123`."""
    return f"{float(f'{value:.3g}'):,g}"
