"""Views of pairs at reading time: what it costs to make a batch into what a model takes.

    python -m benchmarks.views                  # 20 million tokens of pairs of about 30 + 30 tokens, made for it
    python -m benchmarks.views --length 200     # long ones

Batches of 256 pairs are drawn beforehand; what is measured is the view alone, in tokens of the pairs, without marks and
padding: `tlm` with positions and language ids, `btmlm` (step 2), `placeholders` (step 1), `camlm` with the kinds of its
positions, which is what a trainer sends to its device, and `camlm` with the mask of length x length itself.

A round is a process bound to one core; the views take turns.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from babelmill.views import Masking, Pairs, btmlm, camlm, placeholders, tlm
from benchmarks import inputs
from benchmarks.figures import Figure, report, write
from benchmarks.harness import cpu_seconds, in_turn, on_one_core, rounds

TOKENS, LENGTH = 20_000_000, 30
ROWS = 256
"""Pairs of a batch."""

PROMISED = 20e6
MASKING = Masking(mask=4, ids=range(5, 64_000))


def batches(tokens: int, length: int) -> list[Pairs]:
    """Batches of random ids; both sides' lengths are uniform from 1 to twice `length`."""
    rng = np.random.default_rng(0)

    def side() -> tuple[np.ndarray, np.ndarray]:
        offsets = np.append(0, np.cumsum(rng.integers(1, 2 * length, ROWS)))
        return rng.integers(5, 64_000, offsets[-1], np.int32), offsets

    return [Pairs(*side(), *side()) for _ in range(tokens // (2 * length * ROWS))]


def made_tlm(pairs: Pairs) -> None:
    found = tlm(pairs)
    found.positions(), found.positions_by_side(), found.languages(1, 2)


VIEWS: dict[str, tuple[str, Callable[[Pairs], object]]] = {
    "tlm": ("TLM, ids, both kinds of positions, language ids", made_tlm),
    "btmlm": ("BTMLM step 2, masks on the sentence", lambda pairs: btmlm(pairs, masking=MASKING, seed=1)),
    "placeholders": (
        "BTMLM step 1, a placeholder for each token",
        lambda pairs: placeholders(pairs.source_ids, pairs.source_offsets, mask=4).kinds,
    ),
    "kinds": ("CAMLM, an int8 a position", lambda pairs: camlm(pairs, masking=MASKING, seed=1).kinds),
    "attention": ("CAMLM, length x length", lambda pairs: camlm(pairs, masking=MASKING, seed=1).attention()),
}
"""Name -> what it is, and the view."""


def made(view: Callable[[Pairs], object], drawn: list[Pairs]) -> None:
    """Make each batch and let it go, as a trainer does after its step."""
    for pairs in drawn:
        view(pairs)


def measure(number: int, tokens: int, length: int) -> dict[str, float]:
    """One round: tokens a second by view."""
    on_one_core()
    drawn = batches(tokens, length)
    count = sum(len(pairs.source_ids) + len(pairs.target_ids) for pairs in drawn)
    rates = {}
    for name in in_turn(list(VIEWS), number):
        view = VIEWS[name][1]
        view(drawn[0])
        rates[name] = count / cpu_seconds(lambda view=view: made(view, drawn))[0]
    return rates


def figures(found: list[dict[str, float]], length: int) -> list[Figure]:
    """The rows for the table."""
    about = f"batches of {ROWS} pairs of {length} + {length} tokens"
    return [
        Figure(
            name=name,
            what=f"view {what}; {about}",
            unit="tokens/s",
            ours=[one[name] for one in found],
            at_least=PROMISED,
        )
        for name, (what, _) in VIEWS.items()
    ]


def main() -> None:
    parser = inputs.parser("Views of pairs at reading time.")
    parser.add_argument("--tokens", type=int, default=TOKENS)
    parser.add_argument("--length", type=int, default=LENGTH, help="mean length of a side in tokens")
    options = inputs.parse(parser)
    tokens = options.tokens // 10 if options.quick else options.tokens
    found = list(rounds(measure, options.repetitions, tokens, options.length))
    arguments = "" if options.length == LENGTH else f"--length {options.length}"
    rows = figures(found, options.length)
    write(report("views", arguments, rows, machine=options.machine, packages=("numpy",)), options.results)


if __name__ == "__main__":
    main()
