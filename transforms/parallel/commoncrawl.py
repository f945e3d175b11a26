"""Sentence pairs mined from Common Crawl: CCMatrix, and NLLB, which mined it again with other encoders.

CCMatrix (`de-en.bitextf.tsv.gz`): margin score, text of the first language, text of the second, in descending order.
NLLB (`deu_Latn-eng_Latn.gz`): text of the first language, text of the second, LASER score, the probability of either
language, and for either side the crawl and the page it is from. Neither has a header.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from transforms.parallel.bitext import Bitext, Wanted
from transforms.parallel.licences import known_licence
from transforms.parallel.listing import bitexts_in, listing
from transforms.parallel.streams import COMPRESSED
from transforms.sources import SourceError

PUBLISHED = {
    "CCMatrix": "https://data.statmt.org/cc-matrix",
    "NLLB": "https://storage.googleapis.com/allennlp-data-bucket/nllb",
}
"""Where the tables are published."""

COLUMNS = {"CCMatrix": (1, 2, 0), "NLLB": (0, 1, 2)}
_SUFFIX = {"CCMatrix": ".bitextf.tsv.gz", "NLLB": ".gz"}
_NAME = {
    "CCMatrix": re.compile(rf"((.+))\.bitextf\.tsv(?:{COMPRESSED})"),
    "NLLB": re.compile(rf"(([^.]+))(?:\.tsv)?(?:{COMPRESSED})"),
}


def locate_ccmatrix(wanted: Wanted) -> list[Bitext]:
    """The bitexts of CCMatrix in a folder, or those that are named; codes are those of CC-100 (`zh`, `de`).

    Raises:
        SourceError: the folder is not there, or has none of those asked for; or no pair was named for the web.
    """
    return _locate(wanted, "CCMatrix")


def locate_nllb(wanted: Wanted) -> list[Bitext]:
    """The bitexts of NLLB in a folder, or those that are named; codes are those of FLORES-200 (`deu_Latn`).

    Raises:
        SourceError: the folder is not there, or has none of those asked for; or no pair was named for the web.
    """
    return _locate(wanted, "NLLB")


def _locate(wanted: Wanted, kind: str) -> list[Bitext]:
    where = wanted.on_web(PUBLISHED[kind])
    if where:
        return wanted.choose(_published(wanted, kind, where), where)
    folder = listing(str(wanted.location), f"tables of {kind} such as de-en{_SUFFIX[kind]}")
    facts = {"format": "table", "columns": COLUMNS[kind], "version": "v1", "licence": known_licence(kind)}
    found = bitexts_in(folder, wanted, _NAME[kind], **facts)
    return wanted.choose(found, folder.address)


def _published(wanted: Wanted, kind: str, where: str) -> Iterator[Bitext]:
    """The pairs that are named; files are named by two codes in alphabetical order."""
    if not wanted.pairs:
        raise SourceError(
            f"{wanted.corpus}: {where} has no list of its files; name `pairs` by its own codes (de-en of CCMatrix, "
            "deu_Latn-eng_Latn of NLLB), or take the corpus from OPUS"
        )
    for codes in wanted.pairs:
        first, second = sorted(codes)
        name = f"{first}-{second}"
        yield Bitext(
            corpus=wanted.corpus,
            name=name,
            codes=(first, second),
            addresses=(f"{where}/{name}{_SUFFIX[kind]}",),
            local=False,
            format="table",
            version="v1",
            columns=COLUMNS[kind],
            licence=known_licence(kind),
        )
