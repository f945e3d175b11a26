"""A translation model in CTranslate2's format that has learnt nothing: random weights, real files."""

import contextlib
import io

import numpy as np
import sentencepiece
from ctranslate2.specs import TransformerSpec

WIDTH, INNER, HEADS = 16, 32, 2


def write_model(folder, *, extra=(), seed=0, add_source_eos=True):
    """Write a model, its vocabulary and SentencePiece model.

    Args:
        folder: for the files.
        extra: tokens of languages that the vocabulary has besides the pieces.
        seed: of the weights.
        add_source_eos: what config.json says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pieces = _train(folder / "sentencepiece.model")
    tokens = [*pieces, *extra]
    spec = TransformerSpec.from_config(1, HEADS, pre_norm=True)
    rng = np.random.default_rng(seed)
    for stack in (spec.encoder, spec.decoder):
        embeddings = stack.embeddings[0] if isinstance(stack.embeddings, list) else stack.embeddings
        embeddings.weight = rng.normal(0, 1, (len(tokens), WIDTH)).astype(np.float32)
        stack.position_encodings.encodings = rng.normal(0, 0.2, (64, WIDTH)).astype(np.float32)
        _norm(stack.layer_norm)
        for layer in stack.layer:
            _layer(layer, rng)
    _linear(spec.decoder.projection, WIDTH, len(tokens), rng)
    spec.register_source_vocabulary(tokens)
    spec.register_target_vocabulary(tokens)
    spec.config.add_source_eos = add_source_eos
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))
    return folder


def _train(path):
    model = io.BytesIO()
    sentences = [f"the cat sat on the mat number {number}" for number in range(300)]
    with contextlib.redirect_stderr(io.StringIO()):
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(sentences),
            model_writer=model,
            vocab_size=60,
            hard_vocab_limit=False,
            minloglevel=2,
        )
    path.write_bytes(model.getvalue())
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    return [processor.id_to_piece(number) for number in range(processor.get_piece_size())]


def _layer(layer, rng):
    attentions = [(layer.self_attention, (3 * WIDTH, WIDTH))]
    if hasattr(layer, "attention"):
        attentions.append((layer.attention, (WIDTH, 2 * WIDTH, WIDTH)))
    for attention, sizes in attentions:
        _norm(attention.layer_norm)
        for linear, size in zip(attention.linear, sizes, strict=True):
            _linear(linear, WIDTH, size, rng)
    _norm(layer.ffn.layer_norm)
    _linear(layer.ffn.linear_0, WIDTH, INNER, rng)
    _linear(layer.ffn.linear_1, INNER, WIDTH, rng)


def _linear(linear, inputs, outputs, rng):
    linear.weight = rng.normal(0, 0.6, (outputs, inputs)).astype(np.float32)
    linear.bias = np.zeros(outputs, np.float32)


def _norm(norm):
    norm.gamma, norm.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)
