"""Parallel corpora from archives to shards, against OpusFilter from text files to filtered text files.

    python -m benchmarks.opus_filter OPUS --peer venv/bin/opusfilter --model MODEL --repetitions 1    # all archives
    python -m benchmarks.opus_filter OPUS --peer venv/bin/opusfilter --model MODEL --pairs de-en en-ja

OpusFilter (Aulamo et al., 2020) is installed apart, `pip install opusfilter fasttext-numpy2`: it wants other builds of
what Babelmill uses. It gets the texts unpacked, two jobs, lid.176.ftz, and the filters of its own that come nearest:
lengths, their ratio, similarity, language, script, numerals, punctuation, repetition, tags, and duplicates. It writes
text and stops. Babelmill reads the archives, learns a lexicon of each pair of languages, finds near duplicates, too,
tokenizes with the vocabulary that is given, and writes shards. They take turns; MB are of the texts of both sides.

Then the filters alone, on pairs in memory, each side in one process and by its CPU time, start-up and reading left out:
OpusFilter's in `peers/opusfilter_filters.py`, where a pair that one rejects is not shown to the next, and all of
Babelmill's but the lexical score, which OpusFilter has none of.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import zipfile
from pathlib import Path

import pyarrow as pa

from benchmarks import inputs
from benchmarks.figures import Figure, report, write
from benchmarks.harness import BABELMILL, cpu_seconds, in_turn, run_command
from benchmarks.jobs import PEERS
from transforms import langid
from transforms.clean import spoken_language
from transforms.filters.ratio import learn_ratio
from transforms.filters.rules import PairRules, judge
from transforms.filters.signals import PairMeasuring, measure
from transforms.languages import language

PACKAGES = ("apache-beam", "numba", "pyarrow")
ALONE = ("de-en", "en-ja")
"""Archives that the filters alone are compared on: on all they would take OpusFilter more than a quarter of an hour."""

SCRIPTS = {
    "Latn": "Latin",
    "Grek": "Greek",
    "Cyrl": "Cyrillic",
    "Hani": "Han",
    "Hang": "Hangul",
    "Deva": "Devanagari",
    "Khmr": "Khmer",
    "Tibt": "Tibetan",
}
"""What OpusFilter calls scripts."""


def codes_of(pair: str) -> list[str]:
    """The languages in an archive's name. The first is one without a script, the second may be `zh-Hans`."""
    return pair.split("-", 1)


def unpacked(opus: Path, pairs: list[str], folder: Path) -> dict[str, list[Path]]:
    """The two text files of each archive."""
    found = {}
    for pair in pairs:
        (archive,) = opus.glob(f"*/*/moses/{pair}.txt.zip")
        with zipfile.ZipFile(archive) as file:
            names = [name for name in file.namelist() if name.rpartition(".")[2] in codes_of(pair)]
            file.extractall(folder, names)
        found[pair] = [folder / next(name for name in names if name.endswith(f".{code}")) for code in codes_of(pair)]
    return found


def size(files: dict[str, list[Path]]) -> float:
    """Megabytes of some texts."""
    return sum(path.stat().st_size for texts in files.values() for path in texts) / 1e6


def filters_of(codes: list[str]) -> list[dict[str, dict[str, object]]]:
    """OpusFilter's filters for two languages."""
    scripts = [next(SCRIPTS[used] for used in SCRIPTS if used in language(code).scripts) for code in codes]
    spoken = [code.split("-")[0] for code in codes]
    identification = {"languages": spoken, "thresholds": [0.5, 0.5], "model_path": str(langid.bundled_model())}
    return [
        {"LengthFilter": {"unit": "char", "min_length": 2, "max_length": 1050}},
        {"LengthRatioFilter": {"unit": "char", "threshold": 3}},
        {"SimilarityFilter": {"threshold": 0.9}},
        {"FastTextFilter": identification},
        {"CharacterScoreFilter": {"scripts": scripts, "thresholds": [0.15, 0.15]}},
        {"NonZeroNumeralsFilter": {"threshold": 0.5}},
        {"TerminalPunctuationFilter": {"threshold": -2}},
        {"RepetitionFilter": {"threshold": 2, "min_length": 3}},
        {"HtmlTagFilter": {}},
    ]


def filtered_by_peer(python: Path, files: dict[str, list[Path]], job: Path) -> float:
    """CPU seconds that OpusFilter's filters take."""
    jobs = [{"inputs": list(map(str, texts)), "filters": filters_of(codes_of(pair))} for pair, texts in files.items()]
    job.write_text(json.dumps(jobs))
    done = run_command([python, PEERS / "opusfilter_filters.py", job], cores=1)
    return json.loads(done.output.strip().splitlines()[-1])["seconds"]


def filtered(files: dict[str, list[Path]]) -> float:
    """CPU seconds that Babelmill's filters take: to measure pairs, learn the ratio of their lengths, and judge them."""
    identifier, seconds = langid.load(langid.BUNDLED), 0.0

    def judged(sides: list[pa.StringArray], measuring: PairMeasuring) -> None:
        signals = measure(*sides, measuring, identifier)
        judge(signals, None, None, PairRules.of(measuring.source, measuring.target, ratio=learn_ratio(signals)))

    for pair, texts in files.items():
        sides = [pa.array(path.read_text(encoding="utf-8").split("\n")[:-1]) for path in texts]
        source, target = (spoken_language(code, langid.BUNDLED) for code in codes_of(pair))
        measuring = PairMeasuring(source=source, target=target)
        judged([side[:100] for side in sides], measuring)
        seconds += cpu_seconds(judged, sides, measuring)[0]
    return seconds


def steps(files: dict[str, list[Path]]) -> list[dict[str, object]]:
    """The job, in OpusFilter's words."""
    job: list[dict[str, object]] = []
    for pair, texts in files.items():
        codes = codes_of(pair)
        kept, distinct = ([f"{pair}.{what}.{code}" for code in codes] for what in ("kept", "distinct"))
        filtering = {"inputs": list(map(str, texts)), "outputs": kept, "filters": filters_of(codes)}
        job.append({"type": "filter", "parameters": filtering})
        job.append({"type": "remove_duplicates", "parameters": {"inputs": kept, "outputs": distinct}})
    return job


def options_of_command() -> argparse.Namespace:
    """What the command line says."""
    arguments = inputs.parser("Parallel corpora, against OpusFilter.")
    arguments.add_argument("opus", type=Path, help="folder laid out as OPUS's")
    arguments.add_argument("--peer", required=True, help="OpusFilter's command")
    arguments.add_argument("--pairs", nargs="+", help="archives; all there are")
    arguments.add_argument("--alone", nargs="+", default=list(ALONE), help="archives that filters are compared on")
    arguments.add_argument("--model", type=Path, required=True, help="SentencePiece model")
    return inputs.parse(arguments)


def main() -> None:
    options = options_of_command()
    found: dict[str, list[float]] = {"ours": [], "theirs": [], "our filters": [], "their filters": []}
    with tempfile.TemporaryDirectory(dir=options.cache) as scratch:
        folder = Path(scratch)
        archives = (path.name.split(".")[0] for path in options.opus.glob("*/*/moses/*.txt.zip"))
        pairs = options.pairs or sorted(archives)
        files, alone = unpacked(options.opus, pairs, folder), unpacked(options.opus, options.alone, folder)
        megabytes, megabytes_alone = size(files), size(alone)
        peer, ours = folder / "peer.yaml", folder / "ours.yaml"
        common = {"output_directory": str(folder / "out"), "default_n_jobs": 2}
        peer.write_text(json.dumps({"common": common, "steps": steps(files)}))
        codes = [codes_of(pair) for pair in pairs]
        corpus = {"name": "LibreOffice", "format": "opus", "location": str(options.opus.resolve()), "pairs": codes}
        config = {"workdir": "work", "corpora": [corpus], "vocabulary": {"model_file": str(options.model.resolve())}}
        ours.write_text(json.dumps(config))
        commands = {
            "ours": [*BABELMILL, "run", ours, "-q", "--", "--direct_num_workers=2"],
            "theirs": [options.peer, "--overwrite", peer],
        }
        for number in range(options.repetitions):
            for side in in_turn(list(commands), number):
                shutil.rmtree(folder / "work", ignore_errors=True)
                found[side].append(megabytes / run_command(commands[side]).seconds)
                print(f"round {number + 1}, {side}: {found[side][-1]:.3g} MB/s", flush=True)
            python = Path(options.peer).with_name("python")
            found["their filters"].append(megabytes_alone / filtered_by_peer(python, alone, folder / "job.json"))
            found["our filters"].append(megabytes_alone / filtered(alone))
    whole = Figure(
        name="all",
        what=f"parallel corpora, {len(files)} archives to shards, {megabytes:.0f} MB, two cores; OpusFilter to text",
        unit="MB/s",
        ours=found["ours"],
        peer="OpusFilter",
        theirs=found["theirs"],
        at_least=10,
    )
    filters = Figure(
        name="filters",
        what=f"filters of pairs alone, {megabytes_alone:.0f} MB, one core",
        unit="MB/s",
        ours=found["our filters"],
        peer="OpusFilter",
        theirs=found["their filters"],
        at_least=20,
    )
    arguments = "OPUS --peer opusfilter --model MODEL"
    write(
        report("opus_filter", arguments, [whole, filters], machine=options.machine, packages=PACKAGES), options.results
    )


if __name__ == "__main__":
    main()
