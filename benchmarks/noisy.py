"""How a run over the noisy corpora did, judged by what is known of them.

    python -m benchmarks.noisy work noisy/truth                              # every language: about two minutes
    python -m benchmarks.noisy work noisy/truth --languages de ja km hi el --json noisy.json

`work` is the finished work directory of a run over `noisy/cc-100`; line k of `noisy/truth/xx.jsonl` says what document
k of `noisy/cc-100/xx.txt.xz` is: `kind` original, exact, near or foreign, and which document it was made `of`. Four
tables come out, in Markdown:

1. Duplicates against brute force: texts that are equal when Python folds them, and the true Jaccard similarity of all
   pairs of a language. Nothing here comes from signatures.
2. Copies by truth: how many were joined with their original.
3. Documents of other languages: how many `clean` caught. One of which half the shingles occur in the file's originals
   too, such as an English page that nobody translated, cannot be told from them and is counted as `native`.
4. Originals that `clean` lost, and how much of each is English: a `page` if half its shingles occur in the English
   originals, a `part` if a tenth do.

Exits with 1 when exact duplicates are left, fewer than 99 % of the pairs at the threshold end in one cluster, or fewer
than 99 % of the documents removed resemble another one of their cluster.
"""

from __future__ import annotations

import argparse
import json
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numba import njit

from babelmill.format import read_manifest
from benchmarks.figures import Figure, report, write
from benchmarks.harness import machine
from transforms.jaccard import jaccard, shingle_sets
from transforms.journal import Record
from transforms.manifest import records_of
from transforms.shingles import NO_SPACES
from transforms.storage import WorkDirectory

BAR = 0.99
"""Least share of the pairs found, and of the removals that are right."""

JUDGED = (("pairs_joined", "pairs"), ("unequal_joined", "unequal_pairs"), ("removed_rightly", "removed"))
"""Columns whose share the bar is for: part and whole."""

EDITS = (0.01, 0.03, 0.06)
"""Shares of words edited in near copies."""

REASONS = ("script", "language", "language_score")

Row = dict[str, Any]


@dataclass(frozen=True)
class Documents:
    """The n documents of one language's file, and what a run made of them.

    Attributes:
        words: tokens in a shingle.
        texts: string[n], cleaned.
        own: float32 (n,), probability of the file's language; NaN where the model does not know it.
        reason: str (n,), why `clean` rejected each; "" where it stays.
        cluster: int64 (n,), index of the document that stays for each, its own where it stays itself.
        truth: n objects of the truth file.
    """

    words: int
    texts: pa.StringArray
    own: np.ndarray
    reason: np.ndarray
    cluster: np.ndarray
    truth: Sequence[Mapping[str, Any]]

    @property
    def kept(self) -> np.ndarray:
        """bool (n,): whether `clean` kept a document."""
        return self.reason == ""

    def of_kind(self, kind: str) -> np.ndarray:
        """bool (n,): whether the truth says `kind`."""
        return np.array([truth["kind"] == kind for truth in self.truth], bool)

    @cached_property
    def shingle_sets(self) -> tuple[np.ndarray, np.ndarray]:
        """Values and offsets of the documents' sets of shingles, as of `jaccard.shingle_sets`."""
        return shingle_sets(self.texts, words=self.words)


def records_by_code(work: WorkDirectory) -> dict[str, list[Record]]:
    """The records of `clean`, by the corpus's code of the language."""
    found = defaultdict(list)
    for record in records_of(work, "clean/manifest.json"):
        if record.failure is None:
            found[record.name.split("/")[1]].append(record)
    return dict(found)


def read_documents(work: WorkDirectory, records: Sequence[Record], truth: Path, *, words: int) -> Documents:
    """Read what a run made of one language's file.

    Args:
        work: the work directory.
        records: of `clean`, of the language's parts in order.
        truth: the language's truth file.
        words: tokens in a shingle.
    """
    parts = [work.map_arrow(record.files["part"]).read_all() for record in records]
    table = pa.concat_tables(parts).select(["document", "text", "own"]).combine_chunks()
    starts = dict(zip((record.name for record in records), np.cumsum([0, *map(len, parts)]).tolist(), strict=False))
    reason, cluster = np.full(len(table), "", object), np.arange(len(table))
    for record in records:
        if "rejects" in record.files:
            rejects = work.map_arrow(record.files["rejects"]).read_all()
            reason[starts[record.name] + rejects.column("row").to_numpy()] = rejects.column("reason").to_pylist()
    for record in records_of(work, "dedup/manifest.json"):
        if record.name in starts:
            removals = work.map_arrow(record.files["removals"]).read_all()
            survivors = (name.rsplit("#", 1) for name in removals.column("survivor").to_pylist())
            places = [starts[part] + int(row) for part, row in survivors]
            cluster[starts[record.name] + removals.column("row").to_numpy()] = places
    lines = truth.read_text(encoding="utf-8").splitlines()
    return Documents(
        words=words,
        texts=pa.concat_arrays(table.column("text").chunks),
        own=table.column("own").to_numpy(),
        reason=reason,
        cluster=cluster,
        truth=[json.loads(lines[number]) for number in table.column("document").to_pylist()],
    )


class Folding(dict):
    """What `str.translate` makes of characters for comparison, by Python's Unicode data; filled as they come."""

    def __missing__(self, point: int) -> str | None:
        character, category = chr(point), unicodedata.category(chr(point))
        self[point] = " "
        if category == "Cf" or 0xFE00 <= point <= 0xFE0F or 0xE0100 <= point <= 0xE01EF:
            self[point] = None
        elif category[0] in "LMN":
            folded = character.casefold()
            folded = folded if len(folded) == 1 else character.lower()[0]
            alone = any(first <= point <= last for first, last in NO_SPACES)
            self[point] = f" {folded} " if alone else folded
        return self[point]


def exact_duplicates(documents: Documents) -> Row:
    """Copies among the texts that `clean` kept, by folded text, and how many of them are left."""
    folding = Folding()
    copies, left = Counter[str](), Counter[str]()
    for number in np.flatnonzero(documents.kept).tolist():
        text = documents.texts[number].as_py()
        folded = " ".join(text.translate(folding).split()) or text
        copies[folded] += 1
        left[folded] += documents.cluster[number] == number
    return {
        "copies": sum(count - 1 for count in copies.values()),
        "copies_left": sum(max(0, count - 1) for count in left.values()),
    }


def near_duplicates(documents: Documents, threshold: float) -> Row:
    """All pairs of a true similarity of at least the threshold among what `clean` kept, and what became of them."""
    kept = np.flatnonzero(documents.kept)
    left, right, similarity = true_pairs(documents.texts.take(pa.array(kept)), threshold, words=documents.words)
    left, right, differ = kept[left], kept[right], similarity < 1
    joined = documents.cluster[left] == documents.cluster[right]
    removed = np.flatnonzero(documents.cluster != np.arange(documents.cluster.size))
    alike = np.union1d(left[joined], right[joined])
    return {
        "pairs": left.size,
        "pairs_joined": int(joined.sum()),
        "unequal_pairs": int(differ.sum()),
        "unequal_joined": int(joined[differ].sum()),
        "removed": removed.size,
        "removed_rightly": int(np.isin(removed, alike).sum()),
    }


def true_pairs(texts: pa.StringArray, threshold: float, *, words: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All pairs of texts whose sets of shingles have a Jaccard similarity of at least `threshold`: an inverted index.

    Returns:
        left, right: int64 (m,), indices of texts, left > right.
        similarity: float64 (m,).
    """
    values, offsets = shingle_sets(texts, words=words)
    terms, numbers = np.unique(values, return_inverse=True)
    owners = np.repeat(np.arange(len(texts)), np.diff(offsets))
    order = np.argsort(numbers, kind="stable")
    starts = np.searchsorted(numbers[order], np.arange(terms.size + 1))
    return _true_pairs(numbers, offsets, owners[order], starts, threshold)


@njit(cache=True, nogil=True)
def _true_pairs(numbers, offsets, postings, starts, threshold):
    """For each text count the shingles that it shares with each earlier one."""
    sizes, shared = np.diff(offsets), np.zeros(offsets.shape[0] - 1, np.int64)
    left, right, similarity = [np.int64(0)], [np.int64(0)], [0.0]  # a first item, for numba to know the types
    for text in range(sizes.shape[0]):
        shared[:text] = 0
        for number in numbers[offsets[text] : offsets[text + 1]]:
            place = starts[number]
            while postings[place] < text:
                shared[postings[place]] += 1
                place += 1
        for other in range(text):
            alike = shared[other] / (sizes[text] + sizes[other] - shared[other])
            if alike >= threshold:
                left.append(text)
                right.append(other)
                similarity.append(alike)
    return np.array(left)[1:], np.array(right)[1:], np.array(similarity)[1:]


def copies_by_truth(documents: Documents, threshold: float) -> Row:
    """Copies by how much they were edited, where `clean` kept both: how many, how many similar, how many joined."""
    original = {truth["of"]: number for number, truth in enumerate(documents.truth) if truth["kind"] == "original"}
    copies = np.flatnonzero(documents.kept & (documents.of_kind("exact") | documents.of_kind("near"))).tolist()
    pairs = [(number, original[documents.truth[number]["of"]]) for number in copies]
    left, right = np.array([pair for pair in pairs if documents.kept[pair[1]]], np.int64).reshape(-1, 2).T
    edits = np.array([documents.truth[number]["edit"] for number in left.tolist()])
    similar = jaccard(*documents.shingle_sets, left, right) >= threshold
    joined = documents.cluster[left] == documents.cluster[right]
    row: Row = {}
    for edit in (0.0, *EDITS):
        name, chosen = f"edit_{edit:.0%}" if edit else "exact", edits == edit
        row |= {name: int(chosen.sum()), f"{name}_similar": int(similar[chosen].sum())}
        row |= {f"{name}_joined": int(joined[chosen].sum())}
    return row


def foreign_documents(documents: Documents, similar: np.ndarray) -> Row:
    """Documents of other languages: what caught them, and what was not caught.

    Args:
        documents: of one file.
        similar: float64 (n,), the share of each document's shingles that occur in the file's originals.
    """
    foreign = documents.of_kind("foreign")
    through = foreign & documents.kept
    return {
        "documents": int(foreign.sum()),
        "caught": int((foreign & ~documents.kept).sum()),
        **_reasons(documents.reason[foreign]),
        "through": int(through.sum()),
        "native": int((through & (similar >= 0.5)).sum()),
    }


def lost_originals(documents: Documents, english: np.ndarray) -> Row:
    """Originals that `clean` rejected, by reason and by how much of them is English.

    `own_label` counts those among them to which the model gives their own language with a probability of at least 0.5.

    Args:
        documents: of one file.
        english: float64 (n,), the share of each document's shingles that occur in the English originals.
    """
    lost = documents.of_kind("original") & ~documents.kept
    return {
        "documents": int(documents.of_kind("original").sum()),
        "lost": int(lost.sum()),
        **_reasons(documents.reason[lost]),
        "english_page": int((lost & (english >= 0.5)).sum()),
        "english_part": int((lost & (english >= 0.1) & (english < 0.5)).sum()),
        "not_english": int((lost & (english < 0.1)).sum()),
        "own_label": int((lost & (documents.own >= 0.5)).sum()),
    }


def _reasons(reasons: Iterable[str]) -> Row:
    counts = Counter(reason for reason in reasons if reason)
    known = {reason: counts.pop(reason, 0) for reason in REASONS}
    return {**known, "other": sum(counts.values())}


def originals_shingles(documents: Documents) -> np.ndarray:
    """The distinct shingles of a file's originals, uint64, sorted."""
    values, offsets = documents.shingle_sets
    return np.unique(values[np.repeat(documents.of_kind("original"), np.diff(offsets))])


def known_share(documents: Documents, known: np.ndarray) -> np.ndarray:
    """The share of each document's shingles that are among `known` (uint64, sorted): float64 (n,)."""
    values, offsets = documents.shingle_sets
    hits = known[np.searchsorted(known[:-1], values)] == values if known.size else np.zeros(values.size, bool)
    return np.add.reduceat(hits, offsets[:-1]) / np.diff(offsets)


def evaluate(work: WorkDirectory, truth: Path, *, languages: Sequence[str] | None) -> dict[str, list[Row]]:
    """All four tables, a row a language, one language in memory at a time.

    Args:
        work: the work directory.
        truth: folder of the truth files.
        languages: those to compare by brute force; None: all.
    """
    records, parameters = records_by_code(work), read_manifest(work.path("dedup/manifest.json"))["parameters"]
    threshold = parameters["threshold"]

    def read(code: str) -> Documents:
        return read_documents(work, records[code], truth / f"{code}.jsonl", words=parameters["shingle"])

    english = originals_shingles(read("en")) if "en" in records else np.zeros(0, np.uint64)
    tables: dict[str, list[Row]] = {"duplicates": [], "copies": [], "foreign": [], "originals": []}
    for code in sorted(records):
        documents, file = read(code), {"file": code}
        if languages is None or code in languages:
            kept = {"kept": int(documents.kept.sum())}
            near = near_duplicates(documents, threshold)
            tables["duplicates"].append({**file, **kept, **exact_duplicates(documents), **near})
        native = known_share(documents, originals_shingles(documents))
        tables["copies"].append({**file, **copies_by_truth(documents, threshold)})
        tables["foreign"].append({**file, **foreign_documents(documents, native)})
        tables["originals"].append({**file, **lost_originals(documents, known_share(documents, english))})
    return {name: [*rows, _total(rows)] for name, rows in tables.items()}


def _total(rows: Sequence[Row]) -> Row:
    return {key: "all" if key == "file" else sum(row[key] for row in rows) for key in rows[0]}


def misses(duplicates: Sequence[Row]) -> list[str]:
    """What is under its bar, in words."""
    found = []
    for row in duplicates:
        if row["copies_left"]:
            found.append(f"{row['file']}: {row['copies_left']} exact duplicates are left")
        for part, whole in JUDGED:
            if row[part] < BAR * row[whole]:
                found.append(f"{row['file']}: {part} {row[part]} of {row[whole]}, under {BAR:.0%}")
    return found


def markdown(rows: Sequence[Row]) -> str:
    """A table in Markdown."""
    lines = [[key.replace("_", " ") for key in rows[0]], ["---", *(["--:"] * (len(rows[0]) - 1))]]
    lines += [[f"{value:,}" if isinstance(value, int) else str(value) for value in row.values()] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def figures(tables: Mapping[str, Sequence[Row]], threshold: float) -> list[Figure]:
    """The rows for the README, over all languages."""
    duplicates, copies, foreign = (tables[name][-1] for name in ("duplicates", "copies", "foreign"))
    compared = len(tables["duplicates"]) - 1

    alike = f"of a Jaccard similarity of {threshold} or more"
    wanted = (
        ("pairs", f"pairs {alike}, by brute force, {compared} languages: in one cluster", duplicates, "joined"),
        ("removed", f"documents removed: another one of the cluster is {alike}", duplicates, "rightly"),
        ("exact", "planted exact copies whose original was kept: in one cluster", copies, "joined"),
    )
    rows = [(name, what, row[f"{name}_{part}"], row[name]) for name, what, row, part in wanted]
    rows.append(("foreign", "planted documents of another language: rejected", foreign["caught"], foreign["documents"]))
    return [Figure(name=name, what=what, text=f"{part:,} of {whole:,}") for name, what, part, whole in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description="Judge a run over the noisy corpora by what is known of them.")
    parser.add_argument("work", type=Path, help="finished work directory of a run over noisy/cc-100")
    parser.add_argument("truth", type=Path, help="the folder noisy/truth")
    parser.add_argument("--languages", nargs="+", metavar="CODE", help="compare these by brute force; default: all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the tables here as well")
    parser.add_argument("--results", type=Path, metavar="DIR", help="write the README's figures here")
    options = parser.parse_args()
    tables = evaluate(WorkDirectory(options.work), options.truth, languages=options.languages)
    for name, rows in tables.items():
        print(f"### {name.capitalize()}\n\n{markdown(rows)}\n")
    if options.json:
        options.json.write_text(json.dumps(tables, indent=1) + "\n", encoding="utf-8")
    if options.results:
        threshold = read_manifest(options.work / "dedup/manifest.json")["parameters"]["threshold"]
        found = figures(tables, threshold)
        write(report("noisy", "WORK noisy/truth", found, machine=machine(), packages=("numba",)), options.results)
    missed = misses(tables["duplicates"])
    sys.exit("\n".join(missed) if missed else 0)


if __name__ == "__main__":
    main()
