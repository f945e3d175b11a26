"""Translation models to CTranslate2's format, by its own converters; with the extra `mt`.

What comes out is a folder as `transforms.engines.neural` reads it: the model, its vocabulary, and the SentencePiece
models of both sides. What goes in is a folder, or the name of a model on the Hugging Face hub:

| release | is known by | SentencePiece models | needs |
|---|---|---|---|
| OPUS-MT, as Marian wrote it | `decoder.yml` | `source.spm`, `target.spm` | |
| OPUS-MT, as Hugging Face has it | `config.json`, type `marian` | `source.spm`, `target.spm` | transformers, torch |
| NLLB-200, M2M-100 | `config.json`, type `m2m_100` | `sentencepiece.bpe.model` | transformers, torch |
"""

from __future__ import annotations

import functools
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from transforms.errors import InputError

Quantization = Literal[
    "int8", "int8_float16", "int8_float32", "int8_bfloat16", "int16", "float16", "bfloat16", "float32"
]
"""How weights are written; see CTranslate2's page on quantization."""

QUANTIZATIONS: tuple[str, ...] = get_args(Quantization)

MARIAN = ("source.spm", "target.spm")
PIECES = {"marian": MARIAN, "m2m_100": ("sentencepiece.bpe.model",)}
"""Type of a model, in the words of `transformers` -> the names of its SentencePiece models."""


class Release(NamedTuple):
    """A model as it was published.

    Attributes:
        place: its folder, or its name on the hub.
        type: `opus-mt` or a key of `PIECES`.
    """

    place: str
    type: str

    @property
    def pieces(self) -> tuple[str, ...]:
        """Names of its SentencePiece models."""
        return PIECES.get(self.type, MARIAN)


def release_of(place: str) -> Release:
    """What a folder, or a name on the hub, holds.

    Raises:
        InputError: it holds no model of a kind that can be converted, or lacks a file.
    """
    folder = Path(place)
    if not folder.is_dir():
        return Release(place, _type(_published_type(place), place))
    if (folder / "decoder.yml").is_file():
        found = Release(place, "opus-mt")
    elif (folder / "config.json").is_file():
        found = Release(place, _type(_written_type(folder / "config.json"), place))
    else:
        raise InputError(
            f"{place} holds neither decoder.yml, as an OPUS-MT release of Marian does, nor config.json, as a model of "
            "Hugging Face does: name the folder of one of these, or a model on the hub (Helsinki-NLP/opus-mt-en-es)"
        )
    for name in found.pieces:
        if not (folder / name).is_file():
            raise InputError(f"{place} lacks {name}, the SentencePiece model that belongs to it: copy it there")
    return found


def convert(release: Release, out: Path, *, quantization: Quantization = "int8") -> None:
    """Convert a model.

    Args:
        release: the model.
        out: folder of the result, which must not exist. It is there as a whole or not at all.
        quantization: of the weights.

    Raises:
        InputError: `out` exists, what is needed is not installed, or CTranslate2 does not take the model.
    """
    if out.exists():
        raise InputError(f"{out} exists: name another folder, or remove it")
    make = _converter(release)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as scratch:
        made = Path(scratch, "model")
        try:
            make().convert(str(made), quantization=quantization)
        except Exception as error:  # what a converter raises at damaged files, nothing says
            raise InputError(f"CTranslate2 cannot convert {release.place}: {error!r}") from error
        if release.type == "opus-mt":
            for name in release.pieces:
                shutil.copyfile(Path(release.place, name), made / name)
        made.rename(out)


def _converter(release: Release) -> Callable[..., Any]:
    """What makes the one of CTranslate2's converters that fits."""
    try:
        from ctranslate2 import converters
    except ImportError as error:
        raise InputError(
            f"CTranslate2 is not installed ({error}); `pip install 'babelmill[mt]'` installs it"
        ) from error
    if release.type == "opus-mt":
        return functools.partial(converters.OpusMTConverter, release.place)
    _transformers()
    return functools.partial(converters.TransformersConverter, release.place, copy_files=list(release.pieces))


def _published_type(name: str) -> str:
    """The type of a model on the hub."""
    if name.count("/") != 1 or name.startswith((".", "/")):
        raise InputError(f"{name} is no folder here, nor the name of a model on the hub, such as facebook/m2m100_418M")
    configuration = _transformers().AutoConfig
    try:
        return configuration.from_pretrained(name).model_type
    except (OSError, ValueError) as error:
        raise InputError(f"{name} is no folder here, and transformers cannot get it from the hub: {error}") from error


def _written_type(config: Path) -> str | None:
    """The type of a model in a folder."""
    try:
        return json.loads(config.read_text(encoding="utf-8")).get("model_type")
    except (ValueError, AttributeError) as error:
        raise InputError(f"{config} is not what Hugging Face writes ({error}): fetch the model again") from error


def _transformers() -> Any:
    try:
        import torch  # noqa: F401
        import transformers
    except ImportError as error:
        raise InputError(
            f"models of Hugging Face are read by transformers and torch ({error}); `pip install transformers torch` "
            "installs them, and only converting needs them"
        ) from error
    return transformers


def _type(found: str | None, place: str) -> str:
    if found not in PIECES:
        raise InputError(
            f"{place} is a model of type {found}, expected {' or '.join(PIECES)}: OPUS-MT, NLLB-200 and M2M-100 are"
        )
    return found
