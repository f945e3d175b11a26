"""The script that a good engineer writes instead: CC-100's files to token shards, on a pool of processes.

    python benchmarks/peers/handrolled.py IN OUT --model spm.model --lid lid.176.ftz --workers 2

It has the libraries that are fastest at each step, and uses them as they are used best: whole columns to a call where
the library takes them, numpy instead of Python objects, the cheap steps before the dear ones. Nothing here is
Babelmill's. For each file, largest first, a process

1. decodes xz (`lzma`), splits documents at blank lines, brings them to NFC;
2. drops documents that are too short, and exact duplicates (xxhash, 128 bits), before anything is spent on them;
3. asks fastText for the language and keeps what is the file's own (`fasttext-numpy2`, the fastest build of fastText);
4. drops near duplicates: shingles of five words, or five characters where words are not spaced, by rolling hashes in
   numpy; R-MinHash in `rensa`, given the hashes as one array; bands; and the estimate for each pair that meets;
5. encodes with `sentencepiece` in batches, shuffles, and writes Arrow files.

A language is one process's from beginning to end, so nothing is sent between processes and nobody waits; with dozens of
files, the largest first, all processes are busy to the end.

What Babelmill does and this does not: scripts; spaces and invisible characters inside of a text; Unicode case folding;
exact Jaccard similarity of doubtful pairs; a rule for who stays; manifests, checksums and resume; the same bytes in
every run; memory that does not grow with a file.
"""

from __future__ import annotations

import argparse
import json
import lzma
import multiprocessing
import time
import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import fasttext
import numpy as np
import pyarrow as pa
import rensa
import sentencepiece
import xxhash

PERMUTATIONS, BANDS, WIDTH = 128, 25, 5
SHINGLE = 5
SHORTEST = 10
ENCODED = 2048
"""Documents in a call of SentencePiece, and rows in a record batch."""

UNSPACED = {"dz", "ja", "km", "lo", "my", "th", "zh-Hans", "zh-Hant"}
LABELS = {"no": {"no", "nn"}, "hr": {"hr", "bs", "sr", "sh"}, "id": {"id", "ms"}}
"""Labels of lid.176 that count as a language, where they are not the language's own alone."""

NEARLY_CERTAIN = 0.95
"""Probability of another language that rejects a document of a language which the model does not know."""

SCHEMA = pa.schema([("input_ids", pa.list_(pa.int32())), ("language", pa.string()), ("document", pa.int64())])
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to do with a file: where to write, the models, and the thresholds of language and similarity."""

    out: Path
    model: str
    lid: str
    language_threshold: float
    similarity: float
    shard_tokens: int


@cache
def language_model(path: str) -> Any:
    """fastText's model, loaded once a process."""
    return fasttext.load_model(path)


@cache
def known_labels(path: str) -> frozenset[str]:
    """Labels that the model has."""
    return frozenset(label.removeprefix("__label__") for label in language_model(path).get_labels())


@cache
def processor(path: str) -> sentencepiece.SentencePieceProcessor:
    """SentencePiece's model, loaded once a process."""
    return sentencepiece.SentencePieceProcessor(model_file=path)


def documents(path: Path) -> tuple[list[str], int]:
    """The documents of a file, in NFC and without spaces at both ends, and how many bytes it decodes to."""
    data = lzma.decompress(path.read_bytes())
    texts = [text.strip() for text in data.decode("utf-8", "replace").split("\n\n")]
    normal = unicodedata.is_normalized
    return [text if normal("NFC", text) else unicodedata.normalize("NFC", text) for text in texts], len(data)


def first_copies(texts: list[str]) -> np.ndarray:
    """int64[n]: the first document of each text that is long enough."""
    seen: dict[bytes, int] = {}
    for number, text in enumerate(texts):
        if len(text) >= SHORTEST:
            seen.setdefault(xxhash.xxh3_128_digest(text.encode()), number)
    return np.fromiter(seen.values(), np.int64, len(seen))


def in_language(texts: list[str], code: str, job: Job) -> np.ndarray:
    """bool[n]: which documents fastText takes for the file's language."""
    found, scores = language_model(job.lid).predict([text.replace("\n", " ") for text in texts])
    labels = np.array([label[0].removeprefix("__label__") if label else "" for label in found])
    score = np.array([float(score[0]) if len(score) else 0.0 for score in scores])
    own = LABELS.get(code, {code.split("-")[0]})
    if not own & known_labels(job.lid):
        return score < NEARLY_CERTAIN
    return np.isin(labels, list(own)) & (score >= job.language_threshold)


def shingles(texts: list[str], *, spaced: bool) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of all documents' shingles.

    Python's own hash of a word is the fastest there is, and the same for as long as the process lives: long enough,
    where a language is compared within one process.

    Returns:
        uint64[shingles], those of all documents one after the other; uint64[n + 1], where each document's begin.
    """
    if spaced:
        words = [text.lower().split() for text in texts]
        counts = np.fromiter(map(len, words), np.int64, len(words))
        tokens = np.fromiter(map(hash, chain.from_iterable(words)), np.int64, counts.sum()).view(np.uint64)
    else:
        dense = ["".join(text.split()) for text in texts]
        counts = np.fromiter(map(len, dense), np.int64, len(dense))
        tokens = np.frombuffer("".join(dense).encode("utf-32-le"), np.uint32).astype(np.uint64)
    windows = np.maximum(counts - SHINGLE + 1, np.minimum(counts, 1))
    starts, offsets = _before(counts), _before(windows)
    # Window w of a document begins at its token w; what a short document lacks is read from token 0 and taken as 0.
    inside = np.arange(offsets[-1]) - np.repeat(offsets[:-1], windows)
    first = np.repeat(starts[:-1], windows) + inside
    last = np.repeat(starts[1:], windows)
    values = np.zeros(first.size, np.uint64)
    for place in range(SHINGLE):
        there = first + place < last
        values = values * _FACTOR + np.where(there, tokens[np.where(there, first + place, 0)], 0)
    return values, offsets.astype(np.uint64)


def _before(counts: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(counts)])


def signatures(values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """uint32[n, 128]: R-MinHash of sets of hashes."""
    matrix = rensa.RMinHash.digest_matrix_from_flat_token_hashes(values, offsets, PERMUTATIONS, 1)
    return np.array(matrix.to_rows(), np.uint32)


def near_duplicates(signed: np.ndarray, similarity: float) -> np.ndarray:
    """bool[n]: which documents resemble an earlier one with which they share a band."""
    duplicate = np.zeros(len(signed), bool)
    for band in range(BANDS):
        keys = np.ascontiguousarray(signed[:, WIDTH * band : WIDTH * (band + 1)]).view(f"V{4 * WIDTH}")[:, 0]
        _, first, group = np.unique(keys, return_index=True, return_inverse=True)
        later = np.flatnonzero(first[group] != np.arange(len(signed)))
        later = later[~duplicate[later]]
        alike = (signed[later] == signed[first[group[later]]]).mean(axis=1)
        duplicate[later[alike >= similarity]] = True
    return duplicate


def write(texts: list[str], numbers: np.ndarray, code: str, job: Job) -> int:
    """Encode documents, shuffle them and write their shards; the number of tokens."""
    rows: list[np.ndarray] = []
    for start in range(0, len(texts), ENCODED):
        rows += processor(job.model).encode(texts[start : start + ENCODED], out_type="numpy", num_threads=1)
    order = np.random.default_rng(1).permutation(len(rows))
    lengths = np.array([rows[row].size for row in order], np.int64)
    shard = np.cumsum(lengths) // job.shard_tokens
    for number in np.unique(shard):
        chosen = order[shard == number]
        with pa.OSFile(str(job.out / f"{code}-{number:05}.arrow"), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as file:
            for start in range(0, len(chosen), ENCODED):
                file.write_batch(_batch(rows, numbers, chosen[start : start + ENCODED], code))
    return int(lengths.sum())


def _batch(rows: list[np.ndarray], numbers: np.ndarray, chosen: np.ndarray, code: str) -> pa.RecordBatch:
    offsets = _before(np.array([rows[row].size for row in chosen], np.int64)).astype(np.int32)
    ids = pa.ListArray.from_arrays(_array(offsets), _array(np.concatenate([rows[row] for row in chosen])))
    return pa.record_batch([ids, pa.repeat(code, len(chosen)), _array(numbers[chosen])], schema=SCHEMA)


def _array(values: np.ndarray) -> pa.Array:
    # Not pa.array: where pandas is installed it imports it first, which takes each process a second.
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)])


def process(path: Path, job: Job) -> dict:
    """One file, from xz to shards."""
    code = path.name.split(".")[0]
    texts, size = documents(path)
    kept = first_copies(texts)
    kept = kept[in_language([texts[number] for number in kept], code, job)]
    if kept.size:
        signed = signatures(*shingles([texts[number] for number in kept], spaced=code not in UNSPACED))
        kept = kept[~near_duplicates(signed, job.similarity)]
    tokens = write([texts[number] for number in kept], kept, code, job) if kept.size else 0
    return {"language": code, "bytes": size, "documents": len(texts), "kept": len(kept), "tokens": tokens}


def _process(task: tuple[Path, Job]) -> dict:
    return process(*task)


def main() -> None:
    parser = argparse.ArgumentParser(description="CC-100's files to token shards, on a pool of processes.")
    parser.add_argument("folder", type=Path, help="holds xx.txt.xz")
    parser.add_argument("out", type=Path, help="folder for the shards")
    parser.add_argument("--model", required=True, help="SentencePiece model")
    parser.add_argument("--lid", required=True, help="fastText model")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--language-threshold", type=float, default=0.5)
    parser.add_argument("--similarity", type=float, default=0.8)
    parser.add_argument("--shard-tokens", type=int, default=4_000_000)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    job = Job(
        out=options.out,
        model=options.model,
        lid=options.lid,
        language_threshold=options.language_threshold,
        similarity=options.similarity,
        shard_tokens=options.shard_tokens,
    )
    start = time.perf_counter()
    files = sorted(options.folder.glob("*.txt.xz"), key=lambda path: -path.stat().st_size)
    with multiprocessing.get_context("fork").Pool(options.workers) as pool:
        done = list(pool.imap_unordered(_process, [(path, job) for path in files]))
    totals = {key: sum(one[key] for one in done) for key in ("bytes", "documents", "kept", "tokens")}
    print(json.dumps({**totals, "seconds": time.perf_counter() - start}))


if __name__ == "__main__":
    main()
