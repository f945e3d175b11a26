"""The last part of `babelmill clean`, for pairs: they are judged by their measurements and by what was learnt."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import cached_property
from typing import Any

from babelmill.format import digest
from pipelines.clean import Clean
from pipelines.decontamination import Decontamination
from pipelines.learn import Learn
from pipelines.stage import NotReady, Stage
from transforms.clean_pairs import FilterPairs
from transforms.filters.ratio import LengthRatio
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

    def settings(self) -> dict[str, Any]:
        """The section `pairs.filters`."""
        return self.config.pairs.filters.model_dump(mode="json", exclude_none=True)

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

    def wanted(self) -> bool:
        """Whether there are corpora of pairs."""
        return self.config.parallel

    def tasks(self) -> list[Task]:
        """One task a part of pairs that `clean` measured."""
        found = []
        learn = Learn(self.config, self.work)
        learnt = {tuple(record.facts["languages"]): record for record in learn.succeeded()}
        for record in Clean(self.config, self.work).succeeded():
            if kind_of(record.name) != "pairs":
                continue
            languages, part = record.facts["languages"], record.files["part"]
            of_pair = learnt.get(tuple(languages))
            if of_pair is None:
                raise NotReady(f"nothing is learnt of {'-'.join(languages)} yet: run `babelmill clean` first")
            rules = self.rules(learn.rules(languages), of_pair).to_json()
            lexicon = {role: asdict(file) for role, file in of_pair.files.items()}
            depends = {
                "rules": rules,
                "lexicon": [lexicon[role]["sha256"] for role in sorted(lexicon)],
                "test_sets": self.decontamination.digest(languages),
            }
            found.append(
                Task(
                    name=record.name,
                    parameters=self.digest(**depends),
                    inputs=digest([part.sha256]),
                    size=part.bytes,
                    job={"languages": languages, "part": asdict(part), "rules": rules, "lexicon": lexicon},
                )
            )
        return found

    def rules(self, asked: PairRules, learnt: Record) -> PairRules:
        """What is asked of a pair of languages, with what was learnt of it."""
        return replace(asked, ratio=LengthRatio.from_json(learnt.facts["ratio"]))

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
