"""What sections of the configuration are made of: the base class, and types of values with their words for messages."""

from __future__ import annotations

import ast
import inspect
import os
import re
import sys
from collections.abc import Sequence
from decimal import Decimal
from functools import cache, partial
from itertools import pairwise
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationInfo,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from babelmill.format import PERMUTATIONS
from transforms.languages import UnknownLanguage, language
from transforms.sources import local_path, scheme_of


def problem(text: str, *at: str | int) -> PydanticCustomError:
    """What a validator raises for a value that has the right type and still cannot be.

    Args:
        text: what was found, what was expected, what to do.
        at: the key that it is about, from the validated field or section down.
    """
    return PydanticCustomError("problem", "{text}", {"text": text, "at": at})


def parse_size(value: Any) -> Any:
    """Bytes of a size that is written with a unit; anything else comes back as it is, to be judged by its type.

    Examples: `"32MiB"` is 33,554,432; `"1.5 GB"` is 1,500,000,000; `4096` is itself, and so is `"much"`.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?) *([kmgt]?)(i?)b", value.lower()) if isinstance(value, str) else None
    if match is None:
        return value
    number, prefix, binary = match.groups()
    return int(Decimal(number) * (1024 if binary else 1000) ** " kmgt".index(prefix or " "))


def _resolved(address: str, info: ValidationInfo) -> str:
    """A path, taken from the folder of the configuration file; an address with a scheme is left alone."""
    folder = (info.context or {}).get("folder")
    if folder is None or "://" in address or address.lower().startswith("file:"):
        return address
    return os.path.abspath(os.path.join(folder, os.path.expanduser(address)))


def _language(code: str, *, strict: bool) -> str:
    """A code that the table of languages has, or, if not `strict`, that is a BCP 47 tag at least."""
    try:
        language(code, strict=strict)
    except UnknownLanguage as error:
        raise problem(str(error)) from error
    return code


def _local(path: str) -> str:
    if "://" in path or path.lower().startswith("file:"):
        raise problem(f"found {path!r}, expected a path on this machine, without a scheme")
    return path


def _writable(address: str) -> str:
    scheme = scheme_of(address)
    if scheme in ("http", "https") or "::" in address:
        raise problem(f"found {address!r}, expected a folder, or an address that can be written: s3://bucket/folder")
    return str(local_path(address)) if address.lower().startswith("file:") else address


def unique(values: list[str]) -> list[str]:
    """A list as it is, if nothing in it stands twice."""
    number = repeated(values)
    if number is not None:
        raise problem(f"found {values[number]!r} a second time, expected it once", number)
    return values


def repeated(values: Sequence[str]) -> int | None:
    """Position of the first value that was there before."""
    return next((number for number, value in enumerate(values) if value in values[:number]), None)


def checked_rows(rows: int, bands: int) -> int:
    """Rows of a band, if so many bands of them are no more than there are MinHash values."""
    if bands * rows > PERMUTATIONS:
        values = f"{bands} bands of {rows} rows, {bands * rows} values"
        raise problem(f"found {values}, expected at most {PERMUTATIONS} values")
    return rows


def off(value: Any) -> Any:
    """`false` in a file switches a section off; in Python that is None."""
    return None if value is False else value


def called(noun: str) -> Any:
    """What messages and the reference page call a value, where its type says too little."""
    return Field(json_schema_extra={"noun": noun})


Share = Annotated[float, Field(ge=0, le=1)]
"""A number from 0 to 1."""

Size = Annotated[
    int,
    BeforeValidator(parse_size),
    Field(ge=1, json_schema_extra={"noun": "a size", "format": "size", "examples": ["32MiB"]}),
]
"""A number of bytes; a file may write it with a unit."""

Address = Annotated[str, Field(min_length=1), AfterValidator(_resolved), called("a path or an address")]
"""A path, or an address with a scheme."""

LocalPath = Annotated[str, Field(min_length=1), AfterValidator(_local), AfterValidator(_resolved), called("a path")]
"""A path on this machine; `file:` is not for these."""

WorkAddress = Annotated[
    str, Field(min_length=1), AfterValidator(_writable), AfterValidator(_resolved), called("a path or an address")
]
"""A path, or an address of a file system that can be written."""

LanguageCode = Annotated[str, AfterValidator(partial(_language, strict=False)), called("a language code")]
"""A code of CC-100, OPUS, ISO 639-3 or BCP 47; a corpus may have languages that the table has not."""

LanguagePair = Annotated[list[LanguageCode], Field(min_length=2, max_length=2), called("two language codes")]
"""Two languages, in either order."""

KnownLanguage = Annotated[str, AfterValidator(partial(_language, strict=True))]
"""As `LanguageCode`, but one that the table has: a misspelt one would go unnoticed."""


class Section(BaseModel):
    """What all sections share: no key but theirs, no value of another type, no change once it is read."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        protected_namespaces=(),
    )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema as pydantic makes it, and the fields' docstrings in it.

        pydantic can do this by itself, but then reads the source of every section whenever it is imported, which took
        as long as all else about the sections.
        """
        found = handler(schema)
        properties = handler.resolve_ref_schema(found)["properties"]
        for section in reversed([kind for kind in cls.__mro__ if issubclass(kind, Section)]):
            for name, text in _docstrings(section.__module__)[section.__name__].items():
                properties[name]["description"] = text
        return found


@cache
def _docstrings(module: str) -> dict[str, dict[str, str]]:
    """The docstrings of fields in a module's classes, by class and field: strings that follow annotated names."""
    found: dict[str, dict[str, str]] = {}
    for section in ast.parse(inspect.getsource(sys.modules[module])).body:
        if isinstance(section, ast.ClassDef):
            fields = found.setdefault(section.name, {})
            for field, after in pairwise(section.body):
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                    match after:
                        case ast.Expr(value=ast.Constant(value=str(text))):
                            fields[field.target.id] = inspect.cleandoc(text)
    return found
