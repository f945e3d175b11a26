"""What a run does, as models: a class a section, a field a key, with its type, bounds, default and reason.

A field's docstring is the one place where a key is explained. Its first sentence is what the key does, and stands in
the file that `babelmill init` writes; the others say why the default is what it is, and stand in docs/configuration.md.
A new section is a class here and a field of `Config`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from babelmill.format import PERMUTATIONS
from pipelines.config_backtranslation import Backtranslation
from pipelines.config_corpora import Corpus
from pipelines.config_pairs import Pairs
from pipelines.config_runner import Runner
from pipelines.config_test_sets import TestSetSection
from pipelines.config_types import (
    KnownLanguage,
    LocalPath,
    Section,
    Share,
    Size,
    WorkAddress,
    checked_rows,
    off,
    problem,
    repeated,
)
from transforms.languages import language
from vocab.model_file import VocabularyError
from vocab.training import TrainingOptions


class Download(Section):
    """How files are fetched and cut into parts."""

    connections: int = Field(default=4, ge=1, le=64)
    """Connections to one host at a time. The host of CC-100 throttles each address to 300 to 500 KB/s and answers 503
    in spells, so more of them gain little and burden it."""
    retries: int = Field(default=8, ge=0)
    """Attempts after one that failed, each after a longer wait. The wait doubles, or is what the server asks for in
    Retry-After; eight of them outlast a spell of some minutes."""
    timeout: float = Field(default=60.0, gt=0)
    """Seconds without a byte after which a connection is given up. A host that throttles is silent for a while; a
    connection that is gone is silent for ever."""
    part_bytes: Size = Field(default=32 << 20, ge=1 << 10, le=1 << 30)
    """Text in a part: the unit of work, of retry and of resume. 32 MiB are seconds of work: little to lose when a run
    is killed, and enough that what Beam costs for each part does not show."""
    max_document_bytes: Size = Field(default=16 << 20, ge=1 << 10, le=512 << 20)
    """Longest document; a longer one is left out and counted. A file without blank lines is a single document, and
    memory must not depend on it."""


class Characters(Section):
    """Bounds of a document's length."""

    min: int = Field(default=10, ge=1)
    """Fewest characters of a document. Drops what is left of markup. Ten can be a sentence in Chinese; the 50 words
    of Gopher and FineWeb are a value for English."""
    max: int = Field(default=1_000_000, ge=1, validate_default=True)
    """Most characters of a document. What is longer than most books is a list or a dump. Gopher's bound, 100,000
    words, is of the same order."""

    @field_validator("max")
    @classmethod
    def _above_min(cls, most: int, info: ValidationInfo) -> int:
        fewest = info.data.get("min", 1)
        if most < fewest:
            raise problem(f"found {most}, expected at least `min`, which is {fewest}")
        return most


class Script(Section):
    """Whether a document is in a script of its language."""

    share: Share = 0.2
    """Least share of letters in the language's scripts; 0: not asked. Our value, measured on computer manuals full of
    names in Latin script: of Japanese documents that language identification accepts 0.5 would drop a half, 0.2 a
    seventh. A language whose script is not known passes whole."""


class LanguageId(Section):
    """Whether a document is in the language of its file."""

    threshold: Share = 0.5
    """Least probability of the file's language. cc_net, which made CC-100, takes 0.5 for lid.176; Curator takes 0.3,
    datatrove 0.65, Data-Juicer 0.8. Labels that the model does not tell apart (`no`, `nn`; `hr`, `bs`, `sr`, `sh`;
    `id`, `ms`) count as one."""
    thresholds: dict[KnownLanguage, Share] = Field(
        default={}, examples=[{"gl": 0.4, "zh-Hant": 0.6}], json_schema_extra={"noun": "numbers from 0 to 1 by code"}
    )
    """Thresholds of single languages, by code. One number does not suit all: FineWeb-2 has a value a language, from
    0.3 to 0.9."""
    foreign: Share = 0.95
    """Where the model lacks the file's language: another's probability that rejects. Romanised and Zawgyi text and
    some ten languages of CC-100 have no label in lid.176, and `threshold` would delete their files whole. C4 and umT5
    trust a label from 0.99 and 0.95 on."""
    model: LocalPath | None = Field(default=None, examples=["glotlid.bin"])
    """Path of another fastText model; empty: lid.176.ftz, which comes along. Labels of GlotLID, OpenLID and NLLB are
    understood."""

    @field_validator("thresholds")
    @classmethod
    def _by_tag(cls, thresholds: dict[str, float]) -> dict[str, float]:
        """Keys become BCP 47 tags: `hi_rom` and `hi-Latn` are one language."""
        by_tag: dict[str, float] = {}
        for code, threshold in thresholds.items():
            tag = language(code).bcp47
            if tag in by_tag:
                raise problem(f"found a second threshold for {tag}, expected one", code)
            by_tag[tag] = threshold
        return by_tag


class Clean(Section):
    """How text is normalised, and which documents are rejected."""

    form: Literal["NFC", "NFKC"] = "NFC"
    """Unicode normalisation form. NFC changes nothing that a reader sees; NFKC also folds ligatures, superscripts and
    full-width forms, which cannot be undone."""
    invalid_utf8: Literal["repair", "reject"] = "repair"
    """What is done about invalid UTF-8. One bad byte is worth one U+FFFD, not the document."""
    characters: Characters = Characters()
    script: Script = Script()
    language_id: Annotated[LanguageId | None, BeforeValidator(off)] = Field(
        default=LanguageId(), json_schema_extra={"off": True}
    )
    """Whether it is in the language of its file; `language_id: false`: not asked."""


class Dedup(Section):
    """Which documents repeat another one."""

    near: bool = True
    """Whether near duplicates are sought besides exact ones. A page that returns with another date is not exact."""
    threshold: Share = 0.8
    """Least Jaccard similarity of the shingles of two near duplicates. Candidates are verified, so 0.8 means 0.8;
    unverified, the 14 bands of 8 of FineWeb-2 also take 56 % of the pairs at 0.7."""
    bands: int = Field(default=25, ge=1, le=PERMUTATIONS)
    """Bands of MinHash values; documents that agree in one are compared. With similarity s, bands b and rows r that
    has probability 1 - (1 - s^r)^b. 25 of 5 find 99.995 % of the pairs at 0.8 and 99 % at 0.7; FineWeb-2's 14 of 8
    find 92 % at 0.8. Candidates are verified, so more of them do no harm."""
    rows: int = Field(default=5, ge=1, le=PERMUTATIONS, validate_default=True)
    """MinHash values in a band; bands times rows is at most 128. Fewer rows find more pairs, and compare more."""
    shingle: int = Field(default=5, ge=1, le=32)
    """Tokens in a shingle: words, or characters where words are not spaced. FineWeb-2's word 5-gram. Shorter ones
    make any two texts of a language alike; of longer ones more are lost with each word that changes."""
    across: Literal["language", "all"] = "language"
    """Where duplicates are sought: in each language, or in all together. Languages that are apart are done apart: one
    that is added later does not touch the others."""
    margin: Share = 0.1
    """Distance from the threshold within which shingles are compared exactly. The estimate from 128 values has a
    standard error of 0.035 at 0.8; 0.1 is nearly three of them."""
    memory: Size = Field(default=512_000_000, ge=1_000_000)
    """Memory that Beam's local runner may use to bring documents together. Where they need more, they are dealt with
    in several passes over their signatures, with the same result: 512 MB are enough for some 300,000 documents in one
    pass. On a cluster there is always one."""

    @field_validator("rows")
    @classmethod
    def _within_permutations(cls, rows: int, info: ValidationInfo) -> int:
        return checked_rows(rows, info.data.get("bands", 1))


class Vocabulary(Section):
    """The SentencePiece model that all languages share."""

    model_file: LocalPath | None = Field(default=None, examples=["my.model"])
    """Path of a SentencePiece model that exists; empty: one is trained. All other keys say how to train, so it stands
    without them."""
    size: int = Field(default=32_000, ge=300)
    """Pieces of the vocabulary. Suits some ten languages (mozilla: 32,000 for two); for a hundred take the 250,000 of
    XLM-R, mT5 and ERNIE-M."""
    model: Literal["unigram", "bpe"] = "unigram"
    """Kind of SentencePiece model. Unigram is that of XLM-R, mT5 and ERNIE-M; BPE trains several times faster."""
    alpha: Share | None = 0.3
    """Sampling exponent: a language's share is its size to this power. 1 keeps the shares of the corpus, 0 makes them
    equal. XLM-R and mT5 take 0.3, XLM 0.5, mBERT and XLM-E 0.7. Excludes `unimax`."""
    unimax: float | None = Field(default=None, gt=0, examples=[4], validate_default=True)
    """UniMax in place of `alpha`: equal shares, no text drawn more often than this. The smallest languages give all
    they have and the others share what is left, as for umT5; at mT5's exponent the smallest repeat over 100 times."""
    sample: Size = Field(default=50_000_000, ge=10_000)
    """Text that is drawn, of all languages together. 50 MB train in two to three minutes (unigram, 32,000 pieces, two
    threads) and take 1 GB of memory, 21 bytes for each byte of text."""
    pairs: Share = 1.0
    """Weight of a byte of pairs in the sample, beside one of documents. It counts for a language's share and for what
    is drawn of it. Pairs are text as well, so 1; with 0 documents alone decide, where pairs are of one narrow kind."""
    coverage: float = Field(default=0.9995, ge=0.98, le=1)
    """Share of the sample's characters that get a piece. SentencePiece's own default; stopes takes 0.99995. The
    others fall back to bytes."""
    byte_fallback: bool = True
    """Whether a character without a piece becomes its UTF-8 bytes. No script is lost to an unknown piece; mozilla
    does the same."""
    user_defined_symbols: list[str] = Field(default=[], examples=[["<mask>", "<BT>"]])
    """Pieces that are never cut, each with an id of its own. For the markers that a trainer needs, such as
    `<mask>`."""
    threads: int = Field(default=2, ge=1, le=128)
    """Threads that train. Fixed, and not the machine's number, because a unigram model depends on it."""
    max_sentence: Size = Field(default=4192, ge=256)
    """Longest line that the trainer is given; longer paragraphs are cut. SentencePiece's own default; it would skip
    what is longer, 1,400 characters of Chinese or Hindi, in silence. Cuts are made where a sentence ends."""

    @model_validator(mode="before")
    @classmethod
    def _unimax_replaces_alpha(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("unimax") is not None:
            return {"alpha": None, **values}
        return values

    @field_validator("user_defined_symbols")
    @classmethod
    def _possible(cls, symbols: list[str]) -> list[str]:
        try:
            TrainingOptions(size=0, user_defined_symbols=tuple(symbols))
        except VocabularyError as error:
            raise problem(str(error)) from error
        return symbols

    @field_validator("unimax")
    @classmethod
    def _or_alpha(cls, unimax: float | None, info: ValidationInfo) -> float | None:
        if "alpha" in info.data and (unimax is None) == (info.data["alpha"] is None):
            found = "neither alpha nor unimax" if unimax is None else "both alpha and unimax"
            raise problem(f"found {found}, expected one of the two")
        return unimax

    @model_validator(mode="after")
    def _trained_or_given(self) -> Vocabulary:
        training = self.model_fields_set - {"model_file"}
        given = [name for name in type(self).model_fields if name in training and getattr(self, name) is not None]
        if self.model_file is not None and given:
            raise problem(f"found keys for training beside it, {', '.join(given)}; remove them, or it", "model_file")
        return self

    def training_options(self) -> TrainingOptions:
        """How to train, as `vocab.training` takes it."""
        return TrainingOptions(
            size=self.size,
            model=self.model,
            coverage=self.coverage,
            byte_fallback=self.byte_fallback,
            user_defined_symbols=tuple(self.user_defined_symbols),
            threads=self.threads,
            max_sentence_bytes=self.max_sentence,
        )


class Shards(Section):
    """The token shards."""

    tokens: int = Field(default=4_000_000, ge=1)
    """Upper bound of the token ids in a shard. 16 MB of int32: quick to move, and to write again; raise it where a
    large corpus would make too many files."""
    validation: int = Field(default=100, ge=0)
    """Documents of each language held out, at most a tenth of them. A hundred give a loss by language, and a small
    language keeps nine tenths to train on."""
    text: bool = False
    """Whether rows have the text beside the ids. It stands in a column `text`, of pairs in `source` and `target`:
    people can look at it, and another tokenizer can read it. Shards take about twice the room."""


class Config(Section):
    """The whole configuration of a run."""

    workdir: WorkAddress = Field(examples=["work"])
    """Folder or address of everything that is written; one run at a time works in it. An address has a scheme of
    fsspec, such as `s3://bucket/folder`; workers on several machines need one, or a disk that all of them see. Sign-in
    is what its package finds in the environment, such as AWS_ACCESS_KEY_ID and AWS_ENDPOINT_URL."""
    seed: int = Field(default=1, ge=0, le=0xFFFF_FFFF)
    """Where random choices start from. The same input, configuration and seed give the same bytes, whatever the
    number of workers."""
    on_error: Literal["skip", "stop"] = "skip"
    """Whether a file that cannot be used is skipped or stops the run. Of a hundred downloads one may be cut short,
    and the others need not wait for it; what was skipped is named."""
    corpora: list[Corpus] = Field(min_length=1, json_schema_extra={"noun": "a list of corpora"})
    """What to read."""
    download: Download = Download()
    clean: Clean = Clean()
    dedup: Dedup = Dedup()
    pairs: Pairs = Pairs()
    decontaminate: list[TestSetSection] = Field(default=[], json_schema_extra={"noun": "a list of test sets"})
    """Test sets whose text must not be trained on."""
    backtranslation: Backtranslation = Backtranslation()
    vocabulary: Vocabulary = Vocabulary()
    shards: Shards = Shards()
    runner: Runner = Runner()

    @property
    def parallel(self) -> bool:
        """Whether there are corpora of pairs."""
        return any(corpus.parallel for corpus in self.corpora)

    @field_validator("corpora", "decontaminate")
    @classmethod
    def _named_apart(cls, named: list[Any]) -> list[Any]:
        number = repeated([one.name for one in named])
        if number is not None:
            raise problem(f"found {named[number].name!r} a second time, expected a name of its own", number, "name")
        return named
