"""Languages in the names of parallel corpora: what a corpus's codes mean, and the two codes of a name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from transforms.languages import UnknownLanguage, language
from transforms.sources import SourceError

_CODE = re.compile(r"[a-z]{2,3}([-_][A-Za-z0-9]+)*")


def tag_of(code: str) -> str:
    """The BCP 47 tag that a corpus's code means.

    Raises:
        SourceError: it is no language's.
    """
    try:
        return language(code, strict=False).bcp47
    except UnknownLanguage as error:
        raise SourceError(f"{error}; correct `pairs` or `languages`") from error


def pair_of(codes: Sequence[str]) -> tuple[str, str]:
    """The BCP 47 tags of two codes in canonical order.

    Example: `pair_of(["zh_cn", "en"])` is `("en", "zh-Hans")`.

    Raises:
        SourceError: one is no language's, or both are of the same language.
    """
    first, second = sorted(tag_of(code) for code in codes)
    if first == second:
        raise SourceError(f"{codes[0]} and {codes[1]} are the same language, {first}: expected two; correct `pairs`")
    return first, second


def split_codes(name: str) -> tuple[str, str] | None:
    """The two codes of a name such as `de-en`, `en-zh-Hans` or `pt_br-zh_cn`; None if it is no such name.

    A hyphen may belong to a code, so what the table of languages has is preferred to what merely looks like a code.
    """
    pieces = name.split("-")
    cuts = [("-".join(pieces[:cut]), "-".join(pieces[cut:])) for cut in range(1, len(pieces))]
    for strict in (True, False):
        for codes in cuts:
            if all(is_code(code, strict) for code in codes) and len({tag_of(code) for code in codes}) == 2:
                return codes
    return None


def is_code(code: str, strict: bool) -> bool:
    """Whether a piece of a file's name is the code of a language, as the table has it if `strict`."""
    if not _CODE.fullmatch(code):
        return False
    try:
        language(code, strict=strict)
    except UnknownLanguage:
        return False
    return True
