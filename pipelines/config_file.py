"""From a configuration file and `--set` overrides to a `Config`, or to all that is wrong with them at once.

corpus.yaml:7: clean.language_id.treshold: unknown key; did you mean 'threshold'? allowed: foreign, model, …
corpus.yaml:9: dedup.threshold: found 1.8, expected a number from 0 to 1
--set shards.token: unknown key; did you mean 'tokens'? allowed: tokens, validation
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pipelines.config import Config
from pipelines.config_schema import expected, schema_at, template
from pipelines.config_yaml import ConfigError, Document, KeyPath, Problem, parse

__all__ = ["ConfigError", "dotted", "load", "override", "template"]

_LONGEST = 60
"""Characters of a value that a message shows."""


def load(path: str | os.PathLike[str], overrides: Sequence[str] = ()) -> Config:
    """Read and validate a configuration file.

    Args:
        path: the file; relative paths in it, and in `overrides`, are relative to its folder.
        overrides: `KEY=VALUE`, such as `shards.tokens=1000000` or `corpora.0.languages=[de]`; VALUE is YAML.

    Raises:
        ConfigError: it cannot be read or used; the message has a line for every problem.
    """
    name = os.fspath(path)
    document = parse(_text(name), name)
    if document.values is None:
        document.values = {}
    for assignment in overrides:
        override(document, assignment)
    problems = list(document.problems)
    try:
        config = Config.model_validate(document.values, context={"folder": Path(name).parent})
    except ValidationError as error:
        problems += [_problem(detail, document) for detail in error.errors(include_url=False)]
    if problems:
        problems.sort(key=lambda problem: (problem.line is None, problem.line or 0))
        raise ConfigError("\n".join(_told(problem, name) for problem in problems))
    return config


def _text(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{name}: no such file; `babelmill init DIR` writes one to start from") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name}: byte {error.start:,} is not UTF-8; save the file as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{name}: cannot be read: {error.strerror}") from error


def override(document: Document, assignment: str) -> None:
    """Set a key of a document; what cannot be set becomes one of its problems.

    Args:
        document: is changed.
        assignment: `KEY=VALUE`; without a VALUE the key gets its default.

    Raises:
        ConfigError: VALUE is not YAML.
    """
    key, equals, text = assignment.partition("=")
    if not key or not equals:
        wrong = f"found {assignment!r}, expected KEY=VALUE, such as shards.tokens=1000000"
        document.problems.append(Problem(None, (), wrong))
        return
    value = parse(text, f"--set {key}")
    names = tuple(key.split("."))
    document.problems += [Problem(None, (*names, *problem.path), problem.text) for problem in value.problems]
    try:
        _put(document, names, value.values)
    except LookupError as error:
        document.problems.append(Problem(None, names, str(error.args[0])))


def _put(document: Document, names: Sequence[str], value: Any) -> None:
    """Set the value at a dotted key, making the sections on the way.

    Raises:
        LookupError: something on the way is neither a section nor a list with such an item.
    """
    holder: Any = document.values
    path: KeyPath = ()
    for name in names[:-1]:
        step = _step(holder, name, path)
        path = (*path, step)
        if isinstance(holder, dict) and step not in holder:
            holder[step] = {}
            document.lines.setdefault(path, None)
        holder = holder[step]
    last = _step(holder, names[-1], path)
    path = (*path, last)
    document.lines = {at: line for at, line in document.lines.items() if at[: len(path)] != path}
    document.lines[path] = None
    if value is None and isinstance(holder, dict):
        holder.pop(last, None)
    else:
        holder[last] = value


def _step(holder: Any, name: str, path: KeyPath) -> str | int:
    """A name of a dotted key as the key or the position that it is in what is at `path`."""
    if isinstance(holder, dict):
        return name
    place = dotted(path) or "the file"
    if not isinstance(holder, list):
        raise LookupError(f"{place} is {_shown(holder)} and has no keys")
    if not (name.isdecimal() and int(name) < len(holder)):
        raise LookupError(f"{place} has no item {name!r}, its items are 0 to {len(holder) - 1}")
    return int(name)


def _problem(error: ErrorDetails, document: Document) -> Problem:
    """One of pydantic's errors, with its place and in our words."""
    # Pydantic puts "[key]" behind a key that is itself what is wrong.
    path = tuple(key for key in (*error["loc"], *error.get("ctx", {}).get("at", ())) if key != "[key]")
    return Problem(document.line(path), path, _said(error, path))


def _said(error: ErrorDetails, path: KeyPath) -> str:
    if error["type"] == "problem":
        return error["ctx"]["text"]
    if error["type"] == "extra_forbidden":
        allowed = sorted(schema_at(path[:-1])["properties"])
        return " ".join(["unknown key;", *_meant(path[-1], allowed), f"allowed: {', '.join(allowed)}"])
    schema = schema_at(path)
    if error["type"] == "missing":
        return f"missing, expected {expected(schema)}"
    meant = _meant(error["input"], schema.get("enum", []))
    return "; ".join([f"found {_shown(error['input'])}, expected {expected(schema)}", *meant])


def _meant(word: Any, allowed: Sequence[str]) -> list[str]:
    """A question about the most similar of the words allowed, if one is similar."""
    return [f"did you mean {close!r}?" for close in difflib.get_close_matches(str(word), allowed, n=1)]


def _shown(value: Any) -> str:
    """A value for a message, in YAML's words, a long one cut."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a section"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    shown = repr(value)
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"


def _told(problem: Problem, name: str) -> str:
    """A problem as a line of a message; the file is called `name`."""
    key = dotted(problem.path)
    places = [f"--set {key}".strip()] if problem.line is None else [f"{name}:{problem.line}", key]
    return ": ".join([*filter(None, places), problem.text])


def dotted(path: KeyPath) -> str:
    """A path as `--set` takes it: `corpora.0.languages`."""
    return ".".join(str(key) for key in path)
