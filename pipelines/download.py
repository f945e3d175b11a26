"""`babelmill download`: sources and bitexts are fetched where they are far, and read into raw parts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from babelmill.format import digest
from pipelines.bitexts import Found, bitext_task, bitexts, note, reading
from pipelines.config import Corpus
from pipelines.stage import Stage
from transforms import lockfile
from transforms.downloads import Downloads
from transforms.ingest import IngestSource, stamp
from transforms.ingest_pairs import LONGEST_LINE, IngestBitext
from transforms.journal import ByKind, Journal, Record, Task
from transforms.parallel.bitext import Bitext
from transforms.sources import Source, SourceError, locate


class Download(Stage):
    """One task a source file, since a compressed stream decodes in one go; or a bitext."""

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
        """One task a language or pair of each corpus; one that is missing has a task that fails with the reason."""
        records = Journal(self.work, self.name).records()
        found = []
        for corpus in sorted(self.config.corpora, key=lambda corpus: corpus.name):
            if corpus.parallel:
                found += [self._bitext(corpus, *named, records) for named in self._bitexts[corpus.name].items()]
                continue
            for code, source in self._sources(corpus):
                found.append(self._task(corpus, code, source, records.get(f"{corpus.name}/{code}")))
        return found

    @cached_property
    def _bitexts(self) -> dict[str, Found]:
        """The bitexts of each corpus of pairs; publishers are asked once a run at most."""
        return {corpus.name: bitexts(corpus, self.work) for corpus in self.config.corpora if corpus.parallel}

    def prepare(self) -> None:
        """Keep what publishers said."""
        super().prepare()
        for corpus in self.config.corpora:
            if corpus.parallel:
                note(corpus, self._bitexts[corpus.name], self.work)

    def _bitext(self, corpus: Corpus, name: str, bitext: Bitext | SourceError, records: dict[str, Record]) -> Task:
        parameters, record = self.digest(**reading(bitext, corpus)), records.get(name)
        return bitext_task(name, bitext, corpus=corpus, parameters=parameters, record=record, work=self.work)

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

    def function(self) -> ByKind:
        """Fetches and reads one source or bitext."""
        section = self.config.download
        downloads = Downloads(connections=section.connections, retries=section.retries, timeout=section.timeout)
        longest = section.max_document_bytes
        return ByKind(
            documents=IngestSource(part_bytes=section.part_bytes, max_document_bytes=longest, downloads=downloads),
            pairs=IngestBitext(
                part_bytes=section.part_bytes, max_line_bytes=min(longest, LONGEST_LINE), downloads=downloads
            ),
        )
