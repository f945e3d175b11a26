"""The section `corpora`: what is read, documents and pairs alike."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, field_validator, model_validator

from pipelines.config_types import Address, LanguageCode, LanguagePair, Section, called, problem, unique
from transforms.journal import PAIRS, PSEUDO
from transforms.parallel.licences import refusal

PairFormat = Literal["opus", "wikimatrix", "ccmatrix", "nllb", "iitb", "tatoeba", "aligned", "tsv", "tmx"]
"""Layouts of parallel text, the keys of `transforms.parallel.reading.FORMATS`."""


class Corpus(Section):
    """A collection of files."""

    name: Annotated[str, called("a name of letters, digits, '.', '_' and '-'")] = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100, examples=["cc-100"]
    )
    """What its folders and the column `corpus` are called. So it must be a folder's name on any file system. A corpus
    of OPUS is found by it: `TED2020`."""
    format: Literal["cc100", PairFormat] = Field(examples=["cc100"])
    """How its files are laid out. `cc100`: a file a language, named by its code, `de.txt.xz` (or `.gz`, `.zst`,
    `.bz2`, or plain `.txt`); a paragraph a line. All others hold pairs. `opus`: as OPUS is laid out, such as
    `LibreOffice/v7.4/moses/de-en.txt.zip`. `aligned`: `news.de` and `news.en`, line by line translations of each other;
    `tsv` and `tmx`: files whose names end in the two codes, such as `news.de-en.tsv.gz`. The others are laid out as
    their publishers do."""
    location: Address | None = Field(default=None, examples=["cc-100"])
    """Folder or address of its files; empty: where it is published. An address is `file:`, `http(s):` (in that of a
    `cc100`, `{code}` stands for the language), or has any scheme of fsspec. Files of a folder are read in place."""
    languages: Annotated[list[LanguageCode], Field(min_length=1), AfterValidator(unique)] | None = Field(
        default=None, examples=[["de", "ja", "zh-Hans"]], json_schema_extra={"noun": "a list of language codes"}
    )
    """Languages to take, by the codes in its files' names; empty: all. That is every file found in a folder, or the
    116 languages of CC-100 on the web (550 GB). Of a pair, both languages must be named. `no` is Norwegian and needs
    no quotes."""
    pairs: Annotated[list[LanguagePair], Field(min_length=1)] | None = Field(
        default=None, examples=[[["de", "en"]]], json_schema_extra={"noun": "a list of pairs of language codes"}
    )
    """Pairs of languages to take, in either order; empty: every pair found. Some publishers can only be asked for
    pairs that are named; the message says so."""
    version: str | None = Field(default=None, min_length=1, examples=["v7.4"])
    """Release of a corpus of pairs; empty: the latest. With a version, what is read stays the same when another is
    published."""
    min_score: float | None = Field(default=None, examples=[1.04])
    """Least score of a pair, where the corpus has scores. Pairs below it are counted and go no further; WikiMatrix and
    CCMatrix are in descending order, and are read no further than that. 1.04 is WikiMatrix's own advice, 1.06 the
    cut of CCMatrix."""
    insist: bool = False
    """Whether it is taken though it is a test set. WMT-News is the WMT test sets: a model that has seen it is measured
    on what it was taught."""
    split: Literal["blank_line", "line"] = "blank_line"
    """What ends a document of `cc100`. CC-100 puts a blank line between documents; `line` is for files with a document
    a line."""

    @property
    def parallel(self) -> bool:
        """Whether it holds pairs."""
        return self.format in get_args(PairFormat)

    @field_validator("name")
    @classmethod
    def _not_reserved(cls, name: str) -> str:
        if name in (PAIRS, PSEUDO):
            raise problem(f"found {name!r}, which is the folder of all such pairs; expected another name")
        return name

    @model_validator(mode="after")
    def _fits_its_format(self) -> Corpus:
        others = {"split"} if self.parallel else {"pairs", "version", "min_score", "insist"}
        for key, field in type(self).model_fields.items():
            if key in others and getattr(self, key) != field.default:
                raise problem(f"found it beside `format: {self.format}`, which has no use for it; remove it", key)
        why = refusal(self.name, insist=self.insist) if self.parallel else None
        if why is not None:
            raise problem(f"{why}: `insist: true`", "name")
        return self
