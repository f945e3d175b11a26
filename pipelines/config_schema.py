"""The configuration's schema in words: what a key accepts, the commented file of `babelmill init`, the reference page.

All of it is read off the models' JSON schema, so that a new key is in every message and page at once.

    python -m pipelines.config_schema docs/configuration.md    # writes the tables again
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipelines.config import Config
from pipelines.config_yaml import KeyPath

Schema = dict[str, Any]
"""A JSON schema without references at its top."""

MARKER = "<!-- Below: python -m pipelines.config_schema docs/configuration.md -->\n"
"""In the reference page, the line after which everything is generated."""

_FIRST_RUN = {"languages": ["as", "rm", "su"]}
"""Keys that the template fills in though they have a default: three small files (27 MB), not all of 550 GB."""

_HEAD = """\
# Configuration of Babelmill. A key that is commented out, or has no value, keeps the default that is shown.
# Paths are relative to this file's folder. Why each default is what it is: docs/configuration.md

"""


@cache
def _root() -> Schema:
    return Config.model_json_schema()


def _plain(schema: Schema) -> Schema:
    """Follow references, and see through `null`, which only says that a value may be left out."""
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    if options:
        return _plain({**options[0], **{key: value for key, value in schema.items() if key != "anyOf"}})
    if "$ref" in schema:
        target = _root()["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
        return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
    return schema


def schema_at(path: KeyPath) -> Schema:
    """The schema of the value at a path; {} where there is no such key."""
    schema = _plain(_root())
    for key in path:
        if isinstance(key, int):
            found = schema.get("items")
        else:
            found = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
        schema = _plain(found or {})
    return schema


def expected(schema: Schema) -> str:
    """What a value must be, to stand after "expected": `a number from 0 to 1`, `NFC or NFKC`."""
    if "enum" in schema:
        return " or ".join(schema["enum"])
    if "const" in schema:
        return schema["const"]
    if "properties" in schema:
        return "a section with the keys " + ", ".join(schema["properties"]) + (", or false" if "off" in schema else "")
    nouns = {
        "boolean": "true or false",
        "integer": "a whole number",
        "number": "a number",
        "string": "text",
        "array": "a list",
        "object": "a section",
    }
    noun = schema.get("noun") or nouns[schema["type"]]
    example = f", such as {written(schema['examples'][0])}" if "examples" in schema else ""
    return noun + _range(schema) + example


def _range(schema: Schema) -> str:
    """The bounds of a number in words, with a space before them."""

    def bound(key: str) -> str | None:
        return written(schema[key], schema) if key in schema else None

    low, high = bound("minimum"), bound("maximum")
    if low and high:
        return f" from {low} to {high}"
    if low:
        return f" of {low} or more"
    if "exclusiveMinimum" in schema:
        return f" above {bound('exclusiveMinimum')}"
    return ""


def written(value: Any, schema: Schema | None = None) -> str:
    """A value as one would write it in a YAML file; None is nothing. Sizes get their unit."""
    if value is None:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if schema and schema.get("format") == "size":
            return written_size(int(value))
        return f"{int(value):_}" if value == int(value) else str(value)
    line = yaml.safe_dump(value, default_flow_style=True, width=sys.maxsize, allow_unicode=True, sort_keys=False)
    return line.splitlines()[0]


def written_size(size: int) -> str:
    """Bytes in the largest unit that gives a whole number: `32MiB`, `50MB`, `64KiB`, `1_001`."""
    for power, prefix in enumerate("TGMK"):
        for base, unit in ((1024, f"{prefix}iB"), (1000, f"{prefix}B".replace("K", "k"))):
            if size and size % base ** (4 - power) == 0:
                return f"{size // base ** (4 - power)}{unit}"
    return f"{size:_}"


def _told(schema: Schema) -> tuple[str, str]:
    """What a key does, in a sentence; and the sentences that say why it is so."""
    first, *rest = re.split(r"(?<=\.)\s+", schema["description"], maxsplit=1)
    return " ".join(first.split()), " ".join(" ".join(rest).split())


def template() -> str:
    """The file that `babelmill init` writes: every key, the defaults commented out. It loads as it stands."""
    return _HEAD + "\n".join(_template_lines(_plain(_root()), "")) + "\n"


def _template_lines(section: Schema, indent: str, filled: Mapping[str, Any] = _FIRST_RUN) -> Iterator[str]:
    """A section's keys; `filled`: values of keys that need none."""
    for key, schema in section["properties"].items():
        schema = _plain(schema)
        comment = _told(schema)[0].removesuffix(".")
        items = _plain(schema.get("items", {}))
        if "properties" in schema or "properties" in items:
            yield from [] if indent else [""]
            if "items" in schema and schema.get("default") == []:
                yield from _optional_list(key, items, comment)
                continue
            yield f"{indent + key + ':':<40}# {comment}"
            if "properties" in schema:
                yield from _template_lines(schema, indent + "  ")
            else:
                first, *rest = _template_lines(items, indent + "    ")
                yield from (f"{indent}  - {first.strip()}", *rest)
            continue
        if key in section.get("required", ()) or key in filled:
            value = filled.get(key, schema.get("const", schema.get("examples", [None])[0]))
            line = f"{indent}{key}: {written(value)}"
        else:
            line = f"{indent}# {key}: {written(schema['default'], schema)}"
        yield f"{line:<40}# {comment}"


def _optional_list(key: str, items: Schema, comment: str) -> Iterator[str]:
    """A list of sections that may be left out, with one item as it could be; all of it is commented out."""
    yield f"{f'# {key}:':<40}# {comment}"
    for number, line in enumerate(_template_lines(items, "", {})):
        value, _, told = line.removeprefix("# ").partition("# ")
        yield f"{('#   ' if number else '# - ') + value.rstrip():<40}# {told}"


def reference() -> str:
    """Markdown tables of all keys: what they accept, their default, and why."""
    return "\n".join(_reference_lines(_plain(_root()), ()))


def _reference_lines(section: Schema, path: tuple[str, ...]) -> Iterator[str]:
    heading = f"`{'.'.join(path)}`" if path else "At the top"
    yield from ("", f"### {heading}", "", " ".join(section["description"].split()), "")
    yield from ("| key | value | default | what it does, and why |", "|---|---|---|---|")
    inner = []
    for key, schema in section["properties"].items():
        schema = _plain(schema)
        items = _plain(schema.get("items", {}))
        if "properties" in schema:
            inner.append((key, schema))
            continue
        if "properties" in items:
            inner.append((key, items))
        default = f"`{written(schema['default'], schema)}`" if schema.get("default") is not None else "empty"
        default = "required" if key in section.get("required", ()) else default
        yield f"| `{key}` | {expected(schema).replace('<', '&lt;')} | {default} | {' '.join(_told(schema)).strip()} |"
    for key, schema in inner:
        yield from _reference_lines(schema, (*path, key))


def page(text: str) -> str:
    """A reference page with its tables written again; what stands before the marker stays."""
    return text.partition(MARKER)[0] + MARKER + reference() + "\n"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        file = Path(name)
        file.write_text(page(file.read_text(encoding="utf-8")), encoding="utf-8")
