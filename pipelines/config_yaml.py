"""YAML with the line of every key, so that whoever validates it can say where.

Scalars are those of YAML 1.2, where `no` is a text (and Norwegian), with two liberties that people take: `4_000_000`
and `1e6` are whole numbers. A key without a value is as good as absent. A key that is there twice is a problem, not a
last word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

KeyPath = tuple[str | int, ...]
"""Where a value is: keys of sections, positions in lists."""

_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?\d(_?\d){0,99}")
_NUMBER = re.compile(r"[-+]?(\d(_?\d)*\.?\d*|\.\d+)([eE][-+]?\d+)?")
_TAGS = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"}
_CURES = {
    "mapping values are not allowed here": "; put a value that contains a colon in quotes",
    "found character '\\t' that cannot start any token": "; indent with spaces",
}


class ConfigError(ValueError):
    """A configuration cannot be used: a line for each problem, with its place, what was found and what is allowed."""


@dataclass(frozen=True)
class Problem:
    """Something wrong with a document.

    Attributes:
        line: where, from 1; None for what is not from the file.
        path: the key that it is about.
        text: what was found, what is allowed.
    """

    line: int | None
    path: KeyPath
    text: str


@dataclass
class Document:
    """A YAML text as plain values.

    Attributes:
        values: sections, lists, texts, numbers, truth values; None for an empty text. No section holds a None.
        lines: where each key and item stands, from 1; None for what is not from the file.
        problems: what makes the text ambiguous.
    """

    values: Any
    lines: dict[KeyPath, int | None]
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: KeyPath) -> int | None:
        """Where a key stands; where it is missing, the innermost section that should have it."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]


def parse(text: str, name: str) -> Document:
    """Read YAML, keeping the line of every key and item.

    Args:
        text: the YAML.
        name: what messages call it.

    Raises:
        ConfigError: it is not YAML.
    """
    document = Document(None, {(): 1})
    try:
        # The base loader takes every scalar for a text, so it is `scalar` that says what is a number.
        root = yaml.compose(text, Loader=yaml.BaseLoader)
        document.values = None if root is None else _value(root, (), document)
    except yaml.MarkedYAMLError as error:
        raise ConfigError(_syntax_error(error, name)) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(f"{name}:{line}: found the character U+{error.character:04X}, which YAML forbids") from error
    except RecursionError as error:
        raise ConfigError(f"{name}: is nested too deeply, or an alias contains itself") from error
    return document


def _syntax_error(error: yaml.MarkedYAMLError, name: str) -> str:
    mark = error.problem_mark or error.context_mark
    place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
    context = f" ({error.context})" if error.context else ""
    return f"{place}: {error.problem}{context}{_CURES.get(error.problem or '', '')}"


def _value(node: yaml.Node, path: KeyPath, document: Document) -> Any:
    """The plain value of a node; notes its line."""
    line = document.lines.setdefault(path, node.start_mark.line + 1)
    if node.tag not in _TAGS:
        document.problems.append(Problem(line, path, f"found the tag {node.tag}, expected a value without a tag"))
    if isinstance(node, yaml.ScalarNode):
        return node.value if node.style else scalar(node.value)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, number), document) for number, item in enumerate(node.value)]
    return _section(node, path, document)


def _section(node: yaml.Node, path: KeyPath, document: Document) -> dict[str, Any]:
    """A mapping whose keys are texts, each there once."""
    values = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            document.problems.append(Problem(line, path, "found a list or a section as a key, expected a text"))
            continue
        here = (*path, key.value)
        if here in document.lines:
            before = document.lines[here]
            document.problems.append(Problem(line, here, f"found a second time, first on line {before}; remove one"))
            continue
        document.lines[here] = line
        found = _value(value, here, document)
        if found is not None:
            values[key.value] = found
    return values


def scalar(text: str) -> Any:
    """The value of a YAML scalar without quotes.

    Examples: `no` is a text, `true` a truth value; `4_000_000` and `4e6` are the same whole number, `0.5` is a number,
    and `~` is None.
    """
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in _TRUTH:
        return _TRUTH[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        number = float(text)
        return int(number) if "e" in text.lower() and number.is_integer() else number
    return text
