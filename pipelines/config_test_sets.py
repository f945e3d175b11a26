"""The section `decontaminate`: test sets whose text must not be trained on."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from pipelines.config_types import LanguageCode, LocalPath, Section, called, problem, unique
from transforms.decontamination.sets import Drop, Format, TestSet

_USED_BY = {
    "language": ("xnli", "tsv", "lines", "jsonl"),
    "languages": ("flores", "xnli", "tatoeba", "tsv"),
    "columns": ("tsv",),
    "fields": ("jsonl",),
}
"""Keys that some formats have no use for."""


class TestSetSection(Section):
    """A test set. What holds text of it is left out, or loses the paragraph."""

    name: Annotated[str, called("a name of letters, digits, '.', '_' and '-'")] = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100, examples=["flores"]
    )
    """What reports call it."""
    format: Format = Field(examples=["flores"])
    """How its files are laid out. `flores`: a file a language, `dev/deu_Latn.dev` or `fra.devtest`; `xnli`:
    `xnli.test.tsv` or `.jsonl`; `tatoeba`: the Tatoeba challenge, lines of two codes and two sentences; `tsv`: columns
    separated by tabs; `lines`: a text a line; `jsonl`: an object a line. Plain, .gz, .xz, .zst or .bz2."""
    location: LocalPath = Field(examples=["flores200_dataset"])
    """Path of its file, or of a folder of files, of `flores`, `xnli` and `tatoeba`. A folder is searched whole."""
    language: LanguageCode | None = Field(default=None, examples=["en"])
    """Language of all its text; empty: what the files say, or any. Texts are held against items of their language and
    against those of which nothing says the language; script and region do not count, so `zh` is `zh-Hans` too."""
    languages: Annotated[list[LanguageCode], Field(min_length=1), AfterValidator(unique)] | None = Field(
        default=None, examples=[["de", "en"]], json_schema_extra={"noun": "a list of language codes"}
    )
    """Languages to take; empty: all. Of `tsv` the languages of the columns, in their order."""
    columns: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] | None = Field(
        default=None, examples=[[0, 1]], json_schema_extra={"noun": "a list of numbers"}
    )
    """Columns of a `tsv` that hold text, from 0; empty: one a language. One for each of `languages`, where those are
    named."""
    fields: Annotated[list[str], Field(min_length=1)] | None = Field(
        default=None, examples=[["premise", "hypothesis"]], json_schema_extra={"noun": "a list of names"}
    )
    """Keys of the objects of a `jsonl` that hold text; empty: `text`."""
    drop: Drop = "document"
    """What goes where an item is found. The rest of a document often goes on with the test set, so the whole document;
    `paragraph` suits corpora of very long documents. A pair always goes as a whole."""

    @model_validator(mode="after")
    def _fits_its_format(self) -> TestSetSection:
        for key, formats in _USED_BY.items():
            if key in self.model_fields_set and self.format not in formats:
                raise problem(f"found it beside `format: {self.format}`, which has no use for it; remove it", key)
        if self.languages and self.language:
            raise problem("found it beside `languages`, expected one of the two; remove one", "language")
        if self.languages and self.columns and len(self.languages) != len(self.columns):
            found = f"{len(self.columns)} columns and {len(self.languages)} languages"
            raise problem(f"found {found}, expected as many; name one language a column", "columns")
        return self

    def test_set(self) -> TestSet:
        """As `transforms.decontamination` takes it."""
        return TestSet(
            name=self.name,
            format=self.format,
            location=self.location,
            language=self.language,
            languages=tuple(self.languages or ()),
            columns=tuple(self.columns or ()),
            fields=tuple(self.fields or ("text",)),
            drop=self.drop,
        )
