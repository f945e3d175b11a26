"""The second half of `babelmill clean` for pairs: they are judged by their measurements and by what was learnt."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import cached_property
from typing import Any

from babelmill.format import digest
from pipelines.clean import Clean
from pipelines.decontamination import Decontamination
from pipelines.stage import NotReady, Stage
from transforms.clean import spoken_language
from transforms.clean_pairs import FilterPairs
from transforms.filters.rules import PairRules
from transforms.journal import Record, Task, kind_of


class Filter(Stage):
    """One task a clean part of pairs."""

    name = "filter"
    title = "clean"
    folder = "filter"
    owned = ("filter", "rejects/filter", "rejects/test_sets/pairs")

    def parameters(self) -> dict[str, Any]:
        """Nothing yet that is the same for all pairs of languages."""
        return {}

    @cached_property
    def decontamination(self) -> Decontamination:
        """The test sets that pairs are held against."""
        return Decontamination(self.config, self.work)

    def prepare(self) -> None:
        """Bring the items of the test sets into the work directory."""
        super().prepare()
        self.decontamination.publish()

    def finish(self) -> None:
        """Sum up what was found of the test sets, in documents and in pairs."""
        self.decontamination.sum_up([*Clean(self.config, self.work).records(), *self.records()])

    def tasks(self) -> list[Task]:
        """One task a part of pairs that `clean` measured."""
        found = []
        for record in Clean(self.config, self.work).succeeded():
            if kind_of(record.name) != "pairs":
                continue
            rules, part = self.rules(record.facts["languages"]).to_json(), record.files["part"]
            tags = record.facts["languages"]
            found.append(
                Task(
                    name=record.name,
                    parameters=self.digest(rules=rules, test_sets=self.decontamination.digest(tags)),
                    inputs=digest([part.sha256]),
                    size=part.bytes,
                    job={"languages": record.facts["languages"], "part": asdict(part), "rules": rules},
                )
            )
        return found

    def rules(self, languages: list[str]) -> PairRules:
        """The rules by which the pairs of two languages are judged."""
        model = Clean(self.config, self.work).measures.model
        source, target = (spoken_language(code, model) for code in languages)
        return PairRules.of(source, target)

    def function(self) -> FilterPairs:
        """Judges one part."""
        return FilterPairs(items=self.decontamination.items_file)


def judged(stage: Stage) -> list[Record]:
    """The records of clean parts, with the lists of what judging took out of them and the ledger that follows.

    Raises:
        NotReady: `clean` has not been run, or not to its end.
    """
    cleaned, verdicts = Clean(stage.config, stage.work).succeeded(), {}
    if any(kind_of(record.name) == "pairs" for record in cleaned):
        verdicts = {record.name: record for record in Filter(stage.config, stage.work).records()}
    found = []
    for record in cleaned:
        if kind_of(record.name) == "documents":
            found.append(record)
        elif record.name not in verdicts:
            raise NotReady(f"{record.name} is not judged yet: run `babelmill clean` first")
        elif verdicts[record.name].failure is None:
            verdict = verdicts[record.name]
            files = {**record.files, **verdict.files}
            found.append(replace(record, files=files, ledger=verdict.ledger, facts={**record.facts, **verdict.facts}))
    return found
