"""All stages, each after those that it reads."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.backtranslate import Draw, Sentences
from pipelines.clean import Clean
from pipelines.config import Config
from pipelines.dedup import Dedup
from pipelines.download import Download
from pipelines.filter import Filter
from pipelines.learn import Learn
from pipelines.round_trip import Back
from pipelines.shard import Order, Shards, Tokens
from pipelines.sift import Sift
from pipelines.stage import Stage
from pipelines.translate import Translate
from pipelines.vocabulary import Sample, Vocabulary
from transforms.storage import WorkDirectory

STAGES: tuple[type[Stage], ...] = (
    Download,
    Clean,
    Learn,
    Filter,
    Dedup,
    Sentences,
    Draw,
    Translate,
    Back,
    Sift,
    Sample,
    Vocabulary,
    Tokens,
    Order,
    Shards,
)


def needed(config: Config, work: WorkDirectory, names: Sequence[str] | None = None) -> list[Stage]:
    """The stages that a configuration has work for, and those of which a former run left results; of `names`."""
    stages = [kind(config, work) for kind in STAGES if names is None or kind.name in names]
    return [stage for stage in stages if stage.needed()]


def check(config: Config, work: WorkDirectory) -> None:
    """See that every stage can use what the configuration names; see `Stage.check`."""
    for stage in STAGES:
        stage(config, work).check()


def stages_of(command: str) -> list[str]:
    """Names of the stages that a command runs."""
    return [stage.name for stage in STAGES if stage.title == command]
