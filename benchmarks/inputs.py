"""What the benchmarks measure on, made from a folder of texts, and the options that they share.

The folder is laid out as CC-100 is: `xx.txt.xz` for each language. What is made of it (cleaned texts, a vocabulary) is
kept in a cache folder under a name that depends on the files, so it is made once.
"""

from __future__ import annotations

import argparse
import lzma
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from babelmill.format import digest
from benchmarks.figures import RESULTS
from benchmarks.harness import REPETITIONS, ROOT, machine
from transforms.documents import Decoder
from transforms.normalise import normalise
from transforms.parts import byte_lengths
from transforms.storage import sha256_of
from vocab.training import TrainingOptions, train

SUFFIX = ".txt.xz"
SAMPLE_MEGABYTES = 34
"""Text that a vocabulary is trained on."""

QUICK = 3
"""MB of text with `--quick`."""


def parser(what: str, *, megabytes: float | None = None) -> argparse.ArgumentParser:
    """A parser of the options that benchmarks share.

    Args:
        what: it says to a person who asks for help.
        megabytes: text to measure on, by default; None: all there is.
    """
    found = argparse.ArgumentParser(description=what, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("--repetitions", type=int, default=REPETITIONS, metavar="N", help=f"rounds; {REPETITIONS}")
    found.add_argument(
        "--megabytes", type=float, default=megabytes, help=f"text to measure on; {megabytes or 'all there is'}"
    )
    found.add_argument("--languages", nargs="+", metavar="CODE", help="only these; all")
    found.add_argument("--cache", type=Path, default=ROOT / "build/benchmarks", help="keeps inputs; build/benchmarks")
    found.add_argument("--results", type=Path, default=RESULTS, help="where figures go; benchmarks/results")
    found.add_argument(
        "--quick", action="store_true", help="two rounds on little text, only to see that it works; figures go to CACHE"
    )
    return found


def parse(found: argparse.ArgumentParser) -> argparse.Namespace:
    """The options of the command line, and `machine`, as it is before anything is measured."""
    options = found.parse_args()
    options.machine = machine()
    options.cache = options.cache.resolve()
    if options.quick:
        options.repetitions, options.megabytes = 2, QUICK
        options.results = options.cache / "quick"
    options.cache.mkdir(parents=True, exist_ok=True)
    return options


def files(folder: Path, languages: list[str] | None = None) -> dict[str, Path]:
    """The files of a folder by language.

    Raises:
        FileNotFoundError: it has none, or not one of a language that is asked for.
    """
    found = {path.name.removesuffix(SUFFIX): path for path in sorted(folder.glob(f"*{SUFFIX}"))}
    missing = sorted(set(languages or ()) - found.keys())
    if missing or not found:
        wanted = f"{', '.join(f'{code}{SUFFIX}' for code in missing) or f'*{SUFFIX}'}"
        raise FileNotFoundError(f"{folder} has no {wanted}; give a folder with a file for each language, as CC-100 has")
    return {code: path for code, path in found.items() if not languages or code in languages}


def raw(path: Path) -> pa.BinaryArray:
    """The documents of a file as they are in it."""
    batches = [batch.column("text") for batch in Decoder(path)]
    return pa.concat_arrays(batches)


def decoded_megabytes(path: Path) -> float:
    """MB that a file decodes to."""
    return len(lzma.decompress(path.read_bytes())) / 1e6


def texts_file(options: argparse.Namespace) -> Path:
    """The cleaned texts of `options.corpora`, in the cache: `--megabytes` of them, the same from every language.

    A language that has less gives all that it has, and the others more.
    """
    sources = files(options.corpora, options.languages)
    path = options.cache / f"texts-{_fingerprint(sources)}-{options.megabytes or 'all'}.arrow"
    if not path.exists():
        columns = {code: normalise(raw(source)).texts for code, source in sources.items()}
        sizes = {code: int(byte_lengths(column).sum()) for code, column in columns.items()}
        quota = even_quota(sizes, int(1e6 * options.megabytes)) if options.megabytes else max(sizes.values())
        _write(path, {code: first_bytes(column, quota) for code, column in columns.items()})
    return path


def _write(path: Path, columns: Mapping[str, pa.StringArray]) -> None:
    partial = path.with_suffix(".partial")
    schema = pa.schema([("text", pa.string())])
    with pa.OSFile(str(partial), "wb") as sink, pa.ipc.new_file(sink, schema) as file:
        for code, column in columns.items():
            file.write_batch(pa.record_batch([column], schema=schema), {"language": code})
    partial.replace(path)


def even_quota(sizes: Mapping[str, int], total: int) -> int:
    """The most that each may give so that all together give `total`; those that have less give all that they have."""
    left, quota = total, 0
    for place, size in enumerate(sorted(sizes.values())):
        quota = left // (len(sizes) - place)
        if size > quota:
            return quota
        left -= size
    return max(sizes.values())


def first_bytes(texts: pa.StringArray, quota: int) -> pa.StringArray:
    """The first documents that together have at most `quota` bytes, and one at least."""
    ends = np.cumsum(byte_lengths(texts), dtype=np.int64)
    return texts[: max(1, int(np.searchsorted(ends, quota, side="right")))]


def read(path: Path) -> dict[str, pa.StringArray]:
    """The texts of a file of `texts_file` by language, mapped."""
    reader = pa.ipc.open_file(pa.memory_map(str(path)))
    found = {}
    for number in range(reader.num_record_batches):
        batch, metadata = reader.get_batch_with_custom_metadata(number)
        found[metadata[b"language"].decode()] = batch.column("text")
    return found


def first(columns: Mapping[str, pa.StringArray]) -> pa.StringArray:
    """One text, for a kernel to be compiled or loaded before the clock runs: mapped memory as the others."""
    return next(iter(columns.values()))[:1]


def megabytes(texts: pa.StringArray) -> float:
    """Size of some texts in MB of UTF-8."""
    return float(byte_lengths(texts).sum()) / 1e6


def vocabulary(options: argparse.Namespace, *, size: int) -> Path:
    """A unigram vocabulary of all languages, in the cache; training takes minutes, once."""
    sources = files(options.corpora, options.languages)
    megabytes = QUICK if options.quick else SAMPLE_MEGABYTES
    path = options.cache / f"unigram-{size}-{_fingerprint(sources)}-{megabytes}.model"
    if not path.exists():
        print(f"training a vocabulary of {size:,} pieces for {len(sources)} languages, once", flush=True)
        sample = argparse.Namespace(**{**vars(options), "megabytes": megabytes})
        documents = (text for column in read(texts_file(sample)).values() for text in column.to_pylist())
        trained = train(documents, options=TrainingOptions(size=size, hard_limit=False))
        path.write_bytes(trained.model)
    return path


def _fingerprint(sources: Mapping[str, Path]) -> str:
    return digest([[code, path.stat().st_size, sha256_of(path)] for code, path in sources.items()])[:12]
