"""Sentences through an engine: batches that can be had again, and what becomes of those that fail.

    outcome = translate(sentences, engine, source="en", target="es", name="cc-100/en/part-00003", seed=1)
    outcome.texts, outcome.scores        # in the order of the sentences; null and NaN where one was rejected
    outcome.rejected                     # {1723: "batch cc-100/en/part-00003 en-es 0.12/1 of 1 sentence: ..."}

An engine gets a sentence once, however often it is said, unless it draws its translations.

A batch that fails is halved, and its halves are tried; so are theirs. What fails as a single sentence is tried once
more and then rejected. So a sentence that crashes an engine takes nothing else with it, and none is ever lost: each has
a translation or a reason.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from transforms.engines.engine import Engine, EngineError, Translated
from transforms.errors import InputError
from transforms.parts import byte_lengths

REASON = "engine_failed"
"""Why a sentence is rejected here."""

ATTEMPTS = 2
"""How often a single sentence is tried."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Batching:
    """How batches are cut.

    Attributes:
        tokens: of a batch, padding included: its longest sentence times how many there are. A longer sentence is a
            batch by itself.
        window: sentences that are sorted by length together.
        patience: calls that may fail one after the other; then the engine is taken to be broken, not the sentences.
    """

    tokens: int = 4096
    window: int = 2048
    patience: int = 64


class Batch(NamedTuple):
    """Sentences that an engine gets at once.

    Attributes:
        name: number of the window and of the batch in it, such as `0.12`; of halves `0.12/0` and `0.12/1`.
        rows: int64[m], which sentences.
    """

    name: str
    rows: np.ndarray

    def halves(self) -> tuple[Batch, Batch]:
        """Both halves; the first may have one sentence more."""
        middle = -(-len(self.rows) // 2)
        return Batch(f"{self.name}/0", self.rows[:middle]), Batch(f"{self.name}/1", self.rows[middle:])


class Failure(NamedTuple):
    """A call that failed.

    Attributes:
        batch: its name.
        sentences: how many it had.
        message: the engine's.
        then: what was done: `halved`, `tried again` or `rejected`.
    """

    batch: str
    sentences: int
    message: str
    then: str


class Outcome(NamedTuple):
    """What became of n sentences.

    Attributes:
        texts: string[n], null where a sentence was rejected.
        scores: float32[n], NaN there.
        rejected: row to why, with the name of the batch.
        failures: every call that failed, in order.
        calls: of the engine, those that failed included.
    """

    texts: pa.StringArray
    scores: np.ndarray
    rejected: dict[int, str]
    failures: list[Failure]
    calls: int


def plan_batches(lengths: np.ndarray, batching: Batching) -> list[Batch]:
    """Cut sentences into batches of similar lengths.

    Each window is sorted, the longest first and equal ones in their order, and cut wherever one more sentence would
    exceed the budget. What a batch is depends on the lengths of its window alone.

    Args:
        lengths: integers[n], tokens of each sentence, or what comes near.
        batching: how.
    """
    batches: list[Batch] = []
    for number, first in enumerate(range(0, len(lengths), batching.window)):
        window = lengths[first : first + batching.window]
        order = np.argsort(-window, kind="stable")
        start, place = 0, 0
        while start < len(order):
            count = max(1, batching.tokens // max(1, int(window[order[start]])))
            batches.append(Batch(f"{number}.{place}", first + order[start : start + count]))
            start, place = start + count, place + 1
    return batches


def estimated_tokens(texts: pa.StringArray) -> np.ndarray:
    """About how many tokens each text has: int64[n], one for 4 bytes, and one for its end."""
    return 1 + byte_lengths(texts).astype(np.int64) // 4


def batch_seed(seed: int, name: str) -> int:
    """The seed of a batch, 63 bits: it depends on the run's and on the batch's name."""
    return int.from_bytes(blake2b(f"{seed} {name}".encode(), digest_size=8).digest(), "little") >> 1


def translate(
    texts: pa.StringArray,
    engine: Engine,
    *,
    source: str,
    target: str,
    name: str,
    seed: int,
    batching: Batching | None = None,
    once: bool = True,
) -> Outcome:
    """Translate sentences.

    Args:
        texts: string[n], without nulls.
        engine: one that serves the pair.
        source, target: BCP 47 tags.
        name: of these sentences, for the batches' names and seeds; unlike that of any others.
        seed: of the run.
        batching: how batches are cut.
        once: whether an engine gets equal sentences once, all of which have the same translation or the same reason;
            one that draws its translations would say each differently.

    Raises:
        InputError: the engine cannot translate this pair, or failed `patience` times in a row.
    """
    if once:
        # In the order in which they are first said.
        every = texts.dictionary_encode()
        different = translate(
            every.dictionary,
            engine,
            source=source,
            target=target,
            name=name,
            seed=seed,
            batching=batching,
            once=False,
        )
        return _repeated(different, every.indices.to_numpy())
    batching = batching or Batching()
    calling = _Calling(engine, texts, source=source, target=target, seed=seed, patience=batching.patience)
    for batch in plan_batches(estimated_tokens(texts), batching):
        calling.settle(Batch(f"{name} {source}-{target} {batch.name}", batch.rows))
    return calling.outcome()


def _repeated(outcome: Outcome, place: np.ndarray) -> Outcome:
    """What became of n sentences, given what became of the different ones (`outcome`) and which each is (`place`)."""
    rejected = np.flatnonzero(np.isin(place, list(outcome.rejected)))
    return outcome._replace(
        texts=outcome.texts.take(pa.array(place)),
        scores=outcome.scores[place],
        rejected={int(row): outcome.rejected[int(place[row])] for row in rejected},
    )


@dataclass
class _Calling:
    """The calls of an engine for some sentences, and what they gave so far."""

    engine: Engine
    texts: pa.StringArray
    source: str
    target: str
    seed: int
    patience: int
    rows: list[np.ndarray] = field(default_factory=list)
    found: list[Translated] = field(default_factory=list)
    rejected: dict[int, str] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    calls: int = 0
    in_a_row: int = 0

    def settle(self, batch: Batch) -> None:
        """Translate a batch, or else its halves, or else reject it."""
        for attempt in range(1, ATTEMPTS + 1):
            error = self._call(batch)
            if error is None:
                return
            single = len(batch.rows) == 1
            then = "halved" if not single else "tried again" if attempt < ATTEMPTS else "rejected"
            self._note(batch, error, then)
            if not single:
                for half in batch.halves():
                    self.settle(half)
                return
        self.rejected[int(batch.rows[0])] = f"batch {batch.name} of 1 sentence: {error}"

    def outcome(self) -> Outcome:
        """All of it, in the order of the sentences."""
        missing = np.array(sorted(self.rejected), np.int64)
        order = np.argsort(np.concatenate([*self.rows, missing]), kind="stable")
        texts = pa.concat_arrays([*(one.texts for one in self.found), pa.nulls(len(missing), pa.string())])
        scores = [*(one.scores for one in self.found), np.full(len(missing), np.nan, np.float32)]
        return Outcome(
            texts.take(pa.array(order)),
            np.concatenate(scores).astype(np.float32)[order],
            self.rejected,
            self.failures,
            self.calls,
        )

    def _call(self, batch: Batch) -> Exception | None:
        """Ask the engine; gives what went wrong."""
        self.calls += 1
        try:
            found = self.engine.translate(
                self.texts.take(pa.array(batch.rows)),
                source=self.source,
                target=self.target,
                seed=batch_seed(self.seed, batch.name),
            )
            _check(found, len(batch.rows))
        except InputError:
            raise
        except Exception as error:
            self.in_a_row += 1
            return error
        self.in_a_row = 0
        self.rows.append(batch.rows)
        self.found.append(found)
        return None

    def _note(self, batch: Batch, error: Exception, then: str) -> None:
        message = str(error) if isinstance(error, EngineError) else f"{type(error).__name__}: {error}"
        self.failures.append(Failure(batch.name, len(batch.rows), message, then))
        _LOG.warning("batch %s of %d sentences failed and was %s: %s", batch.name, len(batch.rows), then, message)
        if self.in_a_row >= self.patience:
            raise InputError(
                f"the engine {self.engine.name} failed {self.in_a_row} times in a row from {self.source} to "
                f"{self.target}, at last with batch {batch.name} of {len(batch.rows)} sentences: {message}; when it "
                "works again, run again: finished parts are kept"
            )


def _check(found: Translated, sentences: int) -> None:
    """Raise `EngineError` for what is no answer to so many sentences."""
    counts: Sequence[int] = (len(found.texts), len(found.scores))
    if counts != (sentences, sentences):
        raise EngineError(f"gave {counts[0]} translations and {counts[1]} scores to {sentences} sentences")
    if not isinstance(found.texts, pa.StringArray) or found.texts.null_count:
        raise EngineError(f"gave {found.texts.type} with {found.texts.null_count} nulls, expected strings")
