"""Where the files of OPUS are: as its API says, or in a folder that is laid out as OPUS is.

The layout, on the web as in a folder, is `<corpus>/<version>/moses/<pair>.txt.zip` and `<corpus>/<version>/tmx/
<pair>.tmx.gz`. That is where MultiUN, TED2020, and OPUS's editions of WikiMatrix, CCMatrix and NLLB are, too.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from transforms.fetch import FetchOptions, probe
from transforms.parallel.bitext import Bitext, Wanted
from transforms.parallel.licences import known_licence
from transforms.parallel.listing import Listing, bitexts_in, listing
from transforms.parallel.opus_api import API, Release, releases
from transforms.parallel.tmx import memories
from transforms.partial import FetchError
from transforms.sources import SourceError

PUBLISHED = "https://object.pouta.csc.fi/OPUS-{corpus}"
"""Where the versions of a corpus are published."""

_SUFFIX = {"moses": "txt.zip", "tmx": "tmx.gz"}
_MOSES = re.compile(r"((.+))\.txt\.zip")


def locate(
    wanted: Wanted, *, preprocessing: str = "moses", api: str = API, options: FetchOptions | None = None
) -> list[Bitext]:
    """The bitexts of a corpus of OPUS.

    Args:
        wanted: its location may be a folder or an fsspec address laid out as OPUS is, or a web mirror of one, of which
            `version` and `pairs` must be named; None is OPUS itself.
        preprocessing: `moses` or `tmx`, the form in which to take the text.
        api: where OPUS is asked what there is.
        options: how patiently.

    Raises:
        SourceError: the corpus, version or a pair that was asked for is not there.
        FetchError: the API or a mirror does not answer.
    """
    if wanted.location is None:
        return _asked(wanted, preprocessing, api, options)
    mirror = wanted.on_web(wanted.location)
    if mirror:
        return _probed(wanted, f"{mirror}/{wanted.corpus}", preprocessing, options)
    return _in_folder(wanted, str(wanted.location).rstrip("/"), preprocessing)


def _asked(wanted: Wanted, preprocessing: str, api: str, options: FetchOptions | None) -> list[Bitext]:
    """What the API knows; where it cannot be asked but version and pairs are named, what the file server knows."""
    try:
        found = releases(
            corpus=wanted.corpus, version=wanted.version, preprocessing=preprocessing, api=api, options=options
        )
    except FetchError:
        if wanted.version is None or not wanted.pairs:
            raise
        return _probed(wanted, PUBLISHED.format(corpus=wanted.corpus), preprocessing, options)
    release = f" {wanted.version}" if wanted.version else ""
    return wanted.choose((_bitext(release, preprocessing) for release in found), f"OPUS's {wanted.corpus}{release}")


def _bitext(release: Release, preprocessing: str) -> Bitext:
    return Bitext(
        corpus=release.corpus,
        name="-".join(release.codes),
        codes=release.codes,
        addresses=(release.address,),
        local=False,
        format=preprocessing,
        version=release.version,
        size=release.size,
        pairs=release.pairs,
        licence=release.licence,
    )


def _probed(wanted: Wanted, folder: str, preprocessing: str, options: FetchOptions | None) -> list[Bitext]:
    """The pairs that are named, each in that order of its codes in which there is a file: alphabetical, mostly."""
    if wanted.version is None or not wanted.pairs:
        raise SourceError(f"{folder} cannot be listed: name `version` and `pairs`, or a folder on this machine")
    found = []
    for pair in wanted.pairs:
        for codes in (sorted(pair), sorted(pair, reverse=True)):
            name = "-".join(codes)
            address = f"{folder}/{wanted.version}/{preprocessing}/{name}.{_SUFFIX[preprocessing]}"
            try:
                size = probe(address, options=options).size
            except FetchError as error:
                failure = error
                continue
            release = Release(
                corpus=wanted.corpus,
                version=wanted.version,
                codes=(codes[0], codes[1]),
                address=address,
                size=size,
                pairs=None,
                licence=known_licence(wanted.corpus),
                latest=False,
            )
            found.append(_bitext(release, preprocessing))
            break
        else:
            raise failure
    return wanted.choose(found, folder)


def _in_folder(wanted: Wanted, location: str, preprocessing: str) -> list[Bitext]:
    corpora = listing(location, f"folders laid out as OPUS is, such as {wanted.corpus}/v1/moses")
    if wanted.corpus not in corpora.folders:
        raise SourceError(
            f"{location} has no folder {wanted.corpus}: {_found(wanted.corpus, corpora)}; correct the corpus's name "
            "or `location`"
        )
    versions = listing(f"{location}/{wanted.corpus}", "a folder for each version")
    version = wanted.version or max(versions.folders, key=_natural, default="")
    if version not in versions.folders:
        raise SourceError(
            f"{versions.address} has no version {version or 'at all'}: {_found(version, versions)}; correct `version`"
        )
    folder = listing(f"{versions.address}/{version}/{preprocessing}", f"files such as de-en.{_SUFFIX[preprocessing]}")
    facts = {"version": version, "licence": known_licence(wanted.corpus)}
    return wanted.choose(_files(folder, wanted, preprocessing, facts), folder.address)


def _files(folder: Listing, wanted: Wanted, preprocessing: str, facts: dict[str, str | None]) -> Iterator[Bitext]:
    if preprocessing == "tmx":
        return memories(folder, wanted, **facts)
    return bitexts_in(folder, wanted, _MOSES, format="moses", **facts)


def _found(name: str, folder: Listing) -> str:
    close = difflib.get_close_matches(name, folder.folders, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}? It has " if close else "found "
    return hint + (", ".join(folder.folders[:20]) or "no folder")


def _natural(version: str) -> list[tuple[int, int, str]]:
    """A key that sorts v10 after v9.1 and v2."""
    return [(1, int(piece), "") if piece.isdigit() else (0, 0, piece) for piece in re.split(r"(\d+)", version) if piece]
