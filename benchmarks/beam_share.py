"""What Beam costs: CPU time of the main job against the same kernels in a plain loop over the same parts.

    python -m benchmarks.beam_share CORPORA
    python -m benchmarks.beam_share CORPORA --languages de ja --vocabulary build/benchmarks/spm.model

Both sides plan each stage, do its tasks one after the other on one thread, and write its manifest; one hands the tasks
to Beam's local runner with one worker, the other calls the same functions in a loop.
A vocabulary that is given (`--vocabulary`) leaves the trainer out, which is a program of its own. Imports are done and
kernels compiled and loaded before the clock runs; CPU time counts, of all threads and of child processes. Every round
is a process, in which the sides take turns. Their files are compared.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from benchmarks.figures import Figure, report, write
from benchmarks.harness import ROOT, in_turn, machine, on_one_core, rounds
from benchmarks.reproduce import differences, hashes

SAMPLE = {"name": "udhr", "format": "cc100", "location": str(ROOT / "babelmill/sample/cc-100")}

AT_MOST = 1.10
"""How much more than the plain loop the main job may take."""


def cpu() -> float:
    """CPU seconds of this process and of the children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main_job(run: Callable[[Any], None], config: Path) -> Counter[str]:
    """Every stage of a configuration; returns CPU seconds by stage."""
    from pipelines.config_file import load
    from pipelines.stages import needed
    from transforms.storage import WorkDirectory

    loaded, seconds = load(config), Counter[str]()
    work = WorkDirectory(Path(loaded.workdir))
    work.create()
    for stage in needed(loaded, work):
        begin = cpu()
        run(stage)
        seconds[stage.name] = cpu() - begin
    return seconds


def by_beam(stage: Any) -> None:
    """A stage as `babelmill run` does it."""
    from pipelines.execute import run_stage
    from pipelines.progress import Progress

    run_stage(stage, arguments=["--direct_num_workers=1"], progress=Progress("quiet"))


def plain(stage: Any) -> None:
    """A stage in a loop."""
    from transforms.tasks import Plan, do

    planned = stage.plan()
    todo = [task for task, _ in planned.todo]
    stage.prepare()
    plan = Plan(stage.name, stage.parameters(), stage.manifest, todo, list(planned.done)).write(stage.work)
    if stage.name == "dedup":
        records = deduplicated(stage, plan, todo)
    else:
        function = stage.function()
        records = [do(stage.name, stage.work, task, function) for task in todo]
    stage.write_manifest([*planned.done, *records])
    stage.prune(stage.records())
    stage.finish()


def deduplicated(stage: Any, plan: str, todo: Sequence[Any]) -> list[Any]:
    """Each group's parts, without a graph."""
    from pipelines.runner import pipeline_options
    from transforms.dedup_groups import DeduplicateGroups
    from transforms.journal import Record

    options = pipeline_options(["--direct_num_workers=1"])
    spread = stage.deduplicate("documents", len(todo), stage.config.dedup.memory, options)
    groups = DeduplicateGroups(spread(root=str(stage.work.root), plan=plan, stop=False))
    return [Record.from_json(record) for task in todo for record in groups.group(task.to_json())]


def one_round(number: int, settings: dict[str, Any]) -> dict[str, Counter[str]]:
    """Both sides, each with a work directory of its own; CPU seconds by side and stage.

    Raises:
        AssertionError: they wrote different files.
    """
    on_one_core()
    with tempfile.TemporaryDirectory(prefix="beam-share-") as folder:
        for name, corpus in (("warm-up", SAMPLE), ("beam", settings["corpus"]), ("plain", settings["corpus"])):
            mine = {"workdir": name, "corpora": [corpus], "vocabulary": settings["vocabulary"]}
            Path(folder, f"{name}.yaml").write_text(yaml.safe_dump(mine))
        main_job(by_beam, Path(folder, "warm-up.yaml"))
        sides = {"beam": by_beam, "plain": plain}
        found = {name: main_job(sides[name], Path(folder, f"{name}.yaml")) for name in in_turn(list(sides), number)}
        different = differences(hashes(Path(folder, "plain")), hashes(Path(folder, "beam")))
        assert not different, different[:10]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what Beam costs.")
    parser.add_argument("corpora", type=Path, help="folder of texts laid out as CC-100's")
    parser.add_argument("--languages", nargs="+", help="which of them; default: all")
    parser.add_argument("--vocabulary", type=Path, help="SentencePiece model; one of 8,000 pieces is trained otherwise")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--results", type=Path, metavar="DIR", help="write the README's figures here")
    options, began = parser.parse_args(), machine()
    corpus = {"name": "cc-100", "format": "cc100", "location": str(options.corpora.resolve())}
    if options.languages:
        corpus["languages"] = options.languages
    given = {"model_file": str(options.vocabulary.resolve())} if options.vocabulary else {"size": 8000, "sample": "2MB"}
    found = list(rounds(one_round, options.rounds, {"corpus": corpus, "vocabulary": given}))
    for stage in found[0]["plain"]:
        sides = [sorted(one[side][stage] for one in found)[len(found) // 2] for side in ("beam", "plain")]
        print(f"{stage:<9} {sides[0]:7.2f} s with Beam, {sides[1]:7.2f} s without", flush=True)
    figure = Figure(
        name="share",
        what="CPU time of the main job, one worker",
        unit="s",
        ours=[one["beam"].total() for one in found],
        peer="the same kernels in a plain loop",
        theirs=[one["plain"].total() for one in found],
        at_least=1 / AT_MOST,
    )
    made = report("beam_share", "CORPORA", [figure], machine=began, packages=["apache-beam"])
    print(figure)
    if options.results:
        write(made, options.results)
    sys.exit(0 if figure.reached else 1)


if __name__ == "__main__":
    main()
