"""Whole runs with parallel text: archives to pair shards by the stages of documents."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import datasets
import pytest
import sentencepiece
from small_pairs import PAIRS, aligned, rows, write_config
from small_run import FOLDERS, call, events, hashes

import babelmill
from babelmill.format import read_manifest


def test_the_same_bytes_with_one_worker(finished_pairs, tmp_path):
    config = write_config(tmp_path)
    assert call("run", config, "-q", "--", "--direct_num_workers=1").exit_code == 0

    def bytes_of(work):
        # That manifest notes where the archives lie.
        return {name: sha for name, sha in hashes(work, *FOLDERS).items() if name != "raw/manifest.json"}

    assert bytes_of(tmp_path / "work") == bytes_of(finished_pairs / "work")
    assert len(list((tmp_path / "work/raw/pairs/News/de-en").iterdir())) > 1


def test_ledgers_balance_and_every_pair_is_accounted_for(finished_pairs):
    result = call("verify", finished_pairs / "corpus.yaml")
    assert result.exit_code == 0 and "every ledger balances" in result.stdout
    work = finished_pairs / "work"
    count = len(aligned(PAIRS[0]))
    talks = len(aligned(PAIRS[0])[::2])
    assert read_manifest(work / "raw/manifest.json")["ledger"]["de-en"]["documents"] == count + 2 + talks
    judged = read_manifest(work / "filter/manifest.json")["ledger"]["de-en"]
    assert judged["dropped"] == {"empty": 1, "too_long": 1}
    removed = read_manifest(work / "dedup/manifest.json")["ledger"]["de-en"]["dropped"]
    assert removed["exact_duplicate"] >= talks


def test_manifests_say_how_pairs_were_judged_and_compared(finished_pairs):
    def settings(stage):
        return read_manifest(finished_pairs / "work" / stage / "manifest.json")["parameters"]

    assert settings("clean")["pairs"] == {"by": "pair", "near": True}
    assert "copy" in settings("filter")["skip"]
    assert settings("dedup")["threshold"] == 0.8
    assert settings("dedup")["pairs"]["threshold"] == 0.9


def test_the_pair_with_the_best_score_stays(finished_pairs):
    """`Talks` has no scores, so that of two equal pairs the one of `News` stays."""
    removed = rows(finished_pairs / "work/dedup/pairs/Talks")
    assert len(removed) == len(aligned(PAIRS[0])[::2])
    assert {row["survivor"].split("/part-")[0] for row in removed} == {"pairs/News/de-en"}


def test_shards_decode_to_the_cleaned_pairs(finished_pairs):
    work, seen = finished_pairs / "work", set()
    processor = sentencepiece.SentencePieceProcessor(model_file=str(work / "vocab/spm.model"))
    for split in ("train", "validation"):
        shards = babelmill.open(work / "shards", kind="pairs", split=split)
        assert shards.languages == ["de-en", "en-ru"]
        for number in range(len(shards)):
            row = shards[number]
            codes = (row["source_language"], row["target_language"])
            pair = aligned(codes)[row["document"]]
            for side, text in zip(("source_ids", "target_ids"), pair, strict=True):
                assert row[side].tolist() == processor.encode(" ".join(text.split()))
            assert (row["corpus"], row["origin"]) == ("News", "human")
            assert row["score"] == pytest.approx(1 + row["document"] % 7 / 10)
            seen.add((codes, row["document"]))
    ledger = read_manifest(work / "dedup/manifest.json")["ledger"]
    assert len(seen) == sum(ledger["-".join(codes)]["kept"] for codes in PAIRS) > 100


def test_batches_of_pairs_are_its_rows(finished_pairs):
    shards = babelmill.open(finished_pairs / "work/shards/pairs")
    assert repr(shards).startswith("<pairs/train")
    batch = next(shards.iterate(seed=3, batch_size=5))
    for number, document in enumerate(batch.documents.tolist()):
        found = [shards[i] for i in range(len(shards)) if shards[i]["document"] == document]
        ids = batch.target_ids[batch.target_offsets[number] : batch.target_offsets[number + 1]].tolist()
        assert ids in [row["target_ids"].tolist() for row in found]
    assert babelmill.open(finished_pairs / "work").kind == "documents"


def test_datasets_reads_pair_shards(finished_pairs, tmp_path):
    loaded = datasets.load_dataset(str(finished_pairs / "work/shards/pairs"), cache_dir=str(tmp_path))
    for split in ("train", "validation"):
        shards = babelmill.open(finished_pairs / "work/shards", kind="pairs", split=split)
        ours = sorted(shards[number]["source_ids"].tolist() for number in range(len(shards)))
        assert sorted(row["source_ids"] for row in loaded[split]) == ours


def test_a_run_with_nothing_but_pairs_learns_its_vocabulary_from_them(tmp_path):
    config = write_config(tmp_path, documents=False)
    assert call("run", config, "-q").exit_code == 0
    facts = read_manifest(tmp_path / "work/vocab/manifest.json")["parts"][0]["facts"]
    assert set(facts["sample"]) == {"de", "en", "ru"}
    assert all(of_language["drawn"] > 1000 for of_language in facts["sample"].values())
    assert babelmill.open(tmp_path / "work").kind == "pairs"
    again = call("run", config, "--json")
    assert all(event["tasks"] == 0 for event in events(again) if event["event"] == "start")


def test_parts_that_are_there_are_not_written_again(finished_pairs, tmp_path):
    shutil.copytree(finished_pairs, tmp_path / "copy")
    work = tmp_path / "copy/work"
    (work / ".babelmill/journal/download/pairs/News/de-en.json").unlink()
    last = sorted((work / "raw/pairs/News/de-en").glob("*.arrow"))[-1]
    last.unlink()
    before = {path: path.stat().st_mtime_ns for path in work.glob("raw/**/*.arrow")}
    result = call("run", tmp_path / "copy/corpus.yaml", "--json")
    assert result.exit_code == 0, result.output
    assert {path: path.stat().st_mtime_ns for path in before} == before and last.exists()
    assert hashes(work, *FOLDERS[1:]) == hashes(finished_pairs / "work", *FOLDERS[1:])


def test_moving_a_threshold_of_dedup_measures_nothing_again(finished_pairs, tmp_path):
    shutil.copytree(finished_pairs, tmp_path / "copy")
    result = call("run", tmp_path / "copy/corpus.yaml", "--json", "--set", "pairs.dedup.threshold=0.7")
    tasks = {event["stage"]: event["tasks"] for event in events(result) if event["event"] == "start"}
    assert result.exit_code == 0 and tasks["download"] == tasks["clean"] == tasks["filter"] == 0
    parts = len(list((tmp_path / "copy/work/clean/pairs").glob("**/*.arrow")))
    assert tasks["dedup"] == parts > 0


def test_inspect_shows_both_sides(finished_pairs):
    work = finished_pairs / "work"
    shown = call("inspect", work / "shards/pairs/train/de-en", "-n", "1", "--json")
    row = json.loads(shown.stdout)
    assert len(row["source"]) > 3 and len(row["target"]) > 3
    rejected = call("inspect", work / "rejects/filter", "--reason", "empty", "--json")
    assert {json.loads(line)["target"] for line in rejected.stdout.splitlines()} == {"Nothing"}


def test_the_example_reads_them(finished_pairs):
    repository = Path(__file__).parents[2]
    example = repository / "examples/read_pairs.py"
    done = subprocess.run(
        [sys.executable, example, finished_pairs / "work"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(repository)},
    )
    assert "de-en input_ids: (4, " in done.stdout and "CAMLM attention: (4, " in done.stdout
