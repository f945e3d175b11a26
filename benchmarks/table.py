"""The table of figures in the README, made from `benchmarks/results/`.

    python -m benchmarks.table            # write it, between the markers
    python -m benchmarks.table --check    # exit with 1 where the README says something else

A figure that is not what was promised is named below the table, with the reason that `remarks.json` gives for it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.figures import RESULTS, Figure, Report, amount, read, three_digits
from benchmarks.harness import ROOT

README = ROOT / "README.md"
REMARKS = ROOT / "benchmarks" / "remarks.json"
"""Figure, as `benchmark/name` -> why it is not what was promised, and what was tried."""

BEGIN, END = "<!-- figures -->\n", "<!-- /figures -->"
ORDER = (
    "whole_job",
    "startup",
    "memory",
    "language_id",
    "minhash",
    "tokenization",
    "cleaning",
    "decoding",
    "reader",
    "dedup_scale",
    "noisy",
    "oracles",
    "reproduce",
)
"""Benchmarks as they are listed; others follow."""


def reports(folder: Path = RESULTS) -> list[Report]:
    """All reports of a folder, in the order of the table."""
    found = [read(path) for path in sorted(folder.glob("*.json"))]
    place = {name: number for number, name in enumerate(ORDER)}
    return sorted(found, key=lambda one: place.get(one.benchmark, len(place)))


def render(found: Sequence[Report], remarks: Mapping[str, str]) -> str:
    """The section of the README: where it was measured, the table, what was not reached.

    Raises:
        ValueError: a figure that was not reached has no remark, or a remark is for none such.
    """
    if not found:
        return ""
    missed = {f"{one.benchmark}/{figure.name}": figure for one in found for figure in one.figures if not figure.reached}
    unexplained, idle = sorted(missed.keys() - remarks.keys()), sorted(remarks.keys() - missed.keys())
    if unexplained or idle:
        raise ValueError(
            f"{REMARKS}: say why these are not what was promised: {', '.join(unexplained) or 'none'}; "
            f"take out these, which are, or are no more: {', '.join(idle) or 'none'}"
        )
    lines = [where(found), "", "| what | Babelmill | against | ratio | command |", "|---|---|---|---|---|"]
    for one in found:
        lines += [row(figure, "the same" if place else f"`{one.command}`") for place, figure in enumerate(one.figures)]
    if missed:
        lines += ["", "What was promised and is not reached:", ""]
        lines += [
            f"- {figure.what}{against(figure)}, {promise(figure)}: {remarks[name]}" for name, figure in missed.items()
        ]
    return "\n".join([*lines, ""])


def where(found: Sequence[Report]) -> str:
    """Machines, dates, and how to read the numbers."""
    machines = {
        f"{one.machine['processor']}, {one.machine['cores']} cores, {one.machine['memory_gb']} GB, "
        f"{one.machine['system']}, Python {one.versions['python']}"
        for one in found
    }
    dates = sorted({one.date for one in found})
    return (
        f"Measured on {' and '.join(sorted(machines))}; {' to '.join(dict.fromkeys((dates[0], dates[-1])))}.\n"
        "Medians (least to most) of rounds in which the sides took turns; a ratio is the median of the rounds'.\n"
        "What was promised stands in brackets. MB are millions of bytes of decoded text. Single rounds, languages and\n"
        "versions: [benchmarks/results](benchmarks/results)."
    )


def row(figure: Figure, command: str) -> str:
    """A row of the table."""
    ours = amount(figure.ours, figure.unit) if figure.ours else figure.text
    theirs = f"{figure.peer}: {amount(figure.theirs, figure.unit)}" if figure.theirs else ""
    ratio = three_digits(figure.ratio.median) if figure.ratio else ""
    if promised := promise(figure):
        judged = ratio or ours
        judged = f"{judged if figure.reached else f'**{judged}**'} ({promised})"
        ours, ratio = (ours, judged) if ratio else (judged, "")
    return f"| {figure.what} | {ours} | {theirs} | {ratio} | {command} |"


def against(figure: Figure) -> str:
    """The peer of a figure, for a sentence."""
    return f" against {figure.peer}" if figure.peer else ""


def promise(figure: Figure) -> str:
    """What a figure was promised to be."""
    unit = "times" if figure.theirs else figure.unit
    bounds = (("at least", figure.at_least), ("at most", figure.at_most))
    return " and ".join(f"{word} {amount([bound], unit)}" for word, bound in bounds if bound is not None)


def sections(text: str) -> Iterator[str]:
    """The README before the figures, the figures, and what follows.

    Raises:
        ValueError: the markers are not there.
    """
    before, begin, rest = text.partition(BEGIN)
    figures, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{README} has no lines {BEGIN.strip()} and {END}: put them where the figures shall be")
    yield from (before, figures, after)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the figures into the README.")
    parser.add_argument("--check", action="store_true", help="only say whether the README agrees")
    options = parser.parse_args()
    try:
        before, figures, after = sections(README.read_text(encoding="utf-8"))
        made = render(reports(), json.loads(REMARKS.read_text(encoding="utf-8")))
    except ValueError as error:
        sys.exit(str(error))
    if options.check and made != figures:
        sys.exit(f"{README} is not what benchmarks/results says; run python -m benchmarks.table")
    if not options.check:
        README.write_text(f"{before}{BEGIN}{made}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
