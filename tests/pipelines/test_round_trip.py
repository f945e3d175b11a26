"""Whole runs that translate back: what agrees with the sentence stays, and nothing is translated twice."""

import shutil

import numpy as np
import pyarrow as pa
import pytest
from small_backtranslation import write_config
from small_pairs import rows
from small_run import call, events, hashes

from babelmill.format import read_manifest
from transforms.filters.chrf import chrf
from transforms.filters.points import decoded

KEY = "backtranslation.filters.round_trip"


def tasks_of(result):
    assert result.exit_code == 0, result.output
    return {event["stage"]: event["tasks"] for event in events(result) if event["event"] == "start"}


@pytest.fixture(scope="module", autouse=True)
def calls_of_others(translated):
    """Copies of a run have its program, which takes notes where the run is: other tests find them as they were."""
    notes = translated / "calls.txt"
    before = notes.read_bytes()
    yield
    notes.write_bytes(before)


@pytest.fixture(scope="module")
def there_and_back(translated, tmp_path_factory):
    """A finished run, run again with the way back; and how many tasks each stage had then."""
    folder = tmp_path_factory.mktemp("back") / "copy"
    shutil.copytree(translated, folder)
    return folder, tasks_of(call("run", folder / "corpus.yaml", "--json", "--set", f"{KEY}=0.25"))


def kept(work):
    return sum(counts["kept"] for counts in read_manifest(work / "sift/manifest.json")["ledger"].values())


def dropped(work):
    return [counts["dropped"] for counts in read_manifest(work / "sift/manifest.json")["ledger"].values()]


def test_what_agrees_with_the_sentence_stays(there_and_back, translated):
    folder, tasks = there_and_back
    assert tasks["translate"] == 0 and tasks["back"] == tasks["sift"] > 0
    pairs, back = rows(folder / "work/pseudo/udhr/es-en"), rows(folder / "work/back/pseudo/udhr/es-en")
    assert len(pairs) == len(back) == 60
    texts = [decoded(pa.array(side)) for side in ([row["text"] for row in back], [row["target"] for row in pairs])]
    agreement = chrf(*texts)
    assert [row["round_trip"] for row in back] == agreement.tolist()
    rejects = rows(folder / "work/rejects/sift/pseudo/udhr/es-en")
    values = [row["value"] for row in rejects if row["reason"] == "round_trip"]
    assert values and max(values) < 0.25 and set(values) <= set(agreement.tolist())
    gone = sum(reasons.get("round_trip", 0) for reasons in dropped(folder / "work"))
    assert kept(folder / "work") == kept(translated / "work") - gone
    assert call("verify", folder / "corpus.yaml", "--set", f"{KEY}=0.25").exit_code == 0


def test_another_threshold_translates_nothing(there_and_back, tmp_path):
    folder, _ = there_and_back
    shutil.copytree(folder, tmp_path / "copy")
    tasks = tasks_of(call("run", tmp_path / "copy/corpus.yaml", "--json", "--set", f"{KEY}=1"))
    assert tasks["translate"] == tasks["back"] == 0 < tasks["sift"]
    assert kept(tmp_path / "copy/work") == 0


def test_without_it_all_is_as_before(there_and_back, translated, tmp_path):
    folder, _ = there_and_back
    shutil.copytree(folder, tmp_path / "copy")
    tasks = tasks_of(call("run", tmp_path / "copy/corpus.yaml", "--json"))
    assert tasks["translate"] == tasks["back"] == 0
    assert not list((tmp_path / "copy/work/back").rglob("*.arrow"))
    assert hashes(tmp_path / "copy/work", "shards") == hashes(translated / "work", "shards")


def test_a_way_back_that_nobody_serves_is_named(translated, tmp_path):
    shutil.copytree(translated, tmp_path / "copy")
    one_way = "backtranslation.engines.0.pairs=[[de, en], [es, en]]"
    result = call("run", tmp_path / "copy/corpus.yaml", "-q", "--set", f"{KEY}=0.2", "--set", one_way)
    assert result.exit_code == 3
    assert "`filters.round_trip` is asked for, but no engine translates from en to de" in result.stderr


def test_an_engine_that_fails_on_the_way_back_rejects_nothing(tmp_path):
    """The program dies at a word that only it says, so on the way back alone."""
    config = write_config(tmp_path, "die:peace")
    settings = ["--set", f"{KEY}=0.01", "--set", "backtranslation.per_language=12"]
    result = call("run", config, *settings)
    assert result.exit_code == 0, result.output
    back = [row["round_trip"] for code in ("de", "es") for row in rows(tmp_path / f"work/back/pseudo/udhr/{code}-en")]
    failed = np.isnan(np.array(back, float))
    assert 0 < failed.sum() < len(back) == 24
    assert not any("round_trip" in reasons for reasons in dropped(tmp_path / "work"))
    ledger = read_manifest(tmp_path / "work/back/manifest.json")["ledger"]
    assert sum(counts["dropped"].get("engine_failed", 0) for counts in ledger.values()) == failed.sum()
    assert call("verify", config, *settings).exit_code == 0
    assert "note: back pseudo/udhr/" in result.stderr
