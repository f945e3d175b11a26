"""The bitexts of the corpora of pairs, and their tasks in `download`: one a bitext."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from babelmill.format import digest
from pipelines.config import Corpus
from transforms.errors import InputError
from transforms.ingest_pairs import stamp
from transforms.journal import PAIRS, Record, Task
from transforms.parallel.bitext import Bitext, Wanted
from transforms.parallel.reading import FORMATS
from transforms.sources import SourceError, scheme_of
from transforms.storage import STATE, WorkDirectory

NOTES = f"{STATE}/bitexts"
"""Folder of what publishers said that they have, a file a corpus."""


Found = dict[str, "Bitext | SourceError"]
"""The bitexts of a corpus by task; a pair that is not there has the reason in its place."""


def bitexts(corpus: Corpus, work: WorkDirectory) -> Found:
    """What a corpus has; what the web said before is not asked again, see `note`.

    Raises:
        SourceError, FetchError: nothing is there, or nobody answers, and no pairs were named.
    """
    try:
        noted = json.loads(work.read(_note(corpus)))["bitexts"] if _far(corpus) else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        noted = None
    if noted is not None:
        return _named(Bitext.from_json(values) for values in noted)
    try:
        return _named(_find(corpus, corpus.pairs))
    except InputError:
        if corpus.pairs is None:
            raise
    found: Found = {}
    for pair in corpus.pairs:
        try:
            found |= _named(_find(corpus, [pair]))
        except InputError as error:
            found[f"{PAIRS}/{corpus.name}/{'-'.join(pair)}"] = SourceError(str(error))
    return found


def note(corpus: Corpus, found: Found, work: WorkDirectory) -> None:
    """Keep what the web said of a corpus: a run that goes on needs no network for what it has.

    Nor does another release change anything underneath it. An answer that lacks something is not kept.
    """
    listed = [bitext.to_json() for bitext in found.values() if isinstance(bitext, Bitext)]
    if _far(corpus) and len(listed) == len(found):
        work.write_json(_note(corpus), {"question": _question(corpus), "bitexts": listed})


def _find(corpus: Corpus, pairs: list[list[str]] | None) -> list[Bitext]:
    wanted = Wanted(
        corpus=corpus.name,
        location=corpus.location,
        version=corpus.version,
        languages=corpus.languages,
        pairs=[(first, second) for first, second in pairs] if pairs is not None else None,
    )
    return FORMATS[corpus.format](wanted)


def _named(found: Iterable[Bitext]) -> Found:
    return {f"{PAIRS}/{bitext.corpus}/{bitext.name}": bitext for bitext in found}


def _far(corpus: Corpus) -> bool:
    return corpus.location is None or scheme_of(corpus.location) in ("http", "https")


def _question(corpus: Corpus) -> dict[str, Any]:
    return corpus.model_dump(mode="json", include={"name", "format", "location", "version", "languages", "pairs"})


def _note(corpus: Corpus) -> str:
    return f"{NOTES}/{corpus.name}-{digest(_question(corpus))[:16]}.json"


def bitext_task(
    name: str,
    bitext: Bitext | SourceError,
    *,
    corpus: Corpus,
    parameters: str,
    record: Record | None,
    work: WorkDirectory,
) -> Task:
    """The task of one bitext.

    Args:
        name: the task's.
        bitext: what to read; or why there is none.
        corpus: whose it is.
        parameters: digest of what its parts depend on besides the files.
        record: of the task's last run.
        work: the work directory.
    """
    if isinstance(bitext, SourceError):
        return Task(name=name, parameters=parameters, inputs=None, size=0, job={"problem": str(bitext)})
    job: dict[str, Any] = {"bitext": bitext.to_json(), "min_score": corpus.min_score}
    size = sum(Path(address).stat().st_size for address in bitext.addresses) if bitext.local else bitext.size or 0
    known = record is not None and record.failure is None and record.facts["stamp"] == stamp(work, bitext)
    inputs = digest(record.facts["sha256"]) if known and record is not None else None
    return Task(name=name, parameters=parameters, inputs=inputs, size=size, job=job)


def reading(bitext: Bitext | SourceError, corpus: Corpus) -> dict[str, Any]:
    """What the pairs of a bitext depend on besides its files, as JSON values."""
    if isinstance(bitext, SourceError):
        return {}
    how = {"codes", "format", "columns", "header", "member"}
    return {"min_score": corpus.min_score, **{key: value for key, value in bitext.to_json().items() if key in how}}
