"""Where the files of a corpus are: one source a language, on the web, in a folder, or behind any fsspec address."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from transforms.errors import InputError
from transforms.languages import CC100_CODES

PUBLISHED = "https://data.statmt.org/cc-100"
"""Where CC-100 is published."""

SUFFIXES = (".txt.xz", ".txt.gz", ".txt.zst", ".txt.bz2", ".txt")
"""Names of corpus files are a language's code and one of these."""

_SHOWN = 30
"""Names listed in a message; a folder may hold thousands."""


class SourceError(InputError):
    """A source is missing, or is not what its name says; the message says what to do."""


@dataclass(frozen=True)
class Source:
    """The file of one language.

    Attributes:
        code: the corpus's own code of the language, which is the file's name without its suffix.
        address: a path where `local`, otherwise an http(s) or another fsspec address.
        local: whether the file can be read in place.
    """

    code: str
    address: str
    local: bool

    @property
    def name(self) -> str:
        """The file's name, without folders."""
        return self.address.rsplit("/", 1)[-1]


def locate(location: str | None = None, languages: Sequence[str] | None = None) -> list[Source]:
    """Find the files of a corpus that is laid out as CC-100 is.

    Whether a file exists is known for folders and for fsspec addresses only: the web is not asked.

    Args:
        location: a folder, or a `file:`, `http(s):` or other fsspec address of one, or an http(s) address with `{code}`
            in it; None is where CC-100 is published.
        languages: codes; None is every file there is, or all of CC-100 on the web.

    Returns:
        Sources in the order of their codes, each once.

    Raises:
        SourceError: the folder, or the file of a language, is not there, or there are two for one language.
    """
    scheme = scheme_of(location or PUBLISHED)
    if scheme in ("http", "https"):
        return _published(location or PUBLISHED, languages)
    if scheme == "file":
        folder = local_path(str(location))
        names, where = _names_in_folder(folder), str(folder)
    else:
        names, where = _names_in_filesystem(str(location)), str(location).rstrip("/")
    found = _by_code(names, where)
    return [Source(code, f"{where}/{found[code]}", local=scheme == "file") for code in _chosen(found, languages, where)]


def scheme_of(address: str) -> str:
    """The scheme of an address in lower case; a plain path's is `file`.

    Example: `scheme_of("S3://bucket/x")` is `s3`, `scheme_of("C:\\\\corpus")` and `scheme_of("corpus")` are `file`.
    """
    scheme = urlsplit(address).scheme.lower() if ":" in address else ""
    # One letter is a drive of Windows; a colon without slashes is part of a file's name, except after `file`.
    return scheme if len(scheme) > 1 and ("://" in address or scheme == "file") else "file"


def local_path(address: str) -> Path:
    """The path that a plain path or a `file:` address names."""
    if not address.lower().startswith("file:"):
        return Path(address).expanduser()
    return Path(unquote(urlsplit(address).path))


def _published(location: str, languages: Sequence[str] | None) -> list[Source]:
    """Addresses by CC-100's naming; a mirror may hold languages that CC-100 has not, the original cannot."""
    pattern = location if "{code}" in location else location.rstrip("/") + "/{code}.txt.xz"
    on_offer = CC100_CODES if languages is None or location.startswith(PUBLISHED) else languages
    codes = _chosen(dict.fromkeys(on_offer), languages, location)
    return [Source(code, pattern.replace("{code}", code), local=False) for code in codes]


def _names_in_folder(folder: Path) -> list[str]:
    if not folder.exists():
        raise SourceError(
            f"{folder} does not exist ({folder.absolute()}): expected a folder with files such as de.txt.xz; "
            "correct `location`, or leave it out to download from where CC-100 is published"
        )
    if not folder.is_dir():
        raise SourceError(f"{folder} is a file: expected a folder with files such as de.txt.xz; correct `location`")
    try:
        return [path.name for path in folder.iterdir() if path.is_file()]
    except OSError as error:
        raise SourceError(f"{folder} cannot be read: {error.strerror}; change its permissions") from error


def _names_in_filesystem(location: str) -> list[str]:
    """Names of the files in an fsspec folder."""
    import fsspec  # takes a while, and is not needed for folders of a disk

    try:
        filesystem, root = fsspec.url_to_fs(location)
        return [info["name"].rsplit("/", 1)[-1] for info in filesystem.ls(root, detail=True) if info["type"] == "file"]
    except ImportError as error:
        raise SourceError(f"{location}: {error}") from error
    except ValueError as error:
        raise SourceError(f"{location}: {error}; correct `location`") from error
    except FileNotFoundError as error:
        raise SourceError(f"{location} does not exist: expected a folder with files such as de.txt.xz") from error
    # What a store raises for a wrong name, key or network is its own affair; fsspec has no common class for it.
    except Exception as error:
        raise SourceError(f"{location} cannot be listed: {type(error).__name__}: {error}") from error


def _by_code(names: Iterable[str], where: str) -> dict[str, str]:
    """Code -> file name, codes sorted."""
    found: dict[str, str] = {}
    for name in sorted(names):
        suffix = next((suffix for suffix in SUFFIXES if name.endswith(suffix) and name != suffix), None)
        if suffix is None:
            continue
        code = name.removesuffix(suffix)
        if code in found:
            raise SourceError(f"{where} holds both {found[code]} and {name}: expected one file a language; remove one")
        found[code] = name
    if not found:
        raise SourceError(
            f"{where} holds no file whose name ends in {', '.join(SUFFIXES)}: expected one a language, such as "
            "de.txt.xz; correct `location`"
        )
    return dict(sorted(found.items()))


def _chosen(found: Mapping[str, object], languages: Sequence[str] | None, where: str) -> list[str]:
    """The languages asked for, sorted; all that were found where none were named.

    Raises:
        SourceError: one of them was not found.
    """
    wanted = sorted(set(found if languages is None else languages))
    for code in wanted:
        if code not in found:
            close = difflib.get_close_matches(code, found, n=3, cutoff=0.5)
            hint = f" (did you mean {' or '.join(close)}?)" if close else ""
            raise SourceError(
                f"{where} has no file for language {code!r}{hint}: expected {code}.txt.xz, found {_listing(found)}; "
                "correct `languages`, or add the file"
            )
    return wanted


def _listing(codes: Iterable[str]) -> str:
    """Codes for a message, the first few of many."""
    codes = list(codes)
    rest = len(codes) - _SHOWN
    return ", ".join(codes[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
