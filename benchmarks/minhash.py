"""MinHash signatures against datasketch and rensa.

    python -m benchmarks.minhash CORPORA

Babelmill goes from text to 128 numbers: folding, tokens, shingles, MinHash. The peers begin at shingles, so they are
compared twice:

- *from shingles*: they are given the hashes of each document's shingles, ready made, in the form that they take
  fastest: `datasketch.MinHash.bulk` as arrays of 32 bits, with a hash function that does nothing, `rensa` as one array
  of 64 bits. Babelmill still begins at the text.
- *from text*: what a script does, as fast as Python and numpy can: lower case, words (characters where words are not
  spaced), rolling hashes of five (`shingles` of `peers/handrolled.py`), then rensa.

The 128 numbers of all documents are compared with datasketch's, which are the same. rensa's are not and cannot be: it
implements another algorithm, R-MinHash, which hashes a shingle to few of the 128 places and not to each of them.

A round is a process bound to one core. It goes through the languages one by one, the sides in turn.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import rensa
from datasketch import MinHash

from babelmill.format import PERMUTATIONS
from benchmarks import inputs
from benchmarks.by_language import ByLanguage
from benchmarks.figures import Figure, report, version, write
from benchmarks.harness import cpu_seconds, in_turn, on_one_core, rounds
from benchmarks.peers.handrolled import UNSPACED, shingles, signatures
from transforms.jaccard import shingle_sets
from transforms.minhash import SEED, sign

PACKAGES = ("datasketch", "numba", "numpy", "pyarrow", "rensa")
SIDES = ("ours", "datasketch", "rensa", "rensa_text")
MEGABYTES = 40.0
"""Of datasketch, more would take minutes."""


class Round(NamedTuple):
    """CPU seconds by side and language, and how many signatures are not datasketch's, where that was compared."""

    seconds: dict[str, dict[str, float]]
    differing: int


def measure(number: int, texts: Path) -> Round:
    """One round over the texts of a file."""
    on_one_core()
    columns = inputs.read(texts)
    sign(inputs.first(columns))
    seconds: dict[str, dict[str, float]] = {side: {} for side in SIDES}
    differing = 0
    for place, (code, column) in enumerate(columns.items()):
        sides, found = sides_of(column, spaced=code not in UNSPACED), {}
        for side in in_turn(SIDES, number + place):
            seconds[side][code], found[side] = cpu_seconds(sides[side])
        if number == 0:
            expected = np.stack([one.hashvalues for one in found["datasketch"]])
            differing += int((expected != found["ours"]).any(axis=1).sum())
    return Round(seconds, differing)


def sides_of(column: pa.StringArray, *, spaced: bool) -> dict[str, Callable[[], Any]]:
    """What is measured in one language; what the peers need is made beforehand."""
    documents = column.to_pylist()
    values, offsets = shingle_sets(column)
    hashes, starts = (values >> np.uint64(32)).astype(np.uint32), offsets.astype(np.uint64)
    sets = np.split(hashes, offsets[1:-1])
    return {
        "ours": lambda: sign(column).minhash,
        "datasketch": lambda: MinHash.bulk(sets, num_perm=PERMUTATIONS, seed=SEED, hashfunc=int, scheme="affine32"),
        "rensa": lambda: rensa.RMinHash.digest_matrix_from_flat_token_hashes(values, starts, PERMUTATIONS, SEED),
        "rensa_text": lambda: signatures(*shingles(documents, spaced=spaced)),
    }


def figures(measured: ByLanguage, differing: int, documents: int) -> list[Figure]:
    """The rows for the table."""
    datasketch, rensa = (f"{name} {version(name)}" for name in ("datasketch", "rensa"))
    return [
        measured.figure(
            "datasketch",
            "MinHash, 128 values: from text, against `MinHash.bulk` from ready shingles",
            "ours",
            "datasketch",
            peer=datasketch,
            at_least=10,
        ),
        measured.figure(
            "rensa_text", "MinHash, 128 values: from text, both", "ours", "rensa_text", peer=rensa, at_least=2
        ),
        measured.figure(
            "rensa",
            "MinHash, 128 values: from text, against R-MinHash from ready shingles",
            "ours",
            "rensa",
            peer=rensa,
        ),
        Figure(
            name="differences",
            what="documents of which a MinHash value is not datasketch's",
            text=f"{differing:,} of {documents:,}",
        ),
    ]


def main() -> None:
    parser = inputs.parser("MinHash signatures against datasketch and rensa.", megabytes=MEGABYTES)
    parser.add_argument("corpora", type=Path, help="folder with xx.txt.xz")
    options = inputs.parse(parser)
    texts = inputs.texts_file(options)
    columns = inputs.read(texts)
    found = list(rounds(measure, options.repetitions, texts))
    sizes = {code: inputs.megabytes(column) for code, column in columns.items()}
    measured = ByLanguage(sizes, [one.seconds for one in found])
    documents = sum(map(len, columns.values()))
    write(
        report(
            "minhash",
            "CORPORA",
            figures(measured, found[0].differing, documents),
            machine=options.machine,
            packages=PACKAGES,
            inputs={"documents": documents, "MB": round(sum(sizes.values()), 1)},
            details={"MB/s": measured.medians()},
        ),
        options.results,
    )


if __name__ == "__main__":
    main()
