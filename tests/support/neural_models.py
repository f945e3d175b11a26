"""A translation model in CTranslate2's format that has learnt nothing: random weights, real files."""

import contextlib
import io
import json

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


def write_release(folder, *, seed=0):
    """Write an OPUS-MT release as Marian does: random weights, real files.

    Names and shapes of the weights are those of Marian's transformers.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pieces = _train(folder / "source.spm")
    (folder / "target.spm").write_bytes((folder / "source.spm").read_bytes())
    tokens = ["</s>", "<unk>", *(piece for piece in pieces if piece not in ("<s>", "</s>", "<unk>")), "<pad>"]
    (folder / "vocab.yml").write_text("".join(f"{json.dumps(token)}: {i}\n" for i, token in enumerate(tokens)))
    (folder / "decoder.yml").write_text("models:\n  - model.npz\nvocabs:\n  - vocab.yml\n  - vocab.yml\n")
    rng = np.random.default_rng(seed)
    weights = {"Wemb": rng.normal(0, 1, (len(tokens), WIDTH)), "decoder_ff_logit_out_b": np.zeros((1, len(tokens)))}
    for layer in ("encoder_l1", "decoder_l1"):
        for block in ("self", "context") if layer.startswith("decoder") else ("self",):
            for name in "qkvo":
                weights[f"{layer}_{block}_W{name}"] = rng.normal(0, 0.3, (WIDTH, WIDTH))
                weights[f"{layer}_{block}_b{name}"] = np.zeros((1, WIDTH))
            weights |= _marian_norm(f"{layer}_{block}_Wo")
        weights[f"{layer}_ffn_W1"], weights[f"{layer}_ffn_b1"] = (
            rng.normal(0, 0.3, (WIDTH, INNER)),
            np.zeros((1, INNER)),
        )
        weights[f"{layer}_ffn_W2"], weights[f"{layer}_ffn_b2"] = (
            rng.normal(0, 0.3, (INNER, WIDTH)),
            np.zeros((1, WIDTH)),
        )
        weights |= _marian_norm(f"{layer}_ffn_ffn")
    config = {
        "type": "transformer",
        "enc-depth": 1,
        "dec-depth": 1,
        "transformer-heads": HEADS,
        "transformer-ffn-activation": "relu",
        "transformer-preprocess": "",
        "transformer-postprocess": "dan",
        "transformer-postprocess-emb": "d",
        "transformer-decoder-autoreg": "self-attention",
        "transformer-no-projection": False,
        "transformer-guided-alignment-layer": "last",
    }
    told = np.frombuffer(json.dumps(config).encode() + b"\0", np.int8)
    floats = {name: values.astype(np.float32) for name, values in weights.items()}
    np.savez(folder / "model.npz", **floats, **{"special:model.yml": told})
    return folder


def _marian_norm(name):
    return {f"{name}_ln_scale": np.ones((1, WIDTH)), f"{name}_ln_bias": np.zeros((1, WIDTH))}
