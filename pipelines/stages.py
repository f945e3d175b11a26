"""All stages, each after those that it reads."""

from __future__ import annotations

from pipelines.clean import Clean
from pipelines.dedup import Dedup
from pipelines.download import Download
from pipelines.shard import Order, Shards, Tokens
from pipelines.stage import Stage
from pipelines.vocabulary import Sample, Vocabulary

STAGES: tuple[type[Stage], ...] = (Download, Clean, Dedup, Sample, Vocabulary, Tokens, Order, Shards)


def stages_of(command: str) -> list[str]:
    """Names of the stages that a command runs."""
    return [stage.name for stage in STAGES if stage.title == command]
