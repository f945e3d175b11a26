"""What back-translation costs besides the engine: sentences, batches, measurements, judgement, files.

    python -m benchmarks.backtranslation CORPORA
    python -m benchmarks.backtranslation CORPORA --opus OPUS      # and the engine `lexical`

The steps of the stages are done in this process on one core, by the functions of the pipeline, on documents of each
language. The engine returns at once, its answer being the sentences of another language's text: so nothing is a copy,
and everything is measured. MB are of the sentences that are translated, of their own side; seconds are of CPU time.
For two cores two processes do the same at the same time, and seconds are of the clock.
With Apertium, where it is installed: the share of the time of translating that is not Apertium's. With `--opus`, a
folder laid out as OPUS's: what `lexical` takes for the sentences of some languages, with lexicons learnt of its pairs.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from babelmill.format import CLEAN, File
from benchmarks import inputs
from benchmarks.figures import Figure, report, write
from benchmarks.harness import cpu_seconds, on_one_core
from benchmarks.translation_model.data import read_pairs
from benchmarks.translation_quality import lexicon_of
from pipelines.translate import BATCHING
from transforms import langid
from transforms.drawing import CutSentences
from transforms.engines.apertium import Apertium
from transforms.engines.engine import Engine, Translated
from transforms.filters.ratio import DEFAULT_RATIO
from transforms.journal import Task
from transforms.languages import language
from transforms.lexicon.model import Lexicon
from transforms.parts import Part
from transforms.pseudo import SiftPart, TranslatePart
from transforms.pseudo_filters import PseudoRules
from transforms.storage import WorkDirectory

EVERY = 2**64 - 1
GLOSSED = ("de", "el", "ja", "ru")
"""Languages that `lexical` takes into English."""
Result = TypeVar("Result")
PACKAGES = ("numba", "numpy", "pyarrow", "sentencex")


@dataclass(frozen=True)
class Round:
    """What a round took.

    Attributes:
        megabytes: of the sentences.
        cut, translated, sifted: CPU seconds of each stage.
        wall: seconds of translating.
        engine: of these, seconds in the engine.
        clock: seconds of all three stages.
    """

    megabytes: float
    cut: float
    translated: float
    sifted: float
    wall: float
    engine: float
    clock: float

    def __add__(self, other: Round) -> Round:
        return Round(*(mine + its for mine, its in zip(astuple(self), astuple(other), strict=True)))


@dataclass
class AtOnce:
    """An engine that has its answers ready: sentences of some text, one after the other."""

    answers: pa.StringArray
    name: str = "at once"
    place: int = 0

    def serves(self, source: str, target: str) -> bool:
        return True

    def tag(self, source: str, target: str) -> dict[str, Any]:
        return {"engine": self.name, "sha256": None}

    def translate(self, texts: Sequence[str] | pa.StringArray, *, source: str, target: str, seed: int) -> Translated:
        place = self.place if self.place + len(texts) <= len(self.answers) else 0
        self.place = place + len(texts)
        found = self.answers.slice(place, len(texts))
        if len(found) < len(texts):
            found = self.answers.take(pa.array(np.arange(len(texts)) % len(self.answers)))
        return Translated(found, np.full(len(texts), np.nan, np.float32))

    def __enter__(self) -> AtOnce:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Gloss(AtOnce):
    """The engine `lexical`, with a lexicon that was learnt for this."""

    def __init__(self, lexicon: Lexicon):
        super().__init__(pa.array([], pa.string()), name="lexical")
        self.lexicon = lexicon

    def translate(self, texts: Sequence[str] | pa.StringArray, *, source: str, target: str, seed: int) -> Translated:
        return Translated(*self.lexicon.translate(pa.array(texts), reverse=source != self.lexicon.languages[0]))


class Timed:
    """An engine whose calls are timed.

    Attributes:
        name: the engine's.
        seconds: in all of its calls.
    """

    def __init__(self, engine: Engine):
        self.name, self.seconds, self._engine, self.tag = engine.name, 0.0, engine, engine.tag

    def translate(self, *arguments: Any, **named: Any) -> Translated:
        """As the engine does."""
        begin = time.perf_counter()
        try:
            return self._engine.translate(*arguments, **named)
        finally:
            self.seconds += time.perf_counter() - begin


def clean_part(work: WorkDirectory, name: str, texts: pa.StringArray) -> File:
    """A clean part of some documents; what back-translation does not look at is empty."""
    rows = len(texts)
    columns = {field.name: pa.nulls(rows, field.type) for field in CLEAN}
    columns |= {"document": pa.array(np.arange(rows)), "text": texts}
    with work.write_arrow(f"clean/{name}.arrow", CLEAN) as writer:
        for start in range(0, rows, 512):
            batch = pa.record_batch([columns[field] for field in CLEAN.names], schema=CLEAN)
            writer.write(batch.slice(start, 512))
    return writer.file


def task(name: str, **job: Any) -> Task:
    return Task(name=name, parameters="", inputs="", size=1, job=job)


def measured(work: WorkDirectory, source: str, target: str, texts: pa.StringArray, engine: Timed) -> Round:
    """Back-translate documents of one language, as the stages do it."""
    part = asdict(clean_part(work, f"c/{source}/part-00000", texts))
    cutting = task(f"c/{source}/part-00000", language=source, code=source, below=EVERY, files={"part": part})
    cut, (first, sentences) = cpu_seconds(by_the_clock, CutSentences(seed=1, shortest=10, longest=400), work, cutting)
    part = asdict(sentences.files["part"])
    translating = TranslatePart(seed=1, form="NFC", model=langid.BUNDLED, file=None, engine=lambda *_: engine)
    job = {"source": source, "target": target, "sentences": part, "first": 0, "last": EVERY}
    job |= {"engine": {}, "batching": BATCHING.get(engine.name, {})}
    doing = task(f"pseudo/c/{source}-{target}/part-00000", **job)
    translated, (wall, made) = cpu_seconds(by_the_clock, translating, work, doing)
    languages = made.facts["languages"]
    rules = PseudoRules.of(*map(language, languages), synthetic=made.facts["synthetic"], ratio=DEFAULT_RATIO)
    sifting = task(made.name, languages=languages, part=asdict(made.files["part"]), rules=rules.to_json())
    sifted, (last, _) = cpu_seconds(by_the_clock, SiftPart(), work, sifting)
    megabytes = sum(inputs.megabytes(batch.column("text")) for batch in Part.open(work, File(**part)).batches())
    return Round(megabytes, cut, translated, sifted, wall, engine.seconds, first + wall + last)


def by_the_clock(function: Callable[..., Result], *arguments: Any) -> tuple[float, Result]:
    """Wall time that a call takes, and what it returns."""
    start = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - start, result


def main() -> None:
    arguments = inputs.parser("Back-translation besides the engine.", megabytes=60.0)
    arguments.add_argument("corpora", type=Path, help="folder with xx.txt.xz")
    arguments.add_argument("--opus", type=Path, help="folder laid out as OPUS's, for `lexical`")
    options = inputs.parse(arguments)
    texts = inputs.read(inputs.texts_file(options))
    together = on_two_cores(options.cache, inputs.texts_file(options), options.repetitions)
    on_one_core()
    lexicons = {code: learnt(options.opus, code) for code in GLOSSED if options.opus and code in texts}
    found: dict[str, list[Round]] = {"at once": [], "apertium": [], "lexical": []}
    for number in range(options.repetitions + 1):
        round_ = [Round(*[0.0] * 7) for _ in found]
        round_[0] = at_once(options.cache, texts)
        if "en" in texts and Apertium().serves("en", "es"):
            round_[1] += one(options.cache, "en", "es", texts["en"], Apertium())
        for source, lexicon in lexicons.items():
            round_[2] += one(options.cache, source, "en", texts[source], Gloss(lexicon))
        # The first round loads and compiles.
        if number:
            for name, its in zip(found, round_, strict=True):
                found[name].append(its)
    own = found["at once"]
    steps = {"sentences": "cut", "translation but for the engine": "translated", "judgement": "sifted"}
    figures = [
        Figure(
            name="all",
            what=f"back-translation besides the engine, {len(texts)} languages, one core",
            unit="MB/s",
            ours=[one.megabytes / (one.cut + one.translated + one.sifted) for one in own],
        ),
        Figure(
            name="two_cores",
            what="the same, two processes on two cores",
            unit="MB/s",
            ours=together,
            at_least=15,
        ),
        *(
            Figure(
                name=attribute,
                what=f"of that: {what}",
                unit="MB/s",
                ours=[one.megabytes / getattr(one, attribute) for one in own],
            )
            for what, attribute in steps.items()
        ),
    ]
    if found["apertium"][0].wall:
        shares = [100 * (1 - one.engine / one.wall) for one in found["apertium"]]
        what = "of the time of translating by Apertium, en-es, what is not Apertium's"
        figures.append(Figure(name="apertium", what=what, unit="%", ours=shares, at_most=10))
    if lexicons:
        for name, what in (("engine", "the engine"), ("translated", "the stage, measuring and writing included")):
            rates = [round_.megabytes / getattr(round_, name) for round_ in found["lexical"]]
            about = f"`lexical`, {', '.join(lexicons)} to en, one core: {what}"
            bar = 5 if name == "engine" else None
            figures.append(Figure(name=f"lexical_{name}", what=about, unit="MB/s", ours=rates, at_least=bar))
    command = "CORPORA --opus OPUS" if options.opus else "CORPORA"
    write(report("backtranslation", command, figures, machine=options.machine, packages=PACKAGES), options.results)


def one(folder: Path, source: str, target: str, texts: pa.StringArray, engine: Engine) -> Round:
    """A round of one language, in a folder of its own."""
    with tempfile.TemporaryDirectory(dir=folder) as scratch, engine:
        return measured(WorkDirectory(Path(scratch)), source, target, texts, Timed(engine))


def at_once(folder: Path, texts: Mapping[str, pa.StringArray]) -> Round:
    """A round of all languages, each translated to the one before it by an engine that returns at once."""
    found = Round(*[0.0] * 7)
    for place, (source, documents) in enumerate(texts.items()):
        target = list(texts)[place - 1]
        found += one(folder, source, target, documents, AtOnce(lines(texts[target])))
    return found


def on_two_cores(folder: Path, texts: Path, repetitions: int) -> list[float]:
    """MB a second that two processes do together, each on a core of its own, in every round but the first."""
    context = multiprocessing.get_context("spawn")
    meeting, results = context.Barrier(2), context.SimpleQueue()
    both = [
        context.Process(target=_take_part, args=(core, folder, texts, repetitions, meeting, results))
        for core in sorted(os.sched_getaffinity(0))[:2]
    ]
    for process in both:
        process.start()
    rates = np.array([results.get() for _ in both])
    for process in both:
        process.join()
    return rates.sum(axis=0).tolist()


def _take_part(core: int, folder: Path, texts: Path, repetitions: int, meeting: Any, results: Any) -> None:
    os.sched_setaffinity(0, {core})
    columns, rates = inputs.read(texts), []
    for _ in range(repetitions + 1):
        meeting.wait()
        round_ = at_once(folder, columns)
        rates.append(round_.megabytes / round_.clock)
    results.put(rates[1:])


def learnt(opus: Path, code: str) -> Lexicon:
    """The lexicon of a language and English."""
    return lexicon_of(read_pairs(str(opus), (code, "en"), version="v7.4"), (code, "en"))


def lines(texts: pa.StringArray) -> pa.StringArray:
    """Paragraphs that could be sentences."""
    return pa.array([line for text in texts.to_pylist() for line in text.split("\n") if 10 <= len(line) <= 400])


if __name__ == "__main__":
    main()
