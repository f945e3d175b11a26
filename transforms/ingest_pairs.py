"""From a bitext to raw parts: fetch what is far, read the pairs, cut into parts.

As with documents, parts are noted one by one as they are written, and a task that was cut off goes on after the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babelmill.format import Ledger, digest
from transforms.disk import sha256_once
from transforms.downloads import DOWNLOADS, Downloads, forget
from transforms.ingest import Parts, cut
from transforms.journal import PAIRS, Record, Task
from transforms.parallel.batches import ReadOptions
from transforms.parallel.bitext import Bitext
from transforms.parallel.reading import PairReader
from transforms.sources import SourceError
from transforms.storage import WorkDirectory

LONGEST_LINE = 256 << 20
"""Bound of `max_line_bytes`: two lines must fit into a batch of Arrow's."""


def stamp(work: WorkDirectory, bitext: Bitext) -> list[Any] | None:
    """What tells cheaply that a bitext has not been touched: address, size and time of each file that is read."""
    found = []
    for address, (_, name) in zip(bitext.addresses, download_names(bitext), strict=True):
        if bitext.local:
            try:
                status = Path(address).stat()
            except FileNotFoundError:
                return None
            found.append([address, status.st_size, status.st_mtime_ns])
        elif (mark := work.stamp(name)) is not None:
            found.append([address, *mark])
        else:
            return None
    return found


def download_names(bitext: Bitext) -> list[tuple[str, str]]:
    """Of each far file of a bitext what the lock file calls it, and its name in the work directory."""
    return [(f"{PAIRS}/{target}", f"{DOWNLOADS}/{PAIRS}/{target}") for target in bitext.targets]


@dataclass(frozen=True, kw_only=True)
class IngestBitext:
    """Does one task of `download` for pairs.

    The task's job: `bitext`, as `Bitext.to_json` gives it, and `min_score`; or `problem`, why there is none.

    Attributes:
        part_bytes: text in a part, of both sides, at least; a part ends with the pair that reaches it.
        max_line_bytes: a longer line is an error, since files of such lines are not aligned.
        downloads: how far files are fetched.
    """

    part_bytes: int
    max_line_bytes: int
    downloads: Downloads

    def __call__(self, work: WorkDirectory, task: Task) -> Record:
        """Fetch and read one bitext."""
        if "problem" in task.job:
            raise SourceError(task.job["problem"])
        bitext = Bitext.from_json(task.job["bitext"])
        paths = self._files(work, bitext)
        before, sha256 = stamp(work, bitext), [_sha256(path) for path in paths]
        parts = Parts(work, task.name, [before, task.parameters])
        reader = PairReader(bitext, paths, options=self._options(task.job["min_score"], parts.next_document))
        try:
            for batches in cut(iter(reader), self.part_bytes):
                parts.write(batches)
        except SourceError:
            if not bitext.local:
                # It may be a page of excuses that the server sent.
                for names in download_names(bitext):
                    forget(work, *names)
            raise
        pair, tally = "-".join(bitext.languages), reader.tally
        kept = sum(file.rows for file in parts.files)
        facts = {
            "language": pair,
            "languages": list(bitext.languages),
            "licence": reader.licence,
            "complete": tally.complete,
            "sha256": sha256,
            "stamp": before,
        }
        ledger = Ledger(
            documents=tally.documents, kept=kept, dropped=dict(sorted(tally.dropped.items())), bytes=parts.text_bytes
        )
        return Record(
            name=task.name,
            parameters=task.parameters,
            inputs=digest(sha256),
            files=parts.named,
            ledger={pair: ledger},
            facts=facts,
        )

    def _files(self, work: WorkDirectory, bitext: Bitext) -> Sequence[Path]:
        if bitext.local:
            return [Path(address) for address in bitext.addresses]
        named = zip(bitext.addresses, download_names(bitext), strict=True)
        return [self.downloads.get(work, key, address, name) for address, (key, name) in named]

    def _options(self, min_score: float | None, first_document: int) -> ReadOptions:
        return ReadOptions(
            batch_bytes=min(1 << 20, self.part_bytes),
            max_line_bytes=self.max_line_bytes,
            min_score=min_score,
            first_document=first_document,
        )


def _sha256(path: Path) -> str:
    try:
        return sha256_once(path)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}; get it again") from error
