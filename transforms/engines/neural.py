"""Neural models that CTranslate2 runs: OPUS-MT and other Marian models, NLLB-200, M2M-100; with the extra `mt`.

A model is a folder that one of CTranslate2's converters made, with the SentencePiece models beside it. Families differ
in the tokens around a sentence:

| family | source | target begins with | folder holds |
|---|---|---|---|
| `marian` | pieces `</s>`, and before them `>>spa<<` for a model of several targets | | `source.spm`, `target.spm` |
| `nllb` | `eng_Latn` pieces `</s>` | `spa_Latn` | `sentencepiece.bpe.model` |
| `m2m100` | `__en__` pieces `</s>` | `__es__` | `sentencepiece.bpe.model` |

A folder with `sentencepiece.model` alone uses that for both sides, whatever the family. `</s>` is put there by
CTranslate2 if the model's `config.json` says so, as its Marian converter writes it, and by us if not.
"""

from __future__ import annotations

import functools
import json
import re
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
from sentencepiece import SentencePieceProcessor

from babelmill.format import digest
from transforms.engines.engine import EngineError, Translated, listed
from transforms.errors import InputError
from transforms.languages import language
from transforms.storage import sha256_of

Family = Literal["marian", "nllb", "m2m100"]

SOURCE_MODELS = ("source.spm", "sentencepiece.bpe.model", "sentencepiece.model", "spm.model")
TARGET_MODELS = ("target.spm", *SOURCE_MODELS[1:])

_END = "</s>"
_LANGUAGE = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}|__[a-z]{2,3}__")
_SEEDING = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """How translations are searched for, in the words of CTranslate2's `translate_batch`.

    Attributes:
        beam_size: of the beam search; 1 is greedy search, and what sampling takes.
        sampling_topk: of how many candidates a token is drawn; 1: none is drawn, 0: of all.
        sampling_temperature: above 1 for more surprising ones.
        length_penalty: a score is the log-probability by the length to this power: 1 normalises it.
        no_repeat_ngram_size: n-grams that may not occur twice in a translation; 0: any may.
        max_length: tokens of the longest translation, which ends there.
        max_input_length: tokens of the longest source, which is cut there.
    """

    beam_size: int = 4
    sampling_topk: int = 1
    sampling_temperature: float = 1.0
    length_penalty: float = 1.0
    no_repeat_ngram_size: int = 0
    max_length: int = 256
    max_input_length: int = 1024

    @property
    def sampled(self) -> bool:
        """Whether the seed counts."""
        return self.sampling_topk != 1


class Device(NamedTuple):
    """What a model runs on; it changes no more than rounding.

    Attributes:
        device: `cpu` or `cuda`.
        compute_type: `int8` by default; see CTranslate2's page on quantization.
        inter_threads: batches at a time, of different threads.
        intra_threads: threads of a batch; 0 is CTranslate2's default, 4 or as many as there are cores.
    """

    device: str = "cpu"
    compute_type: str = "int8"
    inter_threads: int = 1
    intra_threads: int = 1


class Loaded(NamedTuple):
    """A model in memory; `translator` is ctranslate2's."""

    translator: Any
    source: SentencePieceProcessor
    target: SentencePieceProcessor
    ends: bool


class ModelCache:
    """The loaded model of an engine; pickles empty."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.loaded: Loaded | None = None

    def __reduce__(self):
        return type(self), ()


@dataclass(kw_only=True)
class CTranslate2:
    """The engine.

    Attributes:
        folder: of the converted model.
        family: how sentences and languages are written for it.
        pairs: source and target tags that it serves; None: any two languages whose tokens are in its vocabulary, which
            is no answer for a `marian` model of one pair.
        codes: the token of a language, where it is not the family's usual one: `{"zh-Hans": "zho_Hans"}`. For a
            `marian` model only languages named here get one, `{"es": ">>spa<<"}`.
        decoding: how.
        device: on what.
        name: of the engine.
    """

    folder: Path
    family: Family
    pairs: Collection[tuple[str, str]] | None = None
    codes: Mapping[str, str] = field(default_factory=dict)
    decoding: Decoding = field(default_factory=Decoding)
    device: Device = field(default_factory=Device)
    name: str = "ctranslate2"
    _cache: ModelCache = field(default_factory=ModelCache, repr=False, compare=False)

    def serves(self, source: str, target: str) -> bool:
        """Whether the pair is named, or both languages are in the vocabulary."""
        if self.pairs is not None:
            return (source, target) in {tuple(pair) for pair in self.pairs}
        if self.family == "marian":
            return False
        return source != target and None not in (self._found(source), self._found(target))

    def tag(self, source: str, target: str) -> dict[str, Any]:
        """As of `Engine`; `sha256` is of the folder's files, by name."""
        return {
            "engine": "ctranslate2",
            "model": self.folder.name,
            "sha256": folder_digest(self.folder),
            "parameters": {**asdict(self.decoding), "compute_type": self.device.compute_type},
            "sampled": self.decoding.sampled,
        }

    def translate(self, texts: Sequence[str] | pa.StringArray, *, source: str, target: str, seed: int) -> Translated:
        """As of `Engine`; a score is the mean log-probability of a token.

        With sampling each batch gets a translator of its own, and batches of other threads wait for it: CTranslate2 has
        one seed for the process, which its threads look at when they first draw, and never again.

        A batch cannot be stopped, and need not be: `max_length` bounds it.
        """
        loaded = self._loaded()
        pieces = loaded.source.encode(listed(texts), out_type=str)
        sentences = [self._source_tokens(one, source, target, loaded.ends) for one in pieces]
        prefix = [] if self.family == "marian" else [self._token(target)]
        try:
            if self.decoding.sampled:
                with _SEEDING:
                    _ctranslate2().set_random_seed(seed % 2**32)
                    results = self._run(_translator(self.folder, self.device), sentences, prefix)
            else:
                results = self._run(loaded.translator, sentences, prefix)
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"CTranslate2 failed with {self.folder.name}: {error}") from error
        words = [result.hypotheses[0][len(prefix) :] for result in results]
        scores = np.array([result.scores[0] for result in results], np.float32)
        return Translated(pa.array(loaded.target.decode(words), pa.string()), scores)

    def __enter__(self) -> CTranslate2:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cache.loaded = None

    def _run(self, translator: Any, sentences: list[list[str]], prefix: list[str]) -> list[Any]:
        decoding = self.decoding
        return translator.translate_batch(
            sentences,
            target_prefix=[prefix] * len(sentences) if prefix else None,
            beam_size=1 if decoding.sampled else decoding.beam_size,
            sampling_topk=decoding.sampling_topk,
            sampling_temperature=decoding.sampling_temperature,
            length_penalty=decoding.length_penalty,
            no_repeat_ngram_size=decoding.no_repeat_ngram_size,
            max_input_length=decoding.max_input_length,
            max_decoding_length=decoding.max_length,
            return_scores=True,
        )

    def _source_tokens(self, pieces: list[str], source: str, target: str, ends: bool) -> list[str]:
        """What stands around the pieces of a sentence."""
        first = [self.codes[target]] if self.family == "marian" and target in self.codes else []
        if self.family != "marian":
            first = [self._token(source)]
        return [*first, *pieces, *([] if ends else [_END])]

    def _found(self, tag: str) -> str | None:
        return self.codes.get(tag) or language_token(tag, self.family, language_tokens(self.folder))

    def _token(self, tag: str) -> str:
        token = self._found(tag)
        if token is None:
            raise InputError(f"{self.folder} has no token for {tag}; name it in `codes`, or leave it to another engine")
        return token

    def _loaded(self) -> Loaded:
        with self._cache.lock:
            if self._cache.loaded is None:
                self._cache.loaded = Loaded(
                    _translator(self.folder, self.device),
                    _sentencepiece(self.folder, SOURCE_MODELS),
                    _sentencepiece(self.folder, TARGET_MODELS),
                    bool(json.loads((self.folder / "config.json").read_text()).get("add_source_eos")),
                )
            return self._cache.loaded


def family_of(folder: Path) -> Family:
    """The family of a model, by the tokens of languages in its vocabulary.

    Raises:
        InputError: it has no vocabulary.
    """
    known = language_tokens(folder)
    return "m2m100" if "__en__" in known else "nllb" if "eng_Latn" in known else "marian"


def language_token(tag: str, family: Family, known: Collection[str]) -> str | None:
    """The token of a language in a model; None where it has none.

    Example: `language_token("zh-Hans", "nllb", {"zho_Hans", "zho_Hant"})` is `zho_Hans`.

    Args:
        tag: BCP 47.
        family: of the model.
        known: the tokens of languages that it has.
    """
    if family == "m2m100":
        token = f"__{tag.partition('-')[0]}__"
        return token if token in known else None
    # Labels of the language itself, without those that a model of language identification may mistake for it.
    alone = replace(language(tag, strict=False), labels=(), kin=())
    return next(iter(alone.labelled_by(known).labels), None)


@functools.lru_cache(maxsize=8)
def language_tokens(folder: Path) -> frozenset[str]:
    """Tokens of a model's vocabulary that look like languages.

    Raises:
        InputError: the folder has no vocabulary.
    """
    for name in ("shared_vocabulary", "target_vocabulary"):
        for suffix in (".json", ".txt"):
            path = folder / f"{name}{suffix}"
            if path.is_file():
                text = path.read_text(encoding="utf-8")
                tokens = json.loads(text) if suffix == ".json" else text.splitlines()
                return frozenset(token for token in tokens if _LANGUAGE.fullmatch(token))
    raise InputError(f"{folder} has no vocabulary: it is no model of CTranslate2; convert one with `ct2-*-converter`")


@functools.lru_cache(maxsize=8)
def folder_digest(folder: Path) -> str:
    """sha256 (hex) of a model's files, names and contents."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return digest([[path.name, sha256_of(path)] for path in files])


def _translator(folder: Path, device: Device) -> Any:
    try:
        return _ctranslate2().Translator(
            str(folder),
            device=device.device,
            compute_type=device.compute_type,
            inter_threads=device.inter_threads,
            intra_threads=device.intra_threads,
        )
    except (RuntimeError, ValueError) as error:
        raise InputError(f"{folder} is no model that CTranslate2 can run on {device.device}: {error}") from error


def _sentencepiece(folder: Path, names: Sequence[str]) -> SentencePieceProcessor:
    path = next((folder / name for name in names if (folder / name).is_file()), None)
    if path is None:
        raise InputError(f"{folder} has no SentencePiece model, expected {' or '.join(names)}: copy it there")
    return SentencePieceProcessor(model_file=str(path))


def _ctranslate2() -> Any:
    try:
        import ctranslate2
    except ImportError as error:
        raise InputError(
            f"CTranslate2 is not installed ({error}); `pip install 'babelmill[mt]'` installs it"
        ) from error
    return ctranslate2
