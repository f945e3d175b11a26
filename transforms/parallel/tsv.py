"""Tables of one's own: `news.de-en.tsv`, plain or compressed, a pair a line, the two texts separated by a tab."""

from __future__ import annotations

import re

from transforms.parallel.bitext import Bitext, Wanted
from transforms.parallel.listing import bitexts_in, listing
from transforms.parallel.streams import COMPRESSED
from transforms.sources import SourceError

_NAME = re.compile(rf"((?:.+\.)?([^.]+))\.(?:tsv|txt)(?:{COMPRESSED})")


def locate(wanted: Wanted, *, columns: tuple[int, ...] = (0, 1), header: bool = False) -> list[Bitext]:
    """The tables of a folder.

    Args:
        wanted: what was asked for.
        columns: where they have the first language's text, the second's, and, with a third number, the score; from 0.
        header: whether their first line has names.

    Raises:
        SourceError: the folder is not there, or holds no table whose name ends in two codes, or not those asked for.
    """
    if wanted.location is None:
        raise SourceError(f"{wanted.corpus}: expected a folder of tables; name it in `location`")
    folder = listing(wanted.location, "tables such as news.de-en.tsv")
    found = bitexts_in(folder, wanted, _NAME, format="table", columns=columns, header=header)
    return wanted.choose(found, folder.address)
