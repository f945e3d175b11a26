"""From .xz to documents in Arrow columns, against the standard library.

    python -m benchmarks.decoding CORPORA

The peer is what one writes in Python: `lzma.decompress` of a whole file, `split` at blank lines, `pa.array` of the
pieces. Babelmill streams, so that it never holds more of a file than a batch, and it numbers documents, knows CRLF and
hashes what it reads (sha256). Both decode with liblzma, which takes most of the time; so they are also compared on the
same files decoded beforehand.

A round is a process bound to one core. It goes through the files one by one, the sides in turn.
"""

from __future__ import annotations

import lzma
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from benchmarks import inputs
from benchmarks.by_language import ByLanguage, Round
from benchmarks.figures import report, write
from benchmarks.harness import cpu_seconds, in_turn, on_one_core, rounds
from transforms.documents import Decoder

PACKAGES = ("numba", "numpy", "pyarrow")
MEGABYTES = 100.0


def measure(number: int, sources: Mapping[str, Path]) -> Round:
    """One round: CPU seconds by side and language."""
    on_one_core()
    seconds: dict[str, dict[str, float]] = {side: {} for side in ("xz", "xz_python", "plain", "plain_python")}
    documents(min(sources.values(), key=lambda path: path.stat().st_size))
    for place, (code, path) in enumerate(sources.items()):
        with tempfile.NamedTemporaryFile(suffix=".txt") as plain:
            plain.write(lzma.decompress(path.read_bytes()))
            plain.flush()
            for kind, source in (("xz", path), ("plain", Path(plain.name))):
                for side, decode in in_turn(
                    ((kind, documents), (f"{kind}_python", documents_by_python)), number + place
                ):
                    seconds[side][code], _ = cpu_seconds(decode, source)
    return seconds


def documents(path: Path) -> int:
    """Decode a file to record batches; the number of documents."""
    return sum(batch.num_rows for batch in Decoder(path))


def documents_by_python(path: Path) -> int:
    """The same in Python."""
    data = path.read_bytes()
    return len(pa.array((lzma.decompress(data) if path.suffix == ".xz" else data).split(b"\n\n"), pa.binary()))


def chosen(sources: Mapping[str, Path], most: float | None) -> dict[str, Path]:
    """Files that have `most` MB together when they are decoded; the least files do, if they have more."""
    found: dict[str, Path] = {}
    left = most if most is not None else float("inf")
    for code, path in sorted(sources.items(), key=lambda item: item[1].stat().st_size):
        if not found or left > 0:
            found[code] = path
            left -= inputs.decoded_megabytes(path)
    return found


def main() -> None:
    parser = inputs.parser("From .xz to documents, against the standard library.", megabytes=MEGABYTES)
    parser.add_argument("corpora", type=Path, help="folder with xx.txt.xz")
    options = inputs.parse(parser)
    sources = chosen(inputs.files(options.corpora, options.languages), options.megabytes)
    measured = ByLanguage(
        {code: inputs.decoded_megabytes(path) for code, path in sources.items()},
        list(rounds(measure, options.repetitions, sources)),
    )
    figures = [
        measured.figure("xz", "decoding, .xz to documents", "xz", "xz_python", peer="lzma, split, pa.array"),
        measured.figure("plain", "decoding, bytes to documents", "plain", "plain_python", peer="split, pa.array"),
    ]
    write(
        report(
            "decoding",
            "CORPORA",
            figures,
            machine=options.machine,
            packages=PACKAGES,
            inputs={"files": len(sources), "MB": round(sum(measured.megabytes.values()), 1)},
            details={"MB/s": measured.medians()},
        ),
        options.results,
    )


if __name__ == "__main__":
    main()
