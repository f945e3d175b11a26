"""States of training on disk: a training that was cut off goes on where it was."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, TypeVar

import jax
import numpy as np

from benchmarks.translation_model.model import Parameters, Shape, initial

VOCABULARY = "shared.spm"
"""The SentencePiece model's name in the folder of a training."""

_STATE = "state.npz"
_FACTS = "facts"
Tree = TypeVar("Tree")


def save(folder: Path, state: Any, facts: dict[str, Any]) -> None:
    """Write a state; the old one stays until the new one is complete.

    Args:
        folder: of this training.
        state: a tree of arrays.
        facts: what else there is to say, as JSON can hold it; in the same file, so that both are of one moment.
    """
    arrays: dict[str, Any] = {_FACTS: np.array(json.dumps(facts)), **dict(_named(state))}
    partial = folder / f"{_STATE}.partial"
    with partial.open("wb") as file:
        np.savez(file, **arrays)
    os.replace(partial, folder / _STATE)


def load(folder: Path, like: Tree) -> tuple[Tree, dict[str, Any]] | None:
    """A state, or a part of one, and the facts about it; None where none was saved.

    Args:
        folder: of this training.
        like: a tree of arrays with the names and shapes that are wanted.

    Raises:
        ValueError: the state is of a model of another shape.
    """
    path = folder / _STATE
    if not path.exists():
        return None
    with np.load(path) as saved:
        facts = json.loads(str(saved[_FACTS]))
        leaves = [saved.get(name) for name, _ in _named(like)]
    for (name, wanted), leaf in zip(_named(like), leaves, strict=True):
        if leaf is None or leaf.shape != wanted.shape:
            found = "nothing" if leaf is None else f"shape {leaf.shape}"
            raise ValueError(
                f"{path}, {name}: found {found}, expected shape {wanted.shape}; it is the state of another model: name "
                "another folder, or remove it"
            )
    return jax.tree.unflatten(jax.tree.structure(like), leaves), facts


def trained(folder: Path) -> tuple[Shape, Parameters]:
    """The model that a training saved last.

    Raises:
        FileNotFoundError: nothing was trained in this folder.
    """
    path = folder / _STATE
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: expected what benchmarks.translation_model.train leaves; run it")
    with np.load(path) as saved:
        shape = Shape(**json.loads(str(saved[_FACTS]))["shape"])
    loaded = load(folder, {"parameters": initial(shape, seed=0)})
    assert loaded is not None
    return shape, loaded[0]["parameters"]


def _named(tree: Any) -> list[tuple[str, np.ndarray]]:
    """The arrays of a tree and their names, such as `parameters/encoder/layers/0/ffn/inner/weight`."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return [(jax.tree_util.keystr(path, simple=True, separator="/"), np.asarray(leaf)) for path, leaf in leaves]
