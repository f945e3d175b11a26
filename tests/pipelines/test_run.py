"""Whole runs: the same bytes whatever the workers and the order, and nothing done twice."""

import json
import lzma
import shutil

import datasets
import pyarrow as pa
import sentencepiece
from small_run import LANGUAGES, call, copy_sample, documents, events, hashes, write_config

import babelmill
from babelmill.format import read_manifest


def test_the_same_bytes_with_one_worker_and_the_languages_in_another_order(finished, tmp_path):
    config = write_config(tmp_path, languages=reversed(LANGUAGES))
    assert call("run", config, "-q", "--", "--direct_num_workers=1").exit_code == 0
    assert hashes(tmp_path / "work") == hashes(finished / "work")


def test_ledgers_balance_and_files_verify(finished):
    result = call("verify", finished / "corpus.yaml")
    assert result.exit_code == 0 and "every ledger balances" in result.stdout
    ledger = read_manifest(finished / "work/raw/manifest.json")["ledger"]
    assert {code: ledger[code]["documents"] for code in LANGUAGES} == {code: len(documents(code)) for code in LANGUAGES}


def test_shards_decode_to_the_cleaned_text(finished):
    work = finished / "work"
    processor = sentencepiece.SentencePieceProcessor(model_file=str(work / "vocab/spm.model"))
    clean = {}
    for path in work.glob("clean/udhr/*/*.arrow"):
        for row in pa.ipc.open_file(pa.memory_map(str(path))).read_all().to_pylist():
            clean[path.parent.name, row["document"]] = row["text"]
    seen = 0
    for split in ("train", "validation"):
        shards = babelmill.open(work / "shards", split=split)
        for number in range(len(shards)):
            row = shards[number]
            text = clean[row["language"], row["document"]]
            assert row["input_ids"].tolist() == processor.encode(text)
            assert processor.decode(row["input_ids"].tolist()) == processor.normalize(text).replace("▁", " ").strip()
            seen += 1
    ledger = read_manifest(work / "dedup/manifest.json")["ledger"]
    assert seen == sum(counts["kept"] for counts in ledger.values()) > 60


def test_shards_keep_to_their_bound_and_hold_out_documents(finished):
    manifest = read_manifest(finished / "work/shards/manifest.json")
    for part in manifest["parts"]:
        (ledger,) = part["ledger"].values()
        assert ledger["tokens"] <= 2000 or ledger["documents"] == 1
    held = {part["name"].split("/")[2] for part in manifest["parts"] if "/validation/" in part["name"]}
    assert held == set(LANGUAGES)


def test_a_second_run_has_nothing_to_do(finished):
    before = hashes(finished / "work")
    result = call("run", finished / "corpus.yaml", "--json")
    assert result.exit_code == 0
    assert all(event["tasks"] == 0 for event in events(result) if event["event"] == "start")
    assert hashes(finished / "work") == before


def rerun(finished, tmp_path, *settings):
    """Copy a finished run, run it again with other settings; returns the tasks of each stage and the copy's folder."""
    shutil.copytree(finished, tmp_path / "copy")
    config = tmp_path / "copy/corpus.yaml"
    result = call("run", config, "--json", *settings)
    assert result.exit_code == 0, result.output
    tasks = {event["stage"]: event["tasks"] for event in events(result) if event["event"] == "start"}
    return tasks, tmp_path / "copy/work"


def test_moving_a_threshold_measures_nothing_again(finished, tmp_path):
    measured = {path: path.stat().st_mtime_ns for path in (finished / "work/clean").glob("**/*.arrow")}
    tasks, work = rerun(finished, tmp_path, "--set", "clean.characters.min=400")
    assert tasks["download"] == 0 and tasks["clean"] > 0
    copied = {path: path.stat().st_mtime_ns for path in (work / "clean").glob("**/*.arrow")}
    assert sorted(copied.values()) == sorted(measured.values())
    assert read_manifest(work / "clean/manifest.json")["ledger"]["de"]["dropped"]["too_short"] > 0


def test_adding_a_language_redoes_what_it_must(finished, tmp_path):
    parts = len(list((finished / "work/raw").glob("**/*.arrow")))
    model = finished / "work/vocab/spm.model"
    settings = ["--set", f"vocabulary={{model_file: {model}}}"]
    shutil.copytree(finished, tmp_path / "before")
    assert call("run", tmp_path / "before/corpus.yaml", "-q", *settings).exit_code == 0
    more = [*settings, "--set", f"corpora.0.languages=[{', '.join([*LANGUAGES, 'hi'])}]"]
    tasks, work = rerun(tmp_path / "before", tmp_path, *more)
    hindi = len(list((work / "raw/udhr/hi").glob("*.arrow")))
    assert 0 < hindi < parts
    assert tasks["download"] == 1 and tasks["order"] == 1 and tasks["sample"] == 0
    fertility = json.loads((work / "vocab/fertility.json").read_text())
    assert sorted(fertility) == sorted([*LANGUAGES, "hi"]) and fertility["hi"]["documents"] > 0
    assert tasks["clean"] == tasks["dedup"] == tasks["tokens"] == hindi


def test_removing_a_language_removes_its_files(finished, tmp_path):
    _, work = rerun(finished, tmp_path, "--set", "corpora.0.languages=[de, ja, ru]")
    assert not list(work.glob("*/udhr/th/*.arrow")) and not list(work.glob("shards/documents/*/th/*.arrow"))
    assert list(work.glob("shards/documents/train/de/*.arrow"))


def test_datasets_and_babelmill_give_the_same_rows(finished, tmp_path):
    loaded = datasets.load_dataset(str(finished / "work/shards/documents"), cache_dir=str(tmp_path))
    for split in ("train", "validation"):
        shards = babelmill.open(finished / "work/shards", split=split)
        ours = sorted(
            (row["language"], row["document"], row["input_ids"].tolist())
            for row in map(shards.__getitem__, range(len(shards)))
        )
        theirs = sorted((row["language"], row["document"], row["input_ids"]) for row in loaded[split])
        assert ours == theirs


def test_duplicates_are_found_and_the_longest_stays(tmp_path):
    folder = copy_sample(tmp_path / "cc-100", ["de"])
    texts = documents("de")
    longer = texts[5] + " Wort"
    (folder / "de.txt.xz").write_bytes(lzma.compress("\n\n".join([*texts, texts[3], longer]).encode()))
    config = write_config(tmp_path, location=folder, languages=["de"])
    result = call("run", config, "--json", "--set", "clean.language_id=false", "--set", "vocabulary.size=700")
    assert result.exit_code == 0, result.output
    (row,) = [row for row in events(result)[-1]["rows"] if row["language"] == "de"]
    assert row["dropped"] == {"exact_duplicate": 1, "near_duplicate": 1}
    result = call("inspect", tmp_path / "work/dedup/udhr/de", "--json")
    removed = {json.loads(line)["reason"]: json.loads(line) for line in result.stdout.splitlines()}
    assert removed["near_duplicate"]["survivor"].startswith("udhr/de/part-")
