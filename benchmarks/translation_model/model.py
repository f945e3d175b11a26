"""The Transformer (Vaswani et al. 2017, "Attention is all you need"), with layer norm before each sublayer.

Pure functions of a dictionary of float32 parameters. It computes what CTranslate2's `TransformerSpec` computes, so that
weights can be handed over as they are: embeddings shared by encoder, decoder and output, scaled by the root of their
width; positions as sines and cosines counted from 1; queries, keys and values of self attention in one matrix.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.translation_model.batches import BOS, EOS, PAD

Parameters = dict[str, Any]
"""Nested dictionaries and lists of float32 arrays; matrices are (in, out)."""

Tokens = jax.Array | np.ndarray
"""Ids of pieces: int32 (sentences, length)."""

EPSILON = 1e-5
"""Of layer norm."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How large a model is.

    Attributes:
        vocabulary: pieces.
        width: of a token's vector, a multiple of twice `heads`.
        hidden: width of the feed-forward layers.
        heads: of attention.
        encoder_layers, decoder_layers: how many.
    """

    vocabulary: int = 4_000
    width: int = 192
    hidden: int = 768
    heads: int = 4
    encoder_layers: int = 3
    decoder_layers: int = 2


def initial(shape: Shape, seed: int) -> Parameters:
    """Random parameters: what enters a residual sum starts small, the more so the more layers there are."""
    draws = np.random.default_rng(seed)
    width, hidden = shape.width, shape.hidden

    def linear(inputs: int, outputs: int, scale: float = 1.0) -> Parameters:
        weight = draws.normal(0, scale / math.sqrt(inputs), (inputs, outputs))
        return {"weight": weight.astype(np.float32), "bias": np.zeros(outputs, np.float32)}

    def norm() -> Parameters:
        return {"gamma": np.ones(width, np.float32), "beta": np.zeros(width, np.float32)}

    def layer(kind: str, layers: int) -> Parameters:
        small = 1 / math.sqrt(2 * layers)
        found = {"attention": {"norm": norm(), "qkv": linear(width, 3 * width), "out": linear(width, width, small)}}
        if kind == "decoder":
            found["cross"] = {
                "norm": norm(),
                "query": linear(width, width),
                "kv": linear(width, 2 * width),
                "out": linear(width, width, small),
            }
        found["ffn"] = {"norm": norm(), "inner": linear(width, hidden), "out": linear(hidden, width, small)}
        return found

    counts = {"encoder": shape.encoder_layers, "decoder": shape.decoder_layers}
    return {
        "embedding": draws.normal(0, width**-0.5, (shape.vocabulary, width)).astype(np.float32),
        **{
            kind: {"layers": [layer(kind, count) for _ in range(count)], "norm": norm()}
            for kind, count in counts.items()
        },
    }


def positions(length: int, width: int) -> np.ndarray:
    """Encodings of positions as CTranslate2 makes them where a model brings none: float32 (length, width)."""
    rates = np.exp(-math.log(10_000) / (width // 2 - 1) * np.arange(width // 2))
    angles = np.arange(1, length + 1)[:, None] * rates
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


def encode(parameters: Parameters, heads: int, source: Tokens) -> jax.Array:
    """Vectors of the source's tokens: float32 (sentences, length, width)."""
    seen = _seen(source != PAD)
    state = _embed(parameters, source)
    for layer in parameters["encoder"]["layers"]:
        state = _self_attention(layer["attention"], heads, state, seen)
        state = _feed_forward(layer["ffn"], state)
    return _norm(parameters["encoder"]["norm"], state)


def decode(parameters: Parameters, heads: int, memory: jax.Array, source: Tokens, target: Tokens) -> jax.Array:
    """Logits of the token that follows each of the target's: float32 (sentences, length, vocabulary)."""
    seen = _seen(source != PAD)
    before = jnp.where(jnp.tri(target.shape[1], dtype=bool), 0.0, -1e9)
    state = _embed(parameters, target)
    for layer in parameters["decoder"]["layers"]:
        state = _self_attention(layer["attention"], heads, state, before)
        state = _cross_attention(layer["cross"], heads, state, memory, seen)
        state = _feed_forward(layer["ffn"], state)
    return _norm(parameters["decoder"]["norm"], state) @ parameters["embedding"].T


@partial(jax.jit, static_argnames=("heads", "length"))
def greedy(parameters: Parameters, heads: int, source: Tokens, length: int) -> jax.Array:
    """The most probable token again and again: int32 (sentences, length), `PAD` after `EOS`."""
    memory = encode(parameters, heads, source)

    def step(place: int, said: jax.Array) -> jax.Array:
        logits = decode(parameters, heads, memory, source, said[:, :-1])
        chosen = logits[:, place].argmax(axis=-1)
        over = (said[:, place] == EOS) | (said[:, place] == PAD)
        return said.at[:, place + 1].set(jnp.where(over, PAD, chosen))

    said = jnp.full((source.shape[0], length + 1), PAD, jnp.int32).at[:, 0].set(BOS)
    return jax.lax.fori_loop(0, length, step, said)[:, 1:]


def _seen(mask: jax.Array) -> jax.Array:
    """What to add to attention's logits, by key: (sentences, 1, 1, length)."""
    return jnp.where(mask, 0.0, -1e9)[:, None, None, :]


def _embed(parameters: Parameters, tokens: Tokens) -> jax.Array:
    embedding = parameters["embedding"]
    return embedding[tokens] * math.sqrt(embedding.shape[1]) + positions(tokens.shape[1], embedding.shape[1])


def _self_attention(weights: Parameters, heads: int, state: jax.Array, mask: jax.Array) -> jax.Array:
    query, key, value = jnp.split(_linear(weights["qkv"], _norm(weights["norm"], state)), 3, axis=-1)
    return state + _linear(weights["out"], _attend(heads, query, key, value, mask))


def _cross_attention(
    weights: Parameters, heads: int, state: jax.Array, memory: jax.Array, mask: jax.Array
) -> jax.Array:
    query = _linear(weights["query"], _norm(weights["norm"], state))
    key, value = jnp.split(_linear(weights["kv"], memory), 2, axis=-1)
    return state + _linear(weights["out"], _attend(heads, query, key, value, mask))


def _attend(heads: int, query: jax.Array, key: jax.Array, value: jax.Array, mask: jax.Array) -> jax.Array:
    """Attention of several heads; `mask` is added to logits of shape (sentences, heads, queries, keys)."""
    query, key, value = (side.reshape(*side.shape[:2], heads, -1) for side in (query, key, value))
    logits = jnp.einsum("nqhd,nkhd->nhqk", query, key) / math.sqrt(query.shape[-1])
    mixed = jnp.einsum("nhqk,nkhd->nqhd", jax.nn.softmax(logits + mask, axis=-1), value)
    return mixed.reshape(*mixed.shape[:2], -1)


def _feed_forward(weights: Parameters, state: jax.Array) -> jax.Array:
    inner = jax.nn.relu(_linear(weights["inner"], _norm(weights["norm"], state)))
    return state + _linear(weights["out"], inner)


def _linear(weights: Parameters, state: jax.Array) -> jax.Array:
    return state @ weights["weight"] + weights["bias"]


def _norm(weights: Parameters, state: jax.Array) -> jax.Array:
    centred = state - state.mean(axis=-1, keepdims=True)
    variance = jnp.square(centred).mean(axis=-1, keepdims=True)
    return centred * jax.lax.rsqrt(variance + EPSILON) * weights["gamma"] + weights["beta"]
