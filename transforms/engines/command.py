"""Any program that reads sentences from its standard input, a line each, and writes as many lines."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa

from transforms.engines.engine import Translated, listed, without_scores
from transforms.engines.programs import Program, decoded
from transforms.errors import InputError
from transforms.storage import sha256_of


class ProgramPool:
    """Programs by thread and pair of languages, as each is for one thread; pickles empty."""

    def __init__(self) -> None:
        self._local, self._lock = threading.local(), threading.Lock()
        self._started: list[Program] = []

    def __reduce__(self):
        return type(self), ()

    def of(
        self, source: str, target: str, command: Sequence[str], *, end: bytes, flushes: bool, title: str = ""
    ) -> Program:
        """This thread's program for a pair, as `Program`."""
        programs = self._local.__dict__.setdefault("programs", {})
        if (source, target) not in programs:
            programs[source, target] = Program(command, end=end, flushes=flushes, title=title)
            with self._lock:
                self._started.append(programs[source, target])
        return programs[source, target]

    def close(self) -> None:
        """Kill all programs, of all threads; none may be at work."""
        with self._lock, ExitStack() as stack:
            for program in self._started:
                stack.callback(program.close)


@dataclass(kw_only=True)
class Command:
    """An engine that is a program.

    Attributes:
        command: program and arguments, in which `{source}` and `{target}` stand for the languages.
        pairs: source and target tags that it serves; None: any.
        codes: what the program calls a language, where that is not its tag.
        seconds: how long a batch may take.
        flushes: whether the program answers each line before its input ends, so that one of them can stay for all
            batches. Most buffer their output; those are started for every batch.
        name: of the engine.
    """

    command: Sequence[str]
    pairs: Collection[tuple[str, str]] | None = None
    codes: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 300.0
    flushes: bool = False
    name: str = "command"
    _programs: ProgramPool = field(default_factory=ProgramPool, repr=False, compare=False)

    def serves(self, source: str, target: str) -> bool:
        """Whether it is said to."""
        return self.pairs is None or (source, target) in {tuple(pair) for pair in self.pairs}

    def tag(self, source: str, target: str) -> dict[str, Any]:
        """As of `Engine`; `sha256` is of the program's file, and knows nothing of what that loads.

        Raises:
            InputError: there is no such program.
        """
        command = self._filled(source, target)
        path = shutil.which(command[0])
        if path is None:
            raise InputError(f"program {command[0]!r} of the engine {self.name} was not found; correct `command`")
        return {
            "engine": "command",
            "model": " ".join(command),
            "sha256": sha256_of(Path(path)),
            "parameters": {},
            "sampled": False,
        }

    def translate(self, texts: Sequence[str] | pa.StringArray, *, source: str, target: str, seed: int) -> Translated:
        """As of `Engine`; the seed is not told to the program."""
        command = self._filled(source, target)
        program = self._programs.of(source, target, command, end=b"\n", flushes=self.flushes)
        answers = program.ask([line.encode() for line in listed(texts)], seconds=self.seconds)
        return without_scores(decoded([answer.removesuffix(b"\r") for answer in answers], command[0]))

    def __enter__(self) -> Command:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._programs.close()

    def _filled(self, source: str, target: str) -> list[str]:
        names = {"{source}": self.codes.get(source, source), "{target}": self.codes.get(target, target)}
        command = list(self.command)
        for place, name in names.items():
            command = [word.replace(place, name) for word in command]
        return command
