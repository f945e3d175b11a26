"""Make a model for CTranslate2 of what `train` left, and see to it that both say the same.

    python -m benchmarks.translation_model.convert OPUS FOLDER MODEL

FOLDER is that of the training. It gets a float32 model, `FOLDER/float32`, whose greedy translations of held-out texts
must be those of the trained parameters, token by token; only then the weights are rounded to int8 and written to MODEL:
`model.bin`, `config.json`, `shared_vocabulary.json`, `source.spm` and `target.spm` (the same, as models of OPUS-MT have
two).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import ctranslate2
import numpy as np
import sentencepiece as spm
from ctranslate2.specs import common_spec, transformer_spec

from benchmarks.translation_model import checkpoints
from benchmarks.translation_model.batches import BOS, BUCKETS, EOS, PAD, UNKNOWN, Encoded, pad
from benchmarks.translation_model.data import read_pairs, split
from benchmarks.translation_model.model import EPSILON, Parameters, Shape, greedy

COMPARED = 50
"""Texts whose translations must be the same before and after conversion."""


def specification(
    shape: Shape, parameters: Parameters, vocabulary: spm.SentencePieceProcessor
) -> transformer_spec.TransformerSpec:
    """The model as CTranslate2 describes it.

    Positions are left out, so CTranslate2 computes them, for sentences of any length. It appends `</s>` to the source
    and begins the target with `<s>` by itself.
    """
    pieces = [vocabulary.id_to_piece(number) for number in range(shape.vocabulary)]
    spec = transformer_spec.TransformerSpec.from_config(
        (shape.encoder_layers, shape.decoder_layers),
        shape.heads,
        pre_norm=True,
        activation=common_spec.Activation.RELU,
    )
    spec.register_source_vocabulary(pieces)
    spec.register_target_vocabulary(pieces)
    spec.config.bos_token = spec.config.decoder_start_token = pieces[BOS]
    spec.config.eos_token, spec.config.unk_token = pieces[EOS], pieces[UNKNOWN]
    spec.config.add_source_eos = True
    spec.config.layer_norm_epsilon = EPSILON

    embedding = np.asarray(parameters["embedding"])
    spec.encoder.embeddings[0].weight = embedding
    spec.decoder.embeddings.weight = embedding
    spec.decoder.projection.weight = embedding
    for side, kind in ((spec.encoder, "encoder"), (spec.decoder, "decoder")):
        _set_norm(side.layer_norm, parameters[kind]["norm"])
        for layer, weights in zip(side.layer, parameters[kind]["layers"], strict=True):
            _set_layer(layer, weights)
    return spec


def save(spec: transformer_spec.TransformerSpec, folder: Path, vocabulary: Path, *, quantization: str | None) -> None:
    """Write a model's directory, over an older model if there is one.

    Args:
        spec: of the model; it is of no use afterwards.
        folder: to write.
        vocabulary: file of the SentencePiece model.
        quantization: such as `int8`; None keeps float32.
    """
    folder.mkdir(parents=True, exist_ok=True)
    spec.validate()
    spec.optimize(quantization=quantization)
    spec.save(str(folder))
    for name in ("source.spm", "target.spm"):
        shutil.copyfile(vocabulary, folder / name)


def compare(
    shape: Shape, parameters: Parameters, vocabulary: spm.SentencePieceProcessor, folder: Path, texts: Sequence[str]
) -> None:
    """See to it that a converted float32 model translates texts as the parameters do.

    Raises:
        ValueError: one translation is another; the message has both.
    """
    length = BUCKETS[-1]
    sources = vocabulary.encode(list(texts))
    batch = pad([Encoded(source, []) for source in sources], length, len(sources))
    expected = np.asarray(greedy(parameters, shape.heads, batch.source, length))
    translator = ctranslate2.Translator(str(folder), compute_type="float32")
    pieces = [[vocabulary.id_to_piece(number) for number in source] for source in sources]
    results = translator.translate_batch(pieces, beam_size=1, min_decoding_length=0, max_decoding_length=length)
    for text, ids, result in zip(texts, expected, results, strict=True):
        wanted = [vocabulary.id_to_piece(int(number)) for number in ids if number not in (EOS, PAD)]
        if result.hypotheses[0] != wanted:
            raise ValueError(
                f"{folder}: {text!r} is translated as {' '.join(result.hypotheses[0])}, expected "
                f"{' '.join(wanted)}, as the trained parameters have it: `specification` is wrong for this CTranslate2"
            )


def _set_layer(layer: Any, weights: Parameters) -> None:
    attention = weights["attention"]
    _set_norm(layer.self_attention.layer_norm, attention["norm"])
    _set_linears(layer.self_attention.linear, (attention["qkv"], attention["out"]))
    if "cross" in weights:
        cross = weights["cross"]
        _set_norm(layer.attention.layer_norm, cross["norm"])
        _set_linears(layer.attention.linear, (cross["query"], cross["kv"], cross["out"]))
    _set_norm(layer.ffn.layer_norm, weights["ffn"]["norm"])
    _set_linears((layer.ffn.linear_0, layer.ffn.linear_1), (weights["ffn"]["inner"], weights["ffn"]["out"]))


def _set_linears(specs: Sequence[Any], linears: Sequence[Parameters]) -> None:
    """Matrices are (out, in) in CTranslate2."""
    for spec, linear in zip(specs, linears, strict=True):
        spec.weight = np.ascontiguousarray(linear["weight"].T)
        spec.bias = np.asarray(linear["bias"])


def _set_norm(spec: Any, norm: Parameters) -> None:
    spec.gamma, spec.beta = np.asarray(norm["gamma"]), np.asarray(norm["beta"])


@click.command()
@click.argument("opus", type=click.Path(exists=True, file_okay=False))
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("model", type=click.Path(path_type=Path, file_okay=False))
@click.option("--corpus", default="LibreOffice", show_default=True, help="Name of the corpus.")
@click.option("--languages", nargs=2, default=("en", "es"), show_default=True, help="Codes of source and target.")
def main(opus: str, folder: Path, model: Path, corpus: str, languages: tuple[str, str]) -> None:
    """Convert what was trained in FOLDER and write it to MODEL, once held-out texts of OPUS are translated alike."""
    shape, parameters = checkpoints.trained(folder)
    file = folder / checkpoints.VOCABULARY
    vocabulary = spm.SentencePieceProcessor(model_file=str(file))
    held_out = [pair.source for pair in split(read_pairs(opus, languages, corpus=corpus)).held_out]
    texts = [text for text in held_out if len(vocabulary.encode(text)) < BUCKETS[-1]][:COMPARED]
    save(specification(shape, parameters, vocabulary), folder / "float32", file, quantization=None)
    compare(shape, parameters, vocabulary, folder / "float32", texts)
    click.echo(f"{len(texts)} held-out texts: the same translations, token by token")
    save(specification(shape, parameters, vocabulary), model, file, quantization="int8")
    size = sum(path.stat().st_size for path in model.iterdir())
    click.echo(f"{model}: {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
