"""The lexical model as an engine: a gloss, word by word, by what was learnt from the user's own pairs.

It needs nothing but those, and is no translation: words stay in the order of the source, but for what the diagonal
allows, and none is inflected to fit another.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from types import TracebackType
from typing import Any

import pyarrow as pa

from babelmill.format import File
from transforms.engines.engine import Translated, listed
from transforms.errors import InputError
from transforms.learn_pairs import cutter
from transforms.lexicon.model import Lexicon
from transforms.lexicon.saving import MANIFEST, load
from transforms.storage import WorkDirectory


class LexiconCache:
    """Loaded lexicons by name; pickles empty."""

    def __init__(self) -> None:
        self._lock, self._loaded = threading.Lock(), dict[str, Lexicon]()

    def __reduce__(self):
        return type(self), ()

    def get(self, work: WorkDirectory, name: str, pieces: File | None) -> Lexicon:
        """A lexicon, which all threads share."""
        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = load(work, name, pieces=cutter(work, pieces))
            return self._loaded[name]

    def clear(self) -> None:
        """Drop all of them."""
        with self._lock:
            self._loaded.clear()


@dataclass(kw_only=True)
class Lexical:
    """The engine.

    Attributes:
        work: where the lexicons are.
        lexicons: a pair of languages, such as `("de", "en")`, to the folder of its lexicon; either direction is served.
        pieces: the file of the vocabulary that they were learnt with, if they were.
        name: of the engine.
    """

    work: WorkDirectory
    lexicons: Mapping[tuple[str, str], str]
    pieces: File | None = None
    name: str = "lexical"
    _cache: LexiconCache = field(default_factory=LexiconCache, repr=False, compare=False)

    def serves(self, source: str, target: str) -> bool:
        """Whether there is a lexicon of the two."""
        return self._folder(source, target) is not None

    def tag(self, source: str, target: str) -> dict[str, Any]:
        """As of `Engine`; `sha256` is of the lexicon's manifest, which names its files by theirs."""
        folder = self._required(source, target)
        return {
            "engine": "lexical",
            "model": folder,
            "sha256": sha256(self.work.read(f"{folder}/{MANIFEST}")).hexdigest(),
            "parameters": {},
            "sampled": False,
        }

    def translate(self, texts: Sequence[str] | pa.StringArray, *, source: str, target: str, seed: int) -> Translated:
        """As of `Engine`; nothing is drawn. A score is the geometric mean of the words' probabilities.

        Raises:
            InputError: the lexicon is of other languages than was said.
        """
        folder = self._required(source, target)
        lexicon = self._cache.get(self.work, folder, self.pieces)
        if {source, target} != set(lexicon.languages):
            raise InputError(
                f"{self.work.address(folder)} is a lexicon of {' and '.join(lexicon.languages)}, expected {source} and "
                f"{target}; correct which lexicon is for them"
            )
        column = texts if isinstance(texts, pa.StringArray) else pa.array(listed(texts), pa.string())
        return Translated(*lexicon.translate(column, reverse=source != lexicon.languages[0]))

    def __enter__(self) -> Lexical:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cache.clear()

    def _folder(self, source: str, target: str) -> str | None:
        return self.lexicons.get((source, target)) or self.lexicons.get((target, source))

    def _required(self, source: str, target: str) -> str:
        folder = self._folder(source, target)
        if folder is None:
            has = ", ".join("-".join(pair) for pair in self.lexicons) or "none"
            raise InputError(
                f"there is no lexicon of {source} and {target}, there are {has}; learn one from pairs of them"
            )
        return folder
