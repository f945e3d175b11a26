"""Whole runs with back-translation, by a program that is made here."""

import shutil
from collections import Counter

import pytest
from small_backtranslation import RESULTS, write_config
from small_pairs import rows
from small_run import call, events, hashes

import babelmill
from babelmill.format import read_manifest

SPOKEN = {"de-en": "source", "es-en": "target"}
"""Folders of pseudo pairs, and the side that people wrote."""


def ledger(work, stage, folder=None):
    return read_manifest(work / (folder or stage) / "manifest.json")["ledger"]


def test_every_sentence_is_accounted_for(translated):
    work = translated / "work"
    assert call("verify", translated / "corpus.yaml").exit_code == 0
    assert {name: counts["kept"] for name, counts in ledger(work, "draw", "sentences/drawn").items()} == {
        "de": 60,
        "es": 60,
    }
    asked = Counter((translated / "calls.txt").read_text().splitlines())
    # Each sentence once, however often it is said.
    texts = {pair: {row[side] for row in rows(work / "pseudo/udhr" / pair)} for pair, side in SPOKEN.items()}
    assert asked == Counter(text for said in texts.values() for text in said)
    pseudo, sifted = ledger(work, "pseudo"), ledger(work, "sift")
    assert {name: counts["documents"] for name, counts in pseudo.items()} == {"de-en": 60, "en-es": 60}
    assert sum(counts["kept"] for counts in sifted.values()) > 30


def test_rows_say_who_made_which_side_of_which_sentence(translated):
    work = translated / "work"
    texts = {(row["document"], row["sentence"]): row["text"] for row in rows(work / "sentences/udhr/es")}
    pairs = rows(work / "pseudo/udhr/es-en")
    assert all(row["target"] == texts[row["document"], row["sentence"]] for row in pairs) and len(pairs) == 60
    shards = babelmill.open(work, kind="pseudo")
    assert shards.languages == ["de-en", "en-es"]
    for row in (shards[number] for number in range(len(shards))):
        english = row["source_language"] == "en"
        assert row["synthetic"] == ("source" if english else "target") and row["origin"] == "command"
    batch = next(shards.iterate(seed=1, batch_size=8))
    assert batch.sentences.dtype == "int32" and set(batch.synthetic.tolist()) <= {"source", "target"}


def test_the_same_bytes_with_one_worker_and_no_call_for_what_is_there(translated, tmp_path):
    config = write_config(tmp_path)
    assert call("run", config, "-q", "--", "--direct_num_workers=1").exit_code == 0
    manifests = {"raw/manifest.json"}
    ours, theirs = (hashes(folder / "work", *RESULTS) for folder in (tmp_path, translated))
    # The engine's tag names its command, and so the folder in which it takes notes.
    assert {name: sha for name, sha in ours.items() if name.endswith(".arrow")} == {
        name: sha for name, sha in theirs.items() if name.endswith(".arrow")
    }
    assert manifests <= ours.keys()
    calls = (tmp_path / "calls.txt").read_bytes()
    again = call("run", config, "--json", "--set", "backtranslation.filters.worst=0.2", "--set", "shards.tokens=2000")
    tasks = {event["stage"]: event["tasks"] for event in events(again) if event["event"] == "start"}
    assert tasks["translate"] == 0 < tasks["shards"] and (tmp_path / "calls.txt").read_bytes() == calls


@pytest.mark.parametrize("kind", ["die", pytest.param("hang", marks=pytest.mark.slow), "lose"])
def test_an_engine_that_fails_loses_the_sentence_at_which_it_does(kind, tmp_path):
    settings = ["--set", "backtranslation.per_language=12", "--set", "backtranslation.engines.0.timeout=1"]
    plain = write_config(tmp_path / "plain")
    assert call("backtranslate", plain, "-q").exit_code == 2
    for stage in ("download", "clean", "dedup"):
        assert call(stage, plain, "-q").exit_code == 0
    assert call("backtranslate", plain, "-q", *settings).exit_code == 0
    drawn = [row["source"] for row in rows(tmp_path / "plain/work/pseudo/udhr/de-en")]
    fault = max(drawn[3].split(), key=len)
    hit = [text for text in drawn if fault in text]

    config = write_config(tmp_path / kind, f"{kind}:{fault}")
    for stage in ("download", "clean", "dedup"):
        assert call(stage, config, "-q").exit_code == 0
    result = call("backtranslate", config, *settings)
    assert result.exit_code == 0, result.output
    work = tmp_path / kind / "work"
    lost = rows(work / "rejects/translate/pseudo/udhr/de-en")
    assert sorted(row["text"] for row in lost) == sorted(hit)
    assert {row["reason"] for row in lost} == {"engine_failed"} and all(row["message"] for row in lost)
    assert ledger(work, "pseudo")["de-en"]["dropped"] == {"engine_failed": len(hit)}
    assert len(rows(work / "pseudo/udhr/de-en")) == 12 - len(hit)
    assert "note: translate pseudo/udhr/de-en/part-00000: " in result.stderr and "rejected" in result.stderr


def test_a_pair_that_nobody_serves_is_named(tmp_path):
    config = write_config(tmp_path, more="")
    lexical = "backtranslation.engines=[{name: lexical}]"
    for stage in ("download", "clean", "dedup"):
        assert call(stage, config, "-q").exit_code == 0
    result = call("backtranslate", config, "--set", lexical)
    assert result.exit_code == 3
    assert "no engine translates from de to en, asked were lexical" in result.stderr


def test_machine_made_text_is_marked(translated, tmp_path):
    shutil.copytree(translated, tmp_path / "copy")
    config = tmp_path / "copy/corpus.yaml"
    result = call("run", config, "--json", "--set", "backtranslation.mark=<BT>")
    tasks = {event["stage"]: event["tasks"] for event in events(result) if event["event"] == "start"}
    assert result.exit_code == 0 and tasks["translate"] == 0 < tasks["tokens"]
    pieces = (tmp_path / "copy/work/vocab/spm.vocab").read_text().splitlines()
    mark = [line.split("\t")[0] for line in pieces].index("<BT>")
    shards = babelmill.open(tmp_path / "copy/work", kind="pseudo")
    for row in (shards[number] for number in range(len(shards))):
        made, other = ("source_ids", "target_ids") if row["synthetic"] == "source" else ("target_ids", "source_ids")
        assert mark in row[made][:2].tolist() and mark not in row[other].tolist()
