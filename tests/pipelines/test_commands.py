"""Commands for people: what they print, what they give to machines, and how they exit."""

import json
import shutil
from unicodedata import normalize

import pyarrow as pa
import pytest
from processes import python
from small_run import LANGUAGES, call, documents, events, write_config

from babelmill.format import BACK, read_manifest
from pipelines.backtranslate import BacktranslationStage
from pipelines.cli import COMMANDS
from pipelines.config_file import load
from pipelines.stages import STAGES

SHORTER = ["--set", "clean.characters.min=300"]
"""A setting by which some documents of the sample are too short."""

DOCUMENT_STAGES = [
    stage for stage in STAGES if stage.name not in ("learn", "filter") and not issubclass(stage, BacktranslationStage)
]
"""Those of a run without pairs, in which nothing is translated."""


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of a finished run that may be changed: its folder."""
    return shutil.copytree(finished, tmp_path / "copy")


def lines(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_help_lists_every_command_and_is_quick():
    code = (
        "import sys; from pipelines.cli import babelmill; babelmill(standalone_mode=False); print(sorted(sys.modules))"
    )
    said = python(code, "--help").communicate()[0]
    for name, (_, text) in COMMANDS.items():
        assert f"  {name} " in said and text in said
    assert "Exit codes: 0 all is well" in said
    assert "'click'" in said and not any(
        f"'{slow}'" in said for slow in ("apache_beam", "numba", "pyarrow", "pydantic")
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name):
    result = call(name, "--help")
    assert result.exit_code == 0 and result.stdout.startswith(f"Usage: babelmill {name} ")


def test_init_writes_a_configuration_and_never_over_one(tmp_path):
    path = tmp_path / "new/corpus.yaml"
    result = call("init", path.parent)
    assert result.exit_code == 0 and f"babelmill run {path}" in result.stdout
    assert load(path).corpora[0].format == "cc100"
    path.write_text("mine")
    result = call("init", path.parent)
    assert result.exit_code == 2 and f"{path} exists already; remove it, or name another folder" in result.stderr
    assert path.read_text() == "mine"


def test_init_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    result = call("init", tmp_path / "file/folder")
    assert result.exit_code == 5
    assert result.stderr.startswith(f"babelmill: cannot write {tmp_path}/file/folder/corpus.yaml: Not a directory")


@pytest.mark.parametrize("command", ["run", "clean", "status", "verify"])
def test_a_configuration_that_is_wrong_is_refused_before_any_work(tmp_path, command):
    config = write_config(tmp_path, more="dedup: {treshold: 0.9}\n")
    result = call(command, config, "--set", "shards.tokens=0")
    assert result.exit_code == 2
    said = result.stderr.splitlines()
    assert len(said) == 2
    assert f"{config}:8: dedup.treshold: unknown key; did you mean 'threshold'?" in said[0]
    assert said[1].startswith("--set shards.tokens: found 0, expected ")
    assert not (tmp_path / "work").exists()


def test_a_stage_whose_input_is_missing_says_what_to_run(tmp_path):
    result = call("clean", write_config(tmp_path))
    assert result.exit_code == 2
    assert (
        result.stderr
        == f"babelmill: {tmp_path}/work/raw/manifest.json does not exist: run `babelmill download` first\n"
    )


def test_stages_one_by_one_make_what_run_makes(finished, tmp_path):
    config = write_config(tmp_path, languages=["de"])
    for command, folder in (("download", "raw"), ("clean", "clean"), ("dedup", "dedup")):
        assert call(command, config, "-q").exit_code == 0
        for path in (tmp_path / "work" / folder / "udhr/de").glob("*.arrow"):
            assert path.read_bytes() == (finished / "work" / path.relative_to(tmp_path / "work")).read_bytes()


def test_run_for_machines(finished):
    result = call("run", finished / "corpus.yaml", "--json")
    assert result.exit_code == 0 and result.stderr == ""
    *progress, summary = lines(result)
    expected = [(kind, stage.name) for stage in DOCUMENT_STAGES for kind in ("start", "end")]
    assert [(event["event"], event["stage"]) for event in progress] == expected
    *rows, total = summary["rows"]
    assert [row["language"] for row in rows] == sorted(LANGUAGES) and total["language"] == "all"
    for name in ("documents", "kept", "tokens", "bytes"):
        assert total[name] == sum(row[name] for row in rows) > 0


def test_the_summary_counts_what_was_dropped_by_reason(copy):
    result = call("clean", copy / "corpus.yaml", "--json", *SHORTER)
    summary = lines(result)[-1]
    german = next(row for row in summary["rows"] if row["language"] == "de")
    short = sum(len(text) < 300 for text in documents("de"))
    assert german["dropped"] == {"too_short": short} and short > 5
    assert summary["ledgers"]["clean"] == read_manifest(copy / "work/clean/manifest.json")["ledger"]


def test_run_for_people(copy):
    result = call("clean", copy / "corpus.yaml", "-v", *SHORTER)
    assert result.exit_code == 0
    parts = sorted(
        path.relative_to(copy / "work/clean").with_suffix("") for path in copy.glob("work/clean/*/*/*.arrow")
    )
    said = result.stderr.splitlines()
    assert said[: len(parts)] == [f"clean      {part}: parameters changed" for part in parts]
    assert said[len(parts)].startswith(f"clean      {len(parts)} parts in ")
    heading, *table, last = result.stdout.splitlines()
    assert heading.split() == ["language", "documents", "kept", "too", "short", "MB", "kept", "tokens"]
    assert [row.split()[0] for row in table] == [*LANGUAGES, "all"]
    assert last.endswith(f"{copy}/work")


def test_a_run_with_nothing_to_do_says_so(finished):
    result = call("run", finished / "corpus.yaml", "-q")
    assert result.exit_code == 0 and result.stderr == ""
    assert result.stdout.splitlines()[-1] == f"Nothing to do: {finished}/work is up to date."


def test_status_before_any_run(tmp_path):
    result = call("status", write_config(tmp_path), "--json")
    assert result.exit_code == 0
    first, *others = json.loads(result.stdout)
    assert (first["stage"], first["state"], first["todo"]) == ("download", "to do", len(LANGUAGES))
    assert first["because"] == {"new": len(LANGUAGES)}
    assert {stage["state"] for stage in others} == {"waiting"}
    assert not (tmp_path / "work").exists()


def test_status_of_a_finished_run(finished):
    found = json.loads(call("status", finished / "corpus.yaml", "--json").stdout)
    assert [stage["stage"] for stage in found] == [stage.name for stage in DOCUMENT_STAGES]
    assert all((stage["state"], stage["todo"]) == ("done", 0) for stage in found)
    assert all(stage["done"] for stage in found)
    download = found[0]
    assert download["documents"] == sum(len(documents(code)) for code in LANGUAGES)
    assert download["bytes"] == sum(path.stat().st_size for path in finished.glob("work/raw/**/*.arrow"))


def test_status_says_why_parts_will_be_done_again(copy):
    config = copy / "corpus.yaml"
    names = {
        path.relative_to(copy / "work/clean").with_suffix("").as_posix() for path in copy.glob("work/clean/*/*/*.arrow")
    }
    result = call("status", config, *SHORTER)
    reasons = [line for line in result.stdout.splitlines() if line.startswith("clean: ")]
    assert len(reasons) == 6 and reasons[-1] == f"clean: … and {len(names) - 5} more (-v names them)"
    result = call("status", config, "-v", *SHORTER)
    assert {f"clean: {name}: parameters changed" for name in names} <= set(result.stdout.splitlines())
    (copy / "work/clean/udhr/ja/part-00000.arrow").unlink()
    result = call("status", config)
    assert "clean: udhr/ja/part-00000: clean/udhr/ja/part-00000.arrow is missing or has another size" in result.stdout


def test_inspect_decodes_shards(finished):
    shards = finished / "work/shards/documents/train"
    shown = lines(call("inspect", shards, "--language", "th", "-n", 100, "--full", "--json"))
    assert {row["text"] for row in shown} <= {" ".join(normalize("NFKC", text).split()) for text in documents("th")}
    assert {row["language"] for row in shown} == {"th"} and all(row["file"].startswith(str(shards)) for row in shown)
    assert len(shown) == read_manifest(finished / "work/shards/manifest.json")["ledger"]["th"]["documents"] - 2
    assert lines(call("inspect", shards / "th", "-n", 3, "--skip", 4, "--full", "--json")) == shown[4:7]


def test_inspect_shows_rejects_by_reason(copy):
    assert call("clean", copy / "corpus.yaml", "-q", *SHORTER).exit_code == 0
    rejects = copy / "work/rejects/clean/udhr/de"
    shown = lines(call("inspect", rejects, "--reason", "too_short", "-n", 100, "--full", "--json"))
    assert [row["text"] for row in shown] == [text for text in documents("de") if len(text) < 300]
    assert all(row["value"] == len(row["text"]) for row in shown)
    nothing = call("inspect", rejects, "--reason", "script")
    assert nothing.exit_code == 0 and nothing.stderr == "No rows match.\n"


def test_inspect_for_people(finished):
    path = finished / "work/raw/udhr/de/part-00000.arrow"
    result = call("inspect", path, "-n", 1)
    assert result.exit_code == 0
    first = documents("de")[0]
    assert result.stdout == f"{path} row 0\n  document=0\n  " + first[:400].replace("\n", "\n  ") + (
        f"… ({len(first):,} characters)\n" if len(first) > 400 else "\n"
    )
    result = call("inspect", finished / "work/clean/manifest.json")
    assert json.loads(result.stdout) == read_manifest(finished / "work/clean/manifest.json")["ledger"]


def test_inspect_of_what_is_not_known(tmp_path):
    path, nan = tmp_path / "part-00000.arrow", float("nan")
    with pa.ipc.new_file(path, BACK) as writer:
        writer.write(pa.record_batch([pa.array([None, "Hi"]), pa.array([nan, 0.5], pa.float32())], schema=BACK))
    first, second = call("inspect", path, "--json").stdout.splitlines()
    assert '"text": null, "round_trip": null' in first and json.loads(second)["round_trip"] == 0.5
    assert "text=None  round_trip=None" in call("inspect", path).stdout


@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        ("corpus.yaml", 5, "is not an Arrow file"),
        ("work/nothing", 2, "does not exist"),
        (".", 2, "No rows match."),
    ],
)
def test_inspect_of_what_has_no_rows(tmp_path, path, code, said):
    write_config(tmp_path)
    result = call("inspect", tmp_path / path)
    assert result.exit_code == code and said in result.stderr


def test_verify_for_machines(finished):
    result = call("verify", finished / "corpus.yaml", "--json")
    assert result.exit_code == 0 and json.loads(result.stdout) == {"problems": []}


def test_verify_finds_documents_that_went_astray(copy):
    assert call("clean", copy / "corpus.yaml", "-q", *SHORTER).exit_code == 0
    result = call("verify", copy / "corpus.yaml", "--json", *SHORTER)
    assert result.exit_code == 4
    kept = read_manifest(copy / "work/clean/manifest.json")["ledger"]["de"]["kept"]
    expected = f"de: clean kept {kept} documents, dedup got {len(documents('de'))}: run `babelmill run` again"
    assert expected in json.loads(result.stdout)["problems"]


def test_events_are_told_as_they_happen(tmp_path):
    result = call("download", write_config(tmp_path), "--json")
    start, end = (
        event for event in events(result) if event.get("stage") == "download" and event["event"] != "progress"
    )
    assert (start["event"], start["tasks"], start["skipped"]) == ("start", len(LANGUAGES), 0)
    assert (end["event"], end["done"], end["failures"]) == ("end", len(LANGUAGES), {})
