"""The part of `babelmill clean` between measuring pairs and judging them: what is learnt of each language pair."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from babelmill.format import digest
from pipelines.clean import Clean
from pipelines.config_pairs import rules_of
from pipelines.stage import Stage
from transforms.clean import spoken_language
from transforms.disk import sha256_once
from transforms.filters.rules import PairRules
from transforms.journal import PAIRS, Record, Task, kind_of
from transforms.learn_pairs import LearnPairs


class Learn(Stage):
    """One task a pair of languages, of all corpora together."""

    name = "learn"
    title = "clean"
    version = 4
    folder = "lexicon"
    owned = ("lexicon",)

    def parameters(self) -> dict[str, Any]:
        """The section `pairs.lexicon`, and the vocabulary where one is given."""
        section, model = self.config.pairs.lexicon, self.given_model
        given = {"model_sha256": sha256_once(Path(model))} if model and section else {}
        return {"lexicon": section.model_dump(mode="json") if section else None, **given}

    @property
    def given_model(self) -> str | None:
        """Path of the vocabulary, unless it is trained here, which comes later."""
        return self.config.vocabulary.model_file

    def wanted(self) -> bool:
        """Whether there are corpora of pairs."""
        return self.config.parallel

    def tasks(self) -> list[Task]:
        """One task a pair of languages that has a clean part."""
        members: dict[tuple[str, str], list[Record]] = {}
        for record in Clean(self.config, self.work).succeeded():
            if kind_of(record.name) == "pairs":
                source, target = record.facts["languages"]
                members.setdefault((source, target), []).append(record)
        found = []
        for languages, records in sorted(members.items()):
            rules = self.rules(list(languages)).to_json()
            roles = [(record.files["part"], record.files["signatures"]) for record in records]
            parts = [{"part": asdict(part), "signatures": asdict(signatures)} for part, signatures in roles]
            found.append(
                Task(
                    name=f"{PAIRS}/{'-'.join(languages)}",
                    parameters=self.digest(rules=rules),
                    inputs=digest([[part.sha256, signatures.sha256] for part, signatures in roles]),
                    size=sum(part.bytes for part, _ in roles),
                    job={"languages": list(languages), "parts": parts, "rules": rules},
                )
            )
        return found

    def rules(self, languages: list[str]) -> PairRules:
        """The rules by which the pairs of two languages are judged, but for what is learnt of them."""
        model = Clean(self.config, self.work).measures.model
        source, target = (spoken_language(code, model) for code in languages)
        return rules_of(self.config.pairs.filters, source, target)

    def function(self) -> LearnPairs:
        """Learns of one pair of languages."""
        section = self.config.pairs.lexicon
        return LearnPairs(sample=section.sample if section else None, model=self.model_file)
