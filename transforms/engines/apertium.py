"""Apertium, the rule-based translator, as it is installed (Debian: `apertium`, `apertium-eng-spa` and others).

A mode is a pipeline of programs, one for each direction and thread, which are told to flush at a NUL (`-z`). The
command `apertium` would not do: around the pipeline it starts programs that flush nothing before their input ends. So
the mode's own file is read, and what `apertium-destxt` and `apertium-retxt` do to a text is done here (`framed`,
`unframed`): in the format of the stream some characters mean something, and a sentence stays one whatever is in it.

Rules of transfer keep their variables from one sentence to the next, NUL or not: what a sentence becomes depends on all
that the pipeline has read. So that a batch is the same when it is translated again, each has a pipeline of its own,
which takes some 0.3 s to load: give this engine batches of some thousand sentences.
"""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa

from transforms.engines.command import ProgramPool
from transforms.engines.engine import Translated, listed, without_scores
from transforms.engines.programs import decoded
from transforms.errors import InputError
from transforms.languages import UnknownLanguage, language
from transforms.storage import sha256_of

_RESERVED = re.compile(r"[\\\[\]{}^$/@<>]")
_ESCAPED = re.compile(r"\\(.)")
_END = ".[][\n]"
"""What destxt puts behind a sentence: a full stop of its own, for the rules that look for one, which retxt removes."""


@dataclass(kw_only=True)
class Apertium:
    """The engine.

    Attributes:
        program: `apertium`, or its path.
        modes: BCP 47 tags of a pair, such as `en-es`, to the mode that translates it, where that is to be another one
            than the languages' own, such as `spa-cat_valencia`.
        seconds: how long a batch may take.
        fresh: whether each batch has a pipeline of its own. If not, one stays for all batches of a thread, and what a
            sentence becomes may depend on those before.
        name: of the engine.
    """

    program: str = "apertium"
    modes: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 300.0
    fresh: bool = True
    name: str = "apertium"
    _programs: ProgramPool = field(default_factory=ProgramPool, repr=False, compare=False)

    def serves(self, source: str, target: str) -> bool:
        """Whether a mode for the pair is installed."""
        return self._mode(source, target) is not None

    def tag(self, source: str, target: str) -> dict[str, Any]:
        """As of `Engine`; `sha256` is of the mode's files, in their order."""
        mode = self._required(source, target)
        return {
            "engine": "apertium",
            "model": mode,
            "sha256": mode_digest(self.program, mode),
            "parameters": {"unknown": "unmarked", "fresh": self.fresh},
            "sampled": False,
        }

    def translate(self, texts: Sequence[str] | pa.StringArray, *, source: str, target: str, seed: int) -> Translated:
        """As of `Engine`; nothing is drawn, so the seed does not count. Unknown words stay as they are, unmarked."""
        mode = self._required(source, target)
        command = ["/bin/sh", "-c", pipeline(self.program, mode)]
        program = self._programs.of(source, target, command, end=b"\0", flushes=True, title=f"Apertium's {mode}")
        sentences = listed(texts)
        asked = [number for number, sentence in enumerate(sentences) if sentence]
        answers = program.ask([framed(sentences[number]).encode() for number in asked], seconds=self.seconds)
        if self.fresh:
            program.close()
        found = [""] * len(sentences)
        for number, answer in zip(asked, decoded(answers, mode), strict=True):
            found[number] = unframed(answer)
        return without_scores(found)

    def __enter__(self) -> Apertium:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._programs.close()

    def _mode(self, source: str, target: str) -> str | None:
        installed = installed_modes(self.program)
        named = self.modes.get(f"{source}-{target}")
        wanted = [named] if named else [f"{one}-{other}" for one in _codes(source) for other in _codes(target)]
        return next((mode for mode in wanted if mode in installed), None)

    def _required(self, source: str, target: str) -> str:
        mode = self._mode(source, target)
        if mode is None:
            has = ", ".join(installed_modes(self.program)) or "none"
            raise InputError(
                f"Apertium has no mode from {source} to {target}, it has {has}; install one (Debian: "
                "`apt-cache search ^apertium-` lists them), or leave the pair to another engine"
            )
        return mode


@functools.cache
def installed_modes(program: str = "apertium") -> tuple[str, ...]:
    """The modes that are installed, sorted; none where Apertium is not."""
    if shutil.which(program) is None:
        return ()
    done = subprocess.run([program, "-l"], capture_output=True, text=True, timeout=60)
    return tuple(sorted(line.strip() for line in done.stdout.splitlines() if line.strip()))


@functools.cache
def mode_digest(program: str, mode: str) -> str:
    """sha256 (hex) of a mode: what is run, and every file of rules and words that is named there."""
    commands = pipeline(program, mode)
    found = sha256(commands.encode())
    for name in re.findall(r"'([^']+)'", commands):
        found.update(sha256_of(Path(name)).encode())
    return found.hexdigest()


@functools.cache
def pipeline(program: str, mode: str) -> str:
    """The shell's words for a mode that flushes at a NUL and does not mark unknown words."""
    root = Path(shutil.which(program) or program).resolve().parent.parent / "share" / "apertium"
    commands = (root / "modes" / f"{mode}.mode").read_text(encoding="utf-8").strip()
    # $1 is how the generator is to write unknown words, $2 an option of the tagger to show what it doubts.
    commands = commands.replace("$1", "-n").replace("$2", "")
    return " | ".join(re.sub(r"^\S+", r"\g<0> -z", one.strip()) for one in commands.split("|"))


def framed(sentence: str) -> str:
    """A sentence in Apertium's stream format, without the NUL that ends it."""
    return _RESERVED.sub(r"\\\g<0>", sentence) + _END


def unframed(answer: str) -> str:
    """The text of an answer."""
    text = answer.removesuffix(_END).removesuffix(_END[1:])
    return _ESCAPED.sub(r"\1", text).strip()


def _codes(tag: str) -> list[str]:
    """What modes call a language: ISO 639-3 in newer ones, ISO 639-1 in older."""
    try:
        code = language(tag, strict=False).iso639_3
    except UnknownLanguage:
        code = ""
    return [code, tag] if code else [tag]
