import dataclasses
import json

import pytest

from benchmarks import table
from benchmarks.figures import Figure, Report
from benchmarks.table import BEGIN, END, README, REMARKS, render, reports, sections

FIGURES = [
    Figure(name="fast", what="how fast", unit="MB/s", ours=[10.0], peer="slow 1.0", theirs=[2.0], at_least=4),
    Figure(name="late", what="how late", unit="s", ours=[3.0, 4.0, 5.0], at_most=2),
    Figure(name="same", what="what differs", text="0 of 7"),
]


def report(benchmark="speed", figures=FIGURES):
    return Report(
        benchmark=benchmark,
        arguments="CORPORA",
        date="2026-11-22",
        machine={"processor": "abacus", "cores": 2, "memory_gb": 1, "system": "Linux 6"},
        versions={"python": "3.11"},
        inputs={},
        figures=figures,
        details={},
    )


def test_the_readme_says_what_the_results_say():
    _, figures, _ = sections(README.read_text(encoding="utf-8"))
    assert figures == render(reports(), json.loads(REMARKS.read_text(encoding="utf-8")))


def test_a_row_for_each_figure():
    text = render([report()], {"speed/late": "the train"})
    assert (
        "| how fast | 10 MB/s | slow 1.0: 2 MB/s | 5 (at least 4 times) | `python -m benchmarks.speed CORPORA` |"
        in text
    )
    assert "| what differs | 0 of 7 |  |  | the same |" in text


def test_what_was_missed_stands_below_with_its_reason():
    text = render([report()], {"speed/late": "the train"})
    assert text.endswith("- how late, at most 2 s: the train\n")
    assert "| how late | **4 (3 to 5) s** (at most 2 s) |  |  |" in text


def test_what_was_missed_needs_a_reason_and_nothing_else_has_one():
    with pytest.raises(ValueError, match="speed/late"):
        render([report()], {})
    with pytest.raises(ValueError, match="speed/fast"):
        render([report()], {"speed/late": "the train", "speed/fast": "why?"})


def test_no_results_give_no_section():
    assert render([], {}) == ""


def test_machines_and_dates_are_named_once():
    later = dataclasses.replace(report("other", FIGURES[:1]), date="2026-11-23")
    text = render([report(), later], {"speed/late": "the train"})
    assert text.count("abacus, 2 cores, 1 GB, Linux 6, Python 3.11") == 1
    assert "2026-11-22 to 2026-11-23" in text


def test_the_readme_is_written_between_its_markers(tmp_path, monkeypatch):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}old\n{END}\nafter\n")
    monkeypatch.setattr(table, "README", readme)
    monkeypatch.setattr(table, "reports", lambda: [report(figures=FIGURES[:1])])
    monkeypatch.setattr(table, "REMARKS", tmp_path / "remarks.json")
    (tmp_path / "remarks.json").write_text("{}")
    monkeypatch.setattr("sys.argv", ["table", "--check"])
    with pytest.raises(SystemExit, match="is not what benchmarks/results says"):
        table.main()
    monkeypatch.setattr("sys.argv", ["table"])
    table.main()
    text = readme.read_text()
    assert text.startswith(f"before\n{BEGIN}Measured on abacus") and text.endswith(f"|\n{END}\nafter\n")
    assert "old" not in text and "how fast" in text
    monkeypatch.setattr("sys.argv", ["table", "--check"])
    table.main()


def test_a_readme_without_markers_is_refused():
    with pytest.raises(ValueError, match="has no lines <!-- figures -->"):
        list(sections("nothing here"))
