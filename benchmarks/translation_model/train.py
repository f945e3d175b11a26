"""Train a small Transformer on the pairs of a corpus, on a CPU.

    python -m benchmarks.translation_model.train OPUS FOLDER
    python -m benchmarks.translation_model.train OPUS FOLDER --steps 60 --width 32    # does it work?

OPUS is a folder laid out as OPUS's own. FOLDER receives the SentencePiece model and the state of training; the same
command again goes on from there. Pairs that are held out (`data.split`) are not looked at, neither by the vocabulary.
Then `convert` makes a model for CTranslate2, and `evaluate` says what it is worth.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import jax
import jax.numpy as jnp
import numpy as np
import optax
import sentencepiece as spm

from benchmarks.translation_model import checkpoints
from benchmarks.translation_model.batches import PAD, Batch, Encoded, batches, encode, train_vocabulary
from benchmarks.translation_model.data import draw, read_pairs, split
from benchmarks.translation_model.model import Parameters, Shape, decode, initial
from benchmarks.translation_model.model import encode as read

DEVELOPMENT = 400
"""Pairs that are neither learnt from nor held out: the loss on them tells when to stop."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to train.

    Attributes:
        steps: batches to learn from.
        tokens: of one side of a batch, padding included.
        rate: the highest learning rate.
        warmup: steps until it is reached; from there it falls to zero in a straight line.
        smoothing: probability that the labels give to the whole vocabulary alike.
        seed: of parameters and the order of pairs.
    """

    steps: int = 4_000
    tokens: int = 1_536
    rate: float = 2e-3
    warmup: int = 400
    smoothing: float = 0.1
    seed: int = 1


def loss(parameters: Parameters, heads: int, smoothing: float, batch: Batch) -> jax.Array:
    """Mean cross entropy of the target's tokens against smoothed labels (Szegedy et al. 2016), in nats."""
    memory = read(parameters, heads, batch.source)
    logits = decode(parameters, heads, memory, batch.source, batch.target)
    right = jnp.take_along_axis(logits, batch.following[..., None], axis=-1)[..., 0]
    expected = (1 - smoothing) * right + smoothing * logits.mean(axis=-1)
    counts = batch.following != PAD
    return ((jax.nn.logsumexp(logits, axis=-1) - expected) * counts).sum() / counts.sum()


def optimiser(options: Options) -> optax.GradientTransformation:
    """Adam with gradients of bounded norm; a fall to zero suits a training whose length is known."""
    rise = optax.linear_schedule(0, options.rate, options.warmup)
    fall = optax.linear_schedule(options.rate, 0, max(1, options.steps - options.warmup))
    schedule = optax.join_schedules([rise, fall], [options.warmup])
    return optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule, b1=0.9, b2=0.98, eps=1e-9))


def stepper(shape: Shape, options: Options) -> Callable[[dict[str, Any], Batch], tuple[dict[str, Any], jax.Array]]:
    """A function of state and batch to the next state and the loss, compiled for each shape of batches."""
    rule = optimiser(options)

    def step(state: dict[str, Any], batch: Batch) -> tuple[dict[str, Any], jax.Array]:
        found, gradients = jax.value_and_grad(loss)(state["parameters"], shape.heads, options.smoothing, batch)
        updates, moments = rule.update(gradients, state["moments"])
        return {"parameters": optax.apply_updates(state["parameters"], updates), "moments": moments}, found

    return jax.jit(step, donate_argnums=0)


def endless(pairs: Sequence[Encoded], options: Options, first: int) -> Iterator[Batch]:
    """Batches of epoch after epoch from step `first` on, the same whether training was cut off or not."""
    step, epoch = 0, 0
    while True:
        for batch in batches(pairs, tokens=options.tokens, seed=options.seed + epoch):
            if step >= first:
                yield batch
            step += 1
        epoch += 1


def mean_loss(shape: Shape, options: Options) -> Callable[[Parameters, Sequence[Encoded]], float]:
    """A function of parameters and pairs to the loss by token without smoothing."""
    one = jax.jit(lambda parameters, batch: loss(parameters, shape.heads, 0.0, batch))

    def mean(parameters: Parameters, pairs: Sequence[Encoded]) -> float:
        found = list(batches(pairs, tokens=options.tokens, seed=0))
        weights = [np.count_nonzero(batch.following) for batch in found]
        return float(np.average([one(parameters, batch) for batch in found], weights=weights))

    return mean


def train(
    learnt: Sequence[Encoded], watched: Sequence[Encoded], folder: Path, shape: Shape, options: Options, *, every: int
) -> None:
    """Train to the last step, saving the state every so many.

    Args:
        learnt: pairs to learn from.
        watched: pairs on which the loss is reported.
        folder: where the state is; training goes on from it.
        shape: of the model.
        options: how.
        every: steps between two states.

    Raises:
        ValueError: the state in the folder is of another model.
    """
    parameters = initial(shape, options.seed)
    state: dict[str, Any] = {"parameters": parameters, "moments": optimiser(options).init(parameters)}
    state, facts = checkpoints.load(folder, state) or (state, {"step": 0, "seconds": 0.0})
    step, mean = stepper(shape, options), mean_loss(shape, options)
    source, began, losses = endless(learnt, options, facts["step"]), time.monotonic() - facts["seconds"], []
    for number in range(facts["step"] + 1, options.steps + 1):
        state, found = step(state, next(source))
        losses.append(found)
        if number % every == 0 or number == options.steps:
            seconds = time.monotonic() - began
            facts = {"step": number, "seconds": seconds, "shape": asdict(shape), "options": asdict(options)}
            checkpoints.save(folder, state, facts)
            click.echo(
                f"step {number:,} of {options.steps:,}, {seconds:,.0f} s: loss {np.mean(losses):.3f}, development "
                f"{mean(state['parameters'], watched):.3f}"
            )
            losses.clear()


@click.command()
@click.argument("opus", type=click.Path(exists=True, file_okay=False))
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--corpus", default="LibreOffice", show_default=True, help="Name of the corpus.")
@click.option("--languages", nargs=2, default=("en", "es"), show_default=True, help="Codes of source and target.")
@click.option("--vocabulary", default=Shape.vocabulary, show_default=True, help="Pieces, shared by both languages.")
@click.option("--width", default=Shape.width, show_default=True, help="Of a token's vector; feed-forward is 4 times.")
@click.option("--steps", default=Options.steps, show_default=True, help="Batches to learn from.")
@click.option("--tokens", default=Options.tokens, show_default=True, help="Of one side of a batch.")
@click.option("--rate", default=Options.rate, show_default=True, help="Highest learning rate.")
@click.option("--seed", default=Options.seed, show_default=True)
@click.option("--every", default=200, show_default=True, help="Steps between two saved states.")
def main(
    opus: str,
    folder: Path,
    corpus: str,
    languages: tuple[str, str],
    vocabulary: int,
    width: int,
    steps: int,
    tokens: int,
    rate: float,
    seed: int,
    every: int,
) -> None:
    """Train on a corpus in OPUS, a folder laid out as OPUS's own; the state goes to FOLDER."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = split(read_pairs(opus, languages, corpus=corpus)).training
    pairs.sort(key=lambda pair: draw(pair.source))
    model = folder / checkpoints.VOCABULARY
    if not model.exists():
        train_vocabulary(pairs, model, size=vocabulary)
    pieces = spm.SentencePieceProcessor(model_file=str(model))
    watched, learnt = (encode(pieces, some) for some in (pairs[:DEVELOPMENT], pairs[DEVELOPMENT:]))
    shape = Shape(vocabulary=pieces.vocab_size(), width=width, hidden=4 * width)
    options = Options(steps=steps, tokens=tokens, rate=rate, seed=seed, warmup=max(1, steps // 10))
    count = sum(np.size(leaf) for leaf in jax.tree.leaves(initial(shape, seed)))
    click.echo(f"{len(learnt):,} of {len(pairs):,} pairs to learn from; {count:,} parameters")
    train(learnt, watched, folder, shape, options, every=every)


if __name__ == "__main__":
    main()
