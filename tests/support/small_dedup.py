"""Small corpora with duplicates, deduplicated by a graph and by brute force."""

import itertools
import random

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.options.pipeline_options import PipelineOptions

from babelmill.format import CLEAN, RAW, SIGNATURES
from transforms.clean import Measures, measure
from transforms.dedup import Deduplicate
from transforms.jaccard import shingle_set
from transforms.journal import Record, Task
from transforms.languages import language
from transforms.matching import Likeness
from transforms.tasks import Plan, ReadTasks

WORDS = [f"w{number}" for number in range(400)]


def corpus(seed):
    """Texts of which many are alike: copies, copies with a word changed here and there, and strangers."""
    rng = random.Random(seed)
    texts = [" ".join(rng.choices(WORDS, k=60)) for _ in range(40)]
    for _ in range(80):
        words = rng.choice(texts).split()
        for _ in range(rng.choice([0, 0, 1, 1, 2, 3])):
            words[rng.randrange(len(words))] = rng.choice(WORDS)
        texts.append(" ".join(words))
    rng.shuffle(texts)
    return [*texts, "", "!!!", "!!!", "?!", "hi"]


def clusters(texts, threshold):
    """Components of all pairs whose shingle sets are similar enough, as a set of frozensets."""
    sets, parents = [set(shingle_set(text).tolist()) for text in texts], list(range(len(texts)))

    def root(i):
        return i if parents[i] == i else root(parents[i])

    for i, j in itertools.combinations(range(len(texts)), 2):
        if len(sets[i] & sets[j]) >= threshold * len(sets[i] | sets[j]):
            parents[root(i)] = root(j)
    groups = {}
    for i in range(len(texts)):
        groups.setdefault(root(i), set()).add(i)
    return {frozenset(group) for group in groups.values()}


def write_part(work, name, texts):
    """A clean part and its signatures, as the files of a task."""
    measures = Measures(form="NFC", model=None, shingle=5)
    part, signatures = (
        work.write_arrow(f"clean/{name}.arrow", CLEAN),
        work.write_arrow(f"signatures/{name}", SIGNATURES),
    )
    with part, signatures:
        raw = [pa.array(range(len(texts)), pa.int64()), pa.array([text.encode() for text in texts], pa.binary())]
        clean, signed = measure(pa.record_batch(raw, schema=RAW), language("en"), measures)
        part.write(clean)
        signatures.write(signed)
    return {"part": vars(part.file), "signatures": vars(signatures.file)}


def deduplicate(work, parts, *, graph=Deduplicate, groups=None, workers=1, **changes):
    """Run a graph; returns the removals of each part: {(part, row): (reason, survivor)}, and the records."""
    tasks = []
    for name, texts in parts.items():
        job = {"group": (groups or {}).get(name, "en"), "language": "en", "documents": len(texts)}
        job |= {"bytes": sum(len(text.encode()) for text in texts), "files": write_part(work, name, texts)}
        tasks.append(Task(name=name, parameters="p", inputs="i", size=len(texts), job=job))
    plan = Plan("dedup", {}, "dedup/manifest.json", tasks[::-1], []).write(work)
    settings = {"likeness": Likeness(threshold=0.8), "bands": 25, "shingle": 5, **changes}
    flags = [f"--direct_num_workers={workers}", "--direct_running_mode=in_memory"]
    root, lines = str(work.root), work.path("records")
    with beam.Pipeline(runner="FnApiRunner", options=PipelineOptions(flags)) as pipeline:
        tasks = pipeline | ReadTasks(root=root, plan=plan)
        records = tasks | graph(stage="dedup", root=root, plan=plan, **settings)
        _ = records | beam.combiners.ToList() | beam.Map(lambda found: lines.write_text("\n".join(sorted(found))))
    found = [Record.from_json(line) for line in lines.read_text().splitlines()]
    removed = {}
    for record in found:
        if record.failure is None:
            for row in work.open_arrow(record.files["removals"]).read_all().to_pylist():
                removed[record.name, row["row"]] = (row["reason"], row["survivor"])
    return removed, found


def found_clusters(parts, removed):
    """Clusters as the removals tell them, as sets of places in all texts in a row."""
    places = {key: i for i, key in enumerate((name, row) for name, texts in parts.items() for row in range(len(texts)))}
    groups = {}
    for (name, row), i in places.items():
        survivor = removed.get((name, row), (None, f"{name}#{row}"))[1]
        groups.setdefault(survivor, set()).add(i)
    return {frozenset(group) for group in groups.values()}


def in_parts(texts, sizes):
    """Parts of those sizes by name."""
    cuts = np.cumsum([0, *sizes])
    return {f"c/en/part-{number:05d}": texts[cuts[number] : cuts[number + 1]] for number in range(len(sizes))}


def damage_when_planned(monkeypatch, name):
    """Have a bit of a file of the work directory change when a plan is written: between the stages before and this."""
    write = Plan.write

    def write_and_damage(plan, work):
        path = work.path(name)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        return write(plan, work)

    monkeypatch.setattr(Plan, "write", write_and_damage)
