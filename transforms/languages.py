"""One table of languages: the codes of CC-100, OPUS, ISO 639-3 and fastText, each mapped to a BCP 47 tag.

A romanised or Zawgyi file (`hi_rom`, `my_zaw`) is a language of its own: no language model of the standard orthography
describes its text, so it shares neither labels nor thresholds with `hi` and `my`.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from transforms.language_table import ALIASES, ALIKE, TABLE

COMPOSITE = {
    # Script codes that stand for several scripts of Unicode, or for a way to write one.
    "Hans": ("Hani",),
    "Hant": ("Hani",),
    "Jpan": ("Hira", "Kana", "Hani"),
    "Kore": ("Hang", "Hani"),
}

_TAG = re.compile(r"[a-z]{2,3}(-[a-z]{4})?(-[a-z]{2}|-\d{3})?(-[a-z0-9]{5,8}|-\d[a-z0-9]{3})*(-x(-[a-z0-9]{1,8})+)?")


class UnknownLanguage(ValueError):
    """A code that the table does not have; the message suggests what may have been meant."""


@dataclass(frozen=True, kw_only=True)
class Language:
    """A language as the pipeline knows it.

    Attributes:
        bcp47: its tag, as in the columns of clean parts and shards.
        iso639_3: ISO 639-3 code; "" for a tag that the table does not have.
        cc100: code of its CC-100 file (`hi_rom`), None where CC-100 has none.
        opus: the code that most corpora of OPUS use, None where none has it.
        scripts: ISO 15924 codes of the scripts that its text is written in; () where that is not known.
        labels: labels of fastText's lid.176 that stand for it, its own first, then those that the model does not tell
            apart from it; () where the model has none.
        reliable: whether the model gives `labels` to most of the language's text, so that a threshold may judge their
            probability. False for Haitian Creole, Somali, Yoruba and others, which it would delete whole.
        kin: labels that lid.176 gives to this language with near certainty although they are other languages'.
        name: English name.
    """

    bcp47: str
    iso639_3: str = ""
    cc100: str | None = None
    opus: str | None = None
    scripts: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    reliable: bool = False
    kin: tuple[str, ...] = ()
    name: str = ""

    def labelled_by(self, model: Collection[str]) -> Language:
        """This language with `labels`, `reliable` and `kin` as a model of other labels than lid.176's has them.

        Args:
            model: every label of the model, without `__label__`: codes as lid.176's (`de`), or ISO 639-3 codes with or
                without a script, as GlotLID, OpenLID and NLLB write them (`deu_Latn`; `hin_Latn` stands for `hi_rom`).
        """
        if "en" in model:
            labels = tuple(label for label in self.labels if label in model)
            return replace(self, labels=labels, kin=tuple(label for label in self.kin if label in model))
        labels = _iso_labels([self, *_named(self.labels, beside=self)], model)
        kin = tuple(label for label in _iso_labels(_named(self.kin, beside=self), model) if label not in labels)
        return replace(self, labels=labels, reliable=bool(labels), kin=kin)


def language(code: str, *, strict: bool = True) -> Language:
    """The language that a code of CC-100, OPUS, ISO 639-3 or BCP 47 means; case and `_` for `-` do not matter.

    A region keeps the language's scripts and labels (`pt_BR`). A script narrows the scripts (`sr-Latn`), changes
    nothing where the language has no other (`deu_Latn`), and leaves no label where it is not one of them (`ru-Latn`).

    Args:
        code: the code.
        strict: refuse what the table does not have, scripts and regions apart. Otherwise any well-formed BCP 47 tag is
            a language, of which neither scripts nor labels may be known.

    Raises:
        UnknownLanguage: `code` is not in the table, or, if not `strict`, is not even a BCP 47 tag.
    """
    key = _key(code)
    if key in _index():
        return _index()[key]
    if _TAG.fullmatch(key):
        parts = key.split("-")
        for cut in range(len(parts) - 1, 0, -1):
            base = _index().get("-".join(parts[:cut]))
            if base is not None and not (strict and any(len(part) not in (2, 3, 4) for part in parts[cut:])):
                return _narrowed(base, parts[cut:])
        if not strict:
            return Language(bcp47=_tag(key), opus=code, name=code)
    raise UnknownLanguage(f"language {code!r} is not known{_suggestion(key)}")


def _key(code: str) -> str:
    return code.lower().replace("_", "-")


def _parse(row: str) -> Language:
    """One row of the table."""
    bcp47, iso639_3, cc100, opus, scripts, label, kin, name = row.split(None, 7)
    own = label.rstrip("?")
    alike = next((group for group in ALIKE if own in group), (own,))
    codes = {"-": None, "=": bcp47}
    return Language(
        bcp47=bcp47,
        iso639_3=iso639_3,
        cc100=codes.get(cc100, cc100),
        opus=codes.get(opus, opus),
        scripts=tuple(scripts.split("+")),
        labels=() if own == "-" else tuple(sorted(alike, key=lambda other: other != own)),
        reliable=own != "-" and not label.endswith("?"),
        kin=() if kin == "-" else tuple(kin.split("+")),
        name=name,
    )


LANGUAGES = tuple(_parse(row) for row in TABLE.strip().splitlines())
"""Every language of the table: CC-100's in its order, then others of OPUS."""

CC100_CODES = tuple(entry.cc100 for entry in LANGUAGES if entry.cc100 is not None)
"""The 116 codes of CC-100's files."""


@functools.cache
def _index() -> dict[str, Language]:
    """Every code, as `_key` writes it; a tag wins over a corpus's code, and that over ISO 639-3's."""
    index = {_key(entry.bcp47): entry for entry in LANGUAGES}
    for column in ("cc100", "opus"):
        for entry in LANGUAGES:
            index.setdefault(_key(getattr(entry, column) or entry.bcp47), entry)
    for alias, tag in ALIASES.items():
        index.setdefault(_key(alias), index[_key(tag)])
    for entry in LANGUAGES:
        index.setdefault(entry.iso639_3, entry)
    return index


def _narrowed(base: Language, subtags: list[str]) -> Language:
    """A language of the table with further subtags, such as a script or a region."""
    if len(subtags[0]) == 4 and subtags[0].isalpha():
        script = subtags[0].title()
        scripts = COMPOSITE.get(script, (script,))
        if set(scripts) == set(base.scripts) and script not in ("Hans", "Hant"):
            return _narrowed(base, subtags[1:]) if subtags[1:] else base
        known = set(scripts) <= set(base.scripts)
    else:
        scripts, known = base.scripts, True
    tag = _tag("-".join([_key(base.bcp47), *subtags]))
    if _key(tag) in _index():
        return _index()[_key(tag)]
    entry = replace(base, bcp47=tag, cc100=None, opus=None, scripts=scripts)
    return entry if known else replace(entry, labels=(), reliable=False, kin=())


def _tag(key: str) -> str:
    """A BCP 47 tag in its usual case: `sr-latn-rs` is `sr-Latn-RS`."""
    first, *rest = key.split("-")
    public = rest.index("x") if "x" in rest else len(rest)
    for i, part in enumerate(rest[:public]):
        if len(part) == 2:
            rest[i] = part.upper()
        elif len(part) == 4 and part.isalpha():
            rest[i] = part.title()
    return "-".join([first, *rest])


def _suggestion(key: str) -> str:
    """The end of a message about an unknown code or an English name: what may have been meant."""
    names = {entry.name.lower(): entry for entry in reversed(LANGUAGES)}
    known = names | _index()
    near = [key] if key in known else difflib.get_close_matches(key, known, n=1, cutoff=0.65)
    if not near:
        return "; it takes a code of CC-100, OPUS, ISO 639-3 or BCP 47, such as 'hi_rom', 'pt_br', 'deu' or 'sr-Latn'"
    return f"; did you mean {known[near[0]].cc100 or known[near[0]].bcp47!r} ({known[near[0]].name})?"


def _named(labels: Collection[str], *, beside: Language) -> list[Language]:
    """Languages of the table whose own label is one of `labels`; beside zh-Hans not zh-Hant, nor the reverse."""
    script = beside.bcp47.partition("-")[2]
    rivals = {"Hans", "Hant"} - {script} if script in ("Hans", "Hant") else set()
    named = (entry for entry in LANGUAGES if entry.labels and entry.labels[0] in labels)
    return [entry for entry in named if entry.bcp47.partition("-")[2] not in rivals]


def _iso_labels(entries: Iterable[Language], model: Collection[str]) -> tuple[str, ...]:
    """Labels of `model` that are an ISO 639-3 code of one of `entries`, alone or with one of its scripts; sorted."""
    found = set()
    for entry in entries:
        codes = {entry.iso639_3, *(alias for alias, tag in ALIASES.items() if tag == entry.bcp47)}
        composites = (code for code, scripts in COMPOSITE.items() if len(scripts) > 1 and scripts == entry.scripts)
        ways = {f"_{script}" for script in (*entry.scripts, *composites, entry.bcp47.partition("-")[2])}
        if entry.labels or "-" not in entry.bcp47:
            ways.add("")  # a bare `hin` is Hindi as it is usually written, not the romanised file
        if "-x-" not in entry.bcp47:
            found |= {code + way for code in codes for way in ways}
    return tuple(sorted(found & set(model)))
