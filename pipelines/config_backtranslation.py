"""The section `backtranslation`: which sentences are translated, into what, and by whom."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from pipelines.config_types import LanguagePair, LocalPath, Section, Share, problem

_OWN = {
    "lexical": set[str](),
    "apertium": {"timeout"},
    "command": {"program", "timeout"},
    "ctranslate2": {"model", "beam", "top_k", "temperature", "compute", "device", "threads"},
}
"""Keys that are for one engine only."""


class Engine(Section):
    """Who translates."""

    name: Literal["lexical", "apertium", "ctranslate2", "command"] = Field(examples=["lexical"])
    """Kind of engine. `lexical` goes word by word, by what was learnt of the pairs of both languages; it needs
    nothing else, and what it says is a gloss. `apertium`: rules, as far as they are installed. `ctranslate2`: a neural
    model, see `babelmill models convert`. `command`: any program that answers each line with a line."""
    pairs: list[LanguagePair] | None = Field(
        default=None, examples=[[["en", "es"]]], json_schema_extra={"noun": "a list of pairs of language codes"}
    )
    """From which language to which it translates; empty: whatever it can."""
    model: LocalPath | None = Field(default=None, examples=["opus-mt-en-es"])
    """Folder of the converted model, for `ctranslate2`."""
    program: list[str] | None = Field(default=None, min_length=1, examples=[["translate", "{source}", "{target}"]])
    """Program and arguments, for `command`. `{source}` and `{target}` stand for the codes of the languages."""
    beam: int = Field(default=4, ge=1)
    """Hypotheses that are kept, for `ctranslate2`. 4 is Marian's usual; 1 is greedy, and some
    three times as fast."""
    top_k: int | None = Field(default=None, ge=1)
    """Pieces among which each next one is drawn; empty: none is drawn. For `ctranslate2`; otherwise it takes the most
    probable. Drawn translations are more varied, which Edunov et al. (2018) found better to train on."""
    temperature: float = Field(default=1.0, gt=0)
    """How evenly they are drawn: above 1 more so."""
    compute: Literal["int8", "int8_float16", "int8_float32", "float16", "float32"] = "int8"
    """Numbers that `ctranslate2` computes with. On processors int8 is the fastest; quality falls by a few tenths of a
    point."""
    device: Literal["cpu", "cuda"] = "cpu"
    """Where it computes."""
    threads: int = Field(default=1, ge=1)
    """Threads of one translation. The pipeline has a translation under way for each worker, so 1."""
    timeout: float = Field(default=60.0, gt=0)
    """Seconds after which a batch is given up. It is halved and tried again, down to the sentence that hangs."""

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Engine:
        own = _OWN[self.name]
        others = set().union(*_OWN.values()) - own
        for key in sorted(key for key in others if getattr(self, key) != type(self).model_fields[key].default):
            raise problem(f"found it beside `name: {self.name}`, which has no use for it; remove it", key)
        for key in ("model", "program"):
            if key in own and getattr(self, key) is None:
                raise problem(f"is missing, expected it beside `name: {self.name}`", key)
        return self


class PseudoFilters(Section):
    """Which translations are rejected. Copies, other languages, odd lengths and loops go in any case."""

    worst: Share = 0.02
    """Share of translations that go for their score, the lowest. Of each engine and pair of languages, as scores
    of engines mean different things."""
    round_trip: Share | None = None
    """Least chrF, from 0 to 1, of a sentence and its translation's translation back. Empty: not asked; 0.3 is a start.
    An engine must serve the way back too, and it takes as long again."""


class Backtranslation(Section):
    """Pseudo pairs: sentences of documents and their translations by a machine."""

    engines: list[Engine] = Field(
        default=[Engine(name="lexical")], min_length=1, json_schema_extra={"noun": "a list of engines"}
    )
    """Who translates; the first that serves a pair of languages takes it."""
    pairs: list[LanguagePair] | Literal["auto"] = Field(
        default=[],
        examples=[[["ja", "en"]]],
        json_schema_extra={"noun": "auto or a list of pairs of language codes"},
    )
    """From the language that there is text of to the other; empty: none. `auto`: every pair that an engine serves."""
    per_language: int = Field(default=50_000, ge=1)
    """Sentences of each language to translate, drawn by hash. Each goes into one language."""
    alpha: Share = 0.3
    """Exponent by which other languages share the sentences. A share is the size of a language's own text to this
    power, where there are several."""
    min_characters: int = Field(default=10, ge=1)
    """Fewest characters of a sentence. Less is a heading or a name."""
    max_characters: int = Field(default=400, ge=1, validate_default=True)
    """Most characters of a sentence. Longer ones are lists, and translation models lose their way in them."""
    batch: int | None = Field(default=None, ge=1, examples=[16384])
    """Tokens in a batch, about: its longest sentence times how many there are. Sentences of about the same length go
    together, since models pad. By default 4096, and 131,072 for `apertium`, which is started for each batch, as it
    remembers what it translated before."""
    mark: str | None = Field(default=None, min_length=1, examples=["<BT>"])
    """Piece that is put before the text that a machine made; empty: none. Caswell et al. (2019) found that a model
    should know. Name it in `vocabulary.user_defined_symbols`, too."""
    filters: PseudoFilters = PseudoFilters()

    @field_validator("max_characters")
    @classmethod
    def _above_min(cls, most: int, info: ValidationInfo) -> int:
        fewest = info.data.get("min_characters", 1)
        if most < fewest:
            raise problem(f"found {most}, expected at least `min_characters`, which is {fewest}")
        return most
