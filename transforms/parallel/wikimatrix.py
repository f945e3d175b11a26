"""WikiMatrix: sentence pairs mined from Wikipedia, one table a bitext, in descending order of their margin score.

`WikiMatrix.de-en.tsv.gz`: score, text of the first language, text of the second. The authors advise a score of 1.04
(github.com/facebookresearch/LASER, tasks/WikiMatrix), which is well within a file, so most of it need not be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from transforms.parallel.bitext import Bitext, Wanted
from transforms.parallel.codes import split_codes
from transforms.parallel.licences import known_licence
from transforms.parallel.listing import bitexts_in, listing
from transforms.parallel.streams import COMPRESSED
from transforms.parallel.wikimatrix_pairs import TABLE

PUBLISHED = "https://dl.fbaipublicfiles.com/laser/WikiMatrix/v1"
"""Where the tables are published."""

COLUMNS = (1, 2, 0)
_NAME = re.compile(rf"WikiMatrix\.((.+))\.tsv(?:{COMPRESSED})")


def locate(wanted: Wanted) -> list[Bitext]:
    """The bitexts of a folder, or those that are published.

    Raises:
        SourceError: the folder is not there, or has none of those asked for.
    """
    where = wanted.on_web(PUBLISHED)
    if where:
        return wanted.choose(_published(wanted.corpus, where), where)
    folder = listing(str(wanted.location), "tables such as WikiMatrix.de-en.tsv.gz")
    licence = known_licence("WikiMatrix")
    found = bitexts_in(folder, wanted, _NAME, format="table", columns=COLUMNS, version="v1", licence=licence)
    return wanted.choose(found, folder.address)


def _published(corpus: str, where: str) -> Iterator[Bitext]:
    first = ""
    for code in TABLE.split():
        if code.endswith(":"):
            first = code.removesuffix(":")
        elif codes := split_codes(f"{first}-{code}"):
            name = f"{first}-{code}"
            yield Bitext(
                corpus=corpus,
                name=name,
                codes=codes,
                addresses=(f"{where}/WikiMatrix.{name}.tsv.gz",),
                local=False,
                format="table",
                version="v1",
                columns=COLUMNS,
                licence=known_licence("WikiMatrix"),
            )
