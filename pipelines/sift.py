"""The last step of `babelmill backtranslate`: translations are judged."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from babelmill.format import File, digest
from pipelines.backtranslate import BacktranslationStage
from pipelines.clean import Clean
from pipelines.learn import Learn
from pipelines.round_trip import Back
from pipelines.stage import NotReady, Stage
from pipelines.translate import Translate
from transforms.clean import spoken_language
from transforms.filters.ratio import DEFAULT_RATIO, LengthRatio
from transforms.journal import Record, Task
from transforms.pseudo import SiftPart
from transforms.pseudo_filters import PseudoRules, least_score


class Sift(BacktranslationStage):
    """One task a translated part."""

    name = "sift"
    folder = "sift"
    owned = ("rejects/sift",)

    def parameters(self) -> dict[str, Any]:
        """The section `backtranslation.filters`."""
        return self.section.filters.model_dump(mode="json", exclude_none=True)

    def tasks(self) -> list[Task]:
        """One task a part; its rules hold what was learnt of its pair of languages and of its engine."""
        records, ratios = Translate(self.config, self.work).succeeded(), self._ratios()
        scores: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for record in records:
            scores.setdefault(_group(record), []).append(record.facts["scores"])
        least = {group: least_score(parts, self.section.filters.worst) for group, parts in scores.items()}
        back, found = self._back(), []
        for record in records:
            if back is not None and record.name not in back:
                continue
            languages, part = record.facts["languages"], record.files["part"]
            spoken = [spoken_language(tag, Clean(self.config, self.work).measures.model) for tag in languages]
            ratio = ratios.get(record.facts["language"], DEFAULT_RATIO)
            made = record.facts["synthetic"]
            rules = PseudoRules.of(*spoken, synthetic=made, ratio=ratio)
            rules = replace(rules, score=least[_group(record)], round_trip=self.section.filters.round_trip)
            files = {"part": part, **({"back": back[record.name]} if back else {})}
            found.append(
                Task(
                    name=record.name,
                    parameters=self.digest(rules=rules.to_json()),
                    inputs=digest([file.sha256 for file in files.values()]),
                    size=part.bytes,
                    job={
                        "languages": languages,
                        "rules": rules.to_json(),
                        **{role: asdict(file) for role, file in files.items()},
                    },
                )
            )
        return found

    def _back(self) -> dict[str, File] | None:
        """What came of the way back, by part, if that is asked for; a part that nobody translates back is missing."""
        stage = Back(self.config, self.work)
        return {record.name: record.files["part"] for record in stage.succeeded()} if stage.wanted() else None

    def _ratios(self) -> dict[str, LengthRatio]:
        """How long translations are, as was learnt of pairs that people made."""
        try:
            learnt = Learn(self.config, self.work).succeeded()
        except NotReady:
            return {}
        return {record.facts["language"]: LengthRatio.from_json(record.facts["ratio"]) for record in learnt}

    def function(self) -> SiftPart:
        """Judges one part."""
        return SiftPart()


def _group(record: Record) -> tuple[str, ...]:
    """What the scores of a part can be compared with: those of the same engine, languages and direction."""
    facts = record.facts
    return facts["language"], facts["synthetic"], facts["engine"]["engine"], str(facts["engine"]["sha256"])


def pseudo_parts(stage: Stage) -> list[tuple[Record, dict[str, Any]]]:
    """Translated parts, with the lists of what was taken out of them."""
    if not Sift(stage.config, stage.work).wanted():
        return []
    sifted = {record.name: record for record in Sift(stage.config, stage.work).succeeded()}
    found = []
    for record in Translate(stage.config, stage.work).succeeded():
        if record.name in sifted:
            rejects = sifted[record.name].files.get("rejects")
            files = {"part": record.files["part"], **({"rejects": rejects} if rejects else {})}
            found.append((record, files))
    return found
