"""What the stages after deduplication read: clean parts, and the lists of what was taken out of them."""

from __future__ import annotations

from babelmill.format import File
from pipelines.dedup import Dedup
from pipelines.filter import judged
from pipelines.stage import NotReady, Stage
from transforms.journal import Record


def kept_parts(stage: Stage) -> list[tuple[Record, dict[str, File]]]:
    """Clean parts with the lists of what was taken out of them, for parts that both stages finished.

    Raises:
        NotReady: `clean` or `dedup` has not been run, or `dedup` does not cover what `clean` made.
    """
    cleaned = judged(stage)
    deduplicated = {record.name: record for record in Dedup(stage.config, stage.work).records()}
    found = []
    for record in cleaned:
        if record.name not in deduplicated:
            raise NotReady(f"{record.name} is not deduplicated yet: run `babelmill dedup` first")
        removals = deduplicated[record.name]
        if removals.failure is None:
            files = {**record.files}
            files |= {"removals": removals.files["removals"]} if "removals" in removals.files else {}
            found.append((record, files))
    return found
