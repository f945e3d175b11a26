"""What OPUS says of its corpora: its API, opus.nlpl.eu/opusapi, asked as politely as files are fetched.

An answer is `{"corpora": [...]}`, an object a file. The two languages of a file are in alphabetical order of OPUS's own
codes, of which several may mean one language (`zh_cn`, `zh_CN`). Numbers may be "", and a size of 0 or 1 KiB is that of
some files of many gigabytes.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from transforms.fetch import FetchOptions, fetch
from transforms.languages import UnknownLanguage, language
from transforms.parallel.codes import pair_of, tag_of
from transforms.parallel.licences import known_licence
from transforms.sources import SourceError

API = "https://opus.nlpl.eu/opusapi/"
"""Where the API answers."""

_LARGEST = "en"
"""The language with the longest answer."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """One file of OPUS.

    Attributes:
        corpus, version: such as `TED2020`, `v1`.
        codes: OPUS's own, in alphabetical order.
        address: where it is.
        size: bytes, roughly; None where OPUS does not know.
        pairs: how many it has; None where OPUS does not know.
        licence: as stated; None where it is not.
        latest: whether there is no later version.
    """

    corpus: str
    version: str
    codes: tuple[str, str]
    address: str
    size: int | None
    pairs: int | None
    licence: str | None
    latest: bool

    @property
    def languages(self) -> tuple[str, str]:
        """BCP 47 tags in canonical order."""
        return pair_of(self.codes)


def releases(
    *,
    corpus: str | None = None,
    version: str | None = None,
    codes: Sequence[str] = (),
    preprocessing: str = "moses",
    api: str = API,
    options: FetchOptions | None = None,
) -> list[Release]:
    """Ask for files.

    Args:
        corpus: of this corpus only; case matters.
        version: of this version only; None is the latest.
        codes: with this language, or of these two; OPUS's own codes.
        preprocessing: `moses` or `tmx`.
        api: where to ask.
        options: how patiently.

    Returns:
        Files of two languages that are known to the table or are BCP 47 tags, sorted by corpus, version and codes.

    Raises:
        FetchError: the API does not answer.
        SourceError: it answers something else than it should.
    """
    asked = dict(zip(("source", "target"), codes, strict=False)) | ({"corpus": corpus} if corpus else {})
    rows = _ask(api, "corpora", asked | {"preprocessing": preprocessing, "version": version or "latest"}, options)
    found = [release for row in rows if (release := _release(row, api)) is not None]
    return sorted(found, key=lambda release: (release.corpus, release.version, release.codes))


def corpora(
    languages: Sequence[str], *, preprocessing: str = "moses", api: str = API, options: FetchOptions | None = None
) -> list[Release]:
    """What OPUS has for some languages: the latest version of every corpus in every two of them.

    Args:
        languages: codes; for a single one, its pairs with every other language.
        preprocessing, api, options: see `releases`.

    Raises:
        FetchError, SourceError: see `releases`; or OPUS does not have a language.
    """
    tags = {tag_of(code) for code in languages}
    names = _codes_by_tag(api, options)
    for tag in sorted(tags - set(names)):
        raise SourceError(f"OPUS has no language {tag!r}: correct the languages asked for")
    found = {}
    for codes in _queries(tags, names):
        for release in releases(codes=codes, preprocessing=preprocessing, api=api, options=options):
            found[release.address] = release
    chosen = [release for release in found.values() if len(tags) == 1 or tags.issuperset(release.languages)]
    return sorted(chosen, key=lambda release: (release.corpus, release.version, release.codes))


def _queries(tags: set[str], names: Mapping[str, list[str]]) -> list[list[str]]:
    """The codes to ask for, so that every pair of some languages is in an answer.

    A pair is in the answer of either of its languages, so one of them all need not be asked for: the one whose answer
    is the longest.
    """
    spared = _LARGEST if _LARGEST in tags else max(tags)
    asked = [code for tag in sorted(tags - {spared} or tags) for code in names[tag]]
    if len(tags) == 2:
        return [[code, partner] for code in asked for partner in names[spared]]
    return [[code] for code in asked]


def _codes_by_tag(api: str, options: FetchOptions | None) -> dict[str, list[str]]:
    """OPUS's codes of every language: BCP 47 tag -> codes."""
    found: dict[str, list[str]] = {}
    for code in _ask(api, "languages", {"languages": "True"}, options):
        tag = _known(str(code))
        if tag:
            found.setdefault(tag, []).append(str(code))
    return found


def _ask(api: str, key: str, parameters: Mapping[str, str], options: FetchOptions | None) -> list[Any]:
    """The list in an answer."""
    address = f"{api}?{urlencode(sorted(parameters.items()))}"
    with tempfile.TemporaryDirectory() as folder:
        path = fetch(address, Path(folder) / "answer.json", options=options).path
        content = path.read_bytes()
    try:
        return list(json.loads(content)[key])
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f"{address} answers {content[:80]!r}: expected a JSON object with {key!r}; try later, or name `version` "
            "and `pairs`, for which it need not be asked"
        ) from error


def _release(row: Mapping[str, Any], api: str) -> Release | None:
    """A file as the API describes it; None if it is not of two languages."""
    try:
        codes = (str(row["source"]), str(row["target"]))
        if len({_known(code) for code in codes} - {""}) < 2:
            return None
        pairs = _number(row.get("alignment_pairs"))
        kilobytes = _number(row.get("size"))
        return Release(
            corpus=str(row["corpus"]),
            version=str(row["version"]),
            codes=codes,
            address=str(row["url"]),
            size=kilobytes * 1024 if kilobytes and kilobytes * 1024 >= (pairs or 0) else None,
            pairs=pairs,
            licence=row.get("licence") or row.get("license") or known_licence(str(row["corpus"])),
            latest=str(row.get("latest")) == "True",
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise SourceError(
            f"{api} describes a file as {str(row)[:200]}: expected corpus, version, source, target and url; try later"
        ) from error


def _number(value: Any) -> int | None:
    """A count, which may be a number, text, or nothing."""
    text = str(value).replace(",", "")
    return int(text) if text.isdecimal() else None


def _known(code: str) -> str:
    """The tag of one of OPUS's codes; "" where it is none, as `simple` is not."""
    try:
        return language(code, strict=False).bcp47
    except UnknownLanguage:
        return ""
