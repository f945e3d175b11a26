"""Whole runs with test sets: what holds their text is gone, and a changed test set does again what it concerns."""

import json
import shutil

import pytest
from small_pairs import aligned, rows, write_config
from small_run import call, documents, events

from babelmill.format import read_manifest
from pipelines.config_file import ConfigError, load

SETS = """\
decontaminate:
  - {name: mine, format: lines, location: sets/test.de, language: de}
  - {name: others, format: tsv, location: sets/ja.tsv, languages: [en, ja], drop: paragraph}
"""
GERMAN = [documents("de")[3].split("\n")[1], aligned(("de", "en"))[41][0]]
JAPANESE = documents("ja")[4].split("\n")[1]


def write_run(folder, *, more=""):
    (folder / "sets").mkdir(parents=True)
    (folder / "sets/test.de").write_text(f"{GERMAN[0].upper()}\n\n{GERMAN[1]}\n")
    (folder / "sets/ja.tsv").write_text(f"nothing that is anywhere\t{JAPANESE}\n")
    return write_config(folder, more=SETS + more)


@pytest.fixture(scope="module")
def decontaminated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("decontaminated")
    result = call("run", write_run(folder), "--json", "--", "--direct_num_workers=2")
    assert result.exit_code == 0, result.output
    return folder, events(result)[-1]


def tasks_of(result):
    return {event["stage"]: event["tasks"] for event in events(result) if event["event"] == "start"}


def dropped(work, stage, language):
    return read_manifest(work / stage / "manifest.json")["ledger"][language]["dropped"].get("test_set", 0)


def test_what_holds_an_item_is_gone_and_listed(decontaminated):
    work = decontaminated[0] / "work"
    found = rows(work / "rejects/test_sets/documents")
    assert {(row["document"], row["line"]) for row in found if row["text"] == GERMAN[0]} == {(3, 0)}
    rejected = [row for row in rows(work / "rejects/clean") if row["reason"] == "test_set"]
    assert {row["document"] for row in rejected} == {row["document"] for row in found}
    assert dropped(work, "clean", "de") == len(rejected) > 0
    of_pairs = rows(work / "rejects/test_sets/pairs")
    assert {row["column"] for row in of_pairs} == {"source"} and GERMAN[1] in {row["text"] for row in of_pairs}
    rejected = [row for row in rows(work / "rejects/filter") if row["reason"] == "test_set"]
    assert dropped(work, "filter", "de-en") == len(rejected) >= 2
    assert {row["source"] for row in rejected} <= {row["text"] for row in of_pairs}
    assert call("verify", decontaminated[0] / "corpus.yaml").exit_code == 0


def test_a_paragraph_goes_alone(decontaminated):
    work = decontaminated[0] / "work"
    [cut] = rows(work / "rejects/test_sets/paragraphs")
    assert (cut["document"], cut["text"], cut["test_set"]) == (4, JAPANESE, "others")
    texts = {row["document"]: row["text"] for row in rows(work / "clean/udhr/ja")}
    whole = documents("ja")[4].split("\n")
    assert texts[4].split("\n") == [" ".join(line.split()) for line in whole if line != JAPANESE]
    assert dropped(work, "clean", "ja") == 0


def test_the_summary_says_how_much_of_each_test_set_occurs(decontaminated):
    folder, event = decontaminated
    told = json.loads((folder / "work/rejects/test_sets/summary.json").read_text())["test_sets"]
    assert event["test_sets"] == told
    assert (told["mine"]["found"], told["mine"]["lines"]) == (2, 2)
    assert (told["others"]["found"], told["others"]["texts"]) == (1, 1)
    assert told["others"]["first"] == {"part": "udhr/ja/part-00000", "row": 4, "file": "ja.tsv", "line": 0}
    result = call("run", folder / "corpus.yaml", "-q")
    assert (
        "test set others: 1 of 1 lines found in 1 texts, the first (ja.tsv, line 0) in udhr/ja/part-00000#4"
        in result.stdout
    )


def test_inspect_shows_the_lists(decontaminated):
    shown = call("inspect", decontaminated[0] / "work/rejects/test_sets/paragraphs", "--json")
    row = json.loads(shown.stdout)
    assert (row["test_set"], row["file"], row["line"], row["text"]) == ("others", "ja.tsv", 0, JAPANESE)


@pytest.fixture
def copy(decontaminated, tmp_path):
    shutil.copytree(decontaminated[0], tmp_path / "copy")
    return tmp_path / "copy"


def test_nothing_is_done_again_where_nothing_changed(copy):
    assert not any(tasks_of(call("run", copy / "corpus.yaml", "--json")).values())


def test_a_changed_test_set_judges_its_language_again_and_measures_nothing(copy):
    before = {path: path.stat().st_mtime_ns for path in (copy / "work/signatures").glob("**/*.arrow")}
    (copy / "sets/test.de").write_text("something else that is nowhere to be found\n")
    result = call("run", copy / "corpus.yaml", "--json")
    tasks, work = tasks_of(result), copy / "work"
    parts = {code: len(list((work / "clean/udhr" / code).iterdir())) for code in ("de", "ja")}
    assert tasks["clean"] == parts["de"] and parts["ja"] > 0
    assert tasks["filter"] == len(list((work / "filter/pairs").glob("*/de-en/*.arrow")))
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert dropped(work, "clean", "de") == dropped(work, "filter", "de-en") == 0
    assert rows(work / "rejects/test_sets/documents") == rows(work / "rejects/test_sets/pairs") == []
    assert events(result)[-1]["test_sets"]["mine"] == {"lines": 1, "found": 0, "texts": 0, "first": None}


def test_a_changed_threshold_keeps_the_list_of_what_was_cut(copy):
    result = call("run", copy / "corpus.yaml", "--json", "--set", "clean.characters.min=11")
    assert result.exit_code == 0 and tasks_of(result)["clean"] > 0
    assert len(rows(copy / "work/rejects/test_sets/paragraphs")) == 1


def test_a_document_of_which_nothing_stays_goes_as_well(copy):
    (copy / "sets/ja.tsv").write_text("".join(f"x\t{line}\n" for line in documents("ja")[4].split("\n")))
    assert call("run", copy / "corpus.yaml", "-q").exit_code == 0
    [row] = [row for row in rows(copy / "work/rejects/clean/udhr/ja") if row["reason"] == "test_set"]
    assert (row["document"], row["text"], row["value"]) == (4, "", len(documents("ja")[4].split("\n")))
    assert dropped(copy / "work", "clean", "ja") == 1


def test_without_test_sets_the_lists_are_gone(copy):
    config = copy / "corpus.yaml"
    config.write_text(config.read_text().replace(SETS, ""))
    assert call("run", config, "-q").exit_code == 0
    assert not [path for path in (copy / "work/rejects/test_sets").glob("**/*") if path.is_file()]
    texts = {row["document"]: row["text"] for row in rows(copy / "work/clean/udhr/ja")}
    assert JAPANESE in texts[4].split("\n")


def test_a_test_set_that_cannot_be_used_ends_the_run_before_it_begins(tmp_path):
    config = write_run(tmp_path)
    (tmp_path / "sets/ja.tsv").write_text("only one column\n")
    result = call("run", config)
    assert result.exit_code == 2 and "decontaminate.1: " in result.output
    assert "ja.tsv, line 1: found 1 columns ('only one column'), expected 2 or more" in result.output
    assert not (tmp_path / "work/raw").exists()


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("format: lines, columns: [1]", "decontaminate.0.columns: found it beside `format: lines`, which has no use"),
        ("format: flores, language: de", "decontaminate.0.language: found it beside `format: flores`"),
        ("format: tsv, language: de, languages: [de]", "decontaminate.0.language: found it beside `languages`"),
        ("format: tsv, columns: [0, 1], languages: [de]", "decontaminate.0.columns: found 2 columns and 1 languages"),
        ("format: csv", "decontaminate.0.format: found 'csv', expected flores or xnli or tatoeba or tsv"),
        ("format: lines, drop: line", "decontaminate.0.drop: found 'line', expected document or paragraph"),
    ],
)
def test_what_a_test_set_may_say(tmp_path, keys, message):
    path = write_config(tmp_path, more="decontaminate:\n  - {name: a, location: x, " + keys + "}\n")
    with pytest.raises(ConfigError, match=message.replace("[", r"\[")):
        load(path)


def test_test_sets_have_names_of_their_own_and_paths_beside_the_file(tmp_path):
    item = "  - {name: a, location: sets/x, format: lines}\n"
    config = load(write_config(tmp_path / "one", more="decontaminate:\n" + item))
    assert config.decontaminate[0].location == str(tmp_path / "one/sets/x")
    with pytest.raises(ConfigError, match=r"decontaminate\.1\.name: found 'a' a second time"):
        load(write_config(tmp_path / "two", more="decontaminate:\n" + item * 2))
