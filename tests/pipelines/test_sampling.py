"""Whole runs whose translations are drawn: the same for a seed, whatever the number of workers."""

from pathlib import Path

import pytest
from small_pairs import rows
from small_run import SAMPLE, call, hashes

from babelmill.format import read_manifest

MODEL = Path(__file__).parents[1] / "data/en-es-tiny"
CONFIG = """\
workdir: work
seed: {seed}
corpora:
  - {{name: udhr, format: cc100, location: {sample}, languages: [en]}}
download: {{part_bytes: 4kB}}
vocabulary: {{size: 500, model: unigram, threads: 1}}
backtranslation:
  engines: [{{name: ctranslate2, model: {model}, pairs: [[en, es]], top_k: {top_k}, temperature: 1.5}}]
  pairs: [[en, es]]
  per_language: 30
  batch: 200
"""


def run(folder, *, workers, seed=1, top_k=10):
    """Run to the end; returns the translations and what all files hash to."""
    folder.mkdir()
    config = folder / "corpus.yaml"
    config.write_text(CONFIG.format(sample=SAMPLE, model=MODEL, seed=seed, top_k=top_k))
    result = call("run", config, "-q", "--", f"--direct_num_workers={workers}")
    assert result.exit_code == 0, result.output
    files = hashes(folder / "work", "pseudo", "sift", "tokens", "shards")
    return [row["target"] for row in rows(folder / "work/pseudo/udhr/en-es")], files


@pytest.mark.slow
def test_the_seed_draws_the_translations(tmp_path):
    one, files_of_one = run(tmp_path / "one", workers=1)
    two, files_of_two = run(tmp_path / "two", workers=2)
    assert len(one) == 30 and len(list((tmp_path / "one/work/pseudo/udhr/en-es").iterdir())) > 1
    assert one == two and files_of_one == files_of_two
    other, _ = run(tmp_path / "other", workers=2, seed=2)
    best, _ = run(tmp_path / "best", workers=2, top_k="")
    assert one != other and one != best and len(set(one) & set(best)) < 15
    tag = read_manifest(tmp_path / "one/work/pseudo/manifest.json")["parts"][0]["facts"]["engine"]
    assert tag["sampled"] and tag["parameters"]["sampling_topk"] == 10
