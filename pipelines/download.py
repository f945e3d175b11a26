"""`babelmill download`: sources are fetched where they are far, and decoded into raw parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babelmill.format import digest
from pipelines.config import Corpus
from pipelines.stage import Stage
from transforms import lockfile
from transforms.ingest import IngestSource, stamp
from transforms.journal import Journal, Record, Task
from transforms.sources import Source, SourceError, locate


class Download(Stage):
    """One task a source file: a compressed stream decodes in one go."""

    name = "download"
    title = "download"
    folder = "raw"
    owned = ("raw", "rejects/download")

    def parameters(self) -> dict[str, Any]:
        """The sizes that decide where parts are cut."""
        return {
            "part_bytes": self.config.download.part_bytes,
            "max_document_bytes": self.config.download.max_document_bytes,
        }

    def tasks(self) -> list[Task]:
        """One task a language of each corpus; a language that is missing has a task that fails with the reason."""
        records = Journal(self.work, self.name).records()
        found = []
        for corpus in sorted(self.config.corpora, key=lambda corpus: corpus.name):
            for code, source in self._sources(corpus):
                found.append(self._task(corpus, code, source, records.get(f"{corpus.name}/{code}")))
        return found

    def _sources(self, corpus: Corpus) -> Iterator[tuple[str, Source | SourceError]]:
        try:
            for source in locate(corpus.location, corpus.languages):
                yield source.code, source
        except SourceError:
            if not corpus.languages:
                raise
            for code in sorted(set(corpus.languages)):
                try:
                    yield code, locate(corpus.location, [code])[0]
                except SourceError as error:
                    yield code, error

    def _task(self, corpus: Corpus, code: str, source: Source | SourceError, record: Record | None) -> Task:
        name = f"{corpus.name}/{code}"
        job: dict[str, Any] = {"corpus": corpus.name, "code": code, "split": corpus.split}
        size, inputs = 0, None
        if isinstance(source, SourceError):
            job["problem"] = str(source)
        else:
            job |= {"address": source.address, "local": source.local, "file": source.name}
            if source.local:
                size = Path(source.address).stat().st_size
            inputs = self._known(name, source, record)
        return Task(name=name, parameters=self.digest(split=corpus.split), inputs=inputs, size=size, job=job)

    def _known(self, name: str, source: Source, record: Record | None) -> str | None:
        """Digest of the source's sha256 if it was read before and has not been touched since."""
        if record is None or record.failure is not None:
            return None
        if record.facts["stamp"] != stamp(self.work, name, source.address, source.local):
            return None
        return digest(record.facts["sha256"])

    def finish(self) -> None:
        """Bring the lock file up to date, where anything was downloaded."""
        if lockfile.entries(self.work):
            lockfile.merge(self.work)

    def function(self) -> IngestSource:
        """Fetches and decodes one source."""
        section = self.config.download
        return IngestSource(
            part_bytes=section.part_bytes,
            max_document_bytes=section.max_document_bytes,
            connections=section.connections,
            retries=section.retries,
            timeout=section.timeout,
        )
