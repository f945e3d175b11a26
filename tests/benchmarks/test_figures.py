import dataclasses

import pytest

from benchmarks.figures import Figure, Report, Spread, amount, read, write

REPORT = Report(
    benchmark="speed",
    arguments="CORPORA",
    date="2026-11-22",
    machine={"processor": "abacus", "cores": 2, "memory_gb": 1, "system": "Linux 6"},
    versions={"python": "3.11"},
    inputs={"MB": 1},
    figures=[Figure(name="fast", what="how fast", unit="MB/s", ours=[1.0, 2.0], peer="slow", theirs=[0.5, 0.5])],
    details={},
)


def test_the_spread_of_measurements():
    assert Spread.of([3, 1, 2, 10]) == (2.5, 1, 10)
    assert Spread.of([4]) == (4, 4, 4)


def test_a_ratio_is_taken_round_by_round():
    figure = Figure(name="x", what="x", unit="MB/s", ours=[10, 30, 20], peer="p", theirs=[10, 10, 4])
    assert figure.ratio == (3, 1, 5)  # the ratio of the medians would be 2


def test_of_seconds_and_bytes_less_is_better():
    assert Figure(name="x", what="x", unit="s", ours=[2.0], peer="p", theirs=[10.0]).ratio == (5, 5, 5)
    assert Figure(name="x", what="x", unit="MB", ours=[4.0], peer="p", theirs=[1.0]).ratio == (0.25, 0.25, 0.25)
    assert Figure(name="x", what="x", unit="s", ours=[2.0]).ratio is None


@pytest.mark.parametrize(
    ("promised", "reached"),
    [
        ({}, True),
        ({"at_least": 3}, True),
        ({"at_least": 3.1}, False),
        ({"at_most": 2.9}, False),
        ({"at_most": 3}, True),
    ],
)
def test_whether_a_ratio_is_what_was_promised(promised, reached):
    assert Figure(name="x", what="x", unit="MB/s", ours=[3.0], peer="p", theirs=[1.0], **promised).reached is reached


def test_without_a_peer_the_value_itself_is_promised():
    assert Figure(name="x", what="x", unit="s", ours=[0.2, 0.3, 9.0], at_most=0.3).reached
    assert not Figure(name="x", what="x", unit="s", ours=[0.2, 0.4, 0.4], at_most=0.3).reached


def test_amounts_have_three_digits():
    assert amount([123456.0], "s") == "123,000 s"
    assert amount([1.23456, 0.00012345, 20], "MB/s") == "1.23 (0.000123 to 20) MB/s"
    assert amount([176e6], "tokens/s") == "176 million tokens/s"


def test_a_report_is_read_as_it_was_written(tmp_path, capsys):
    write(REPORT, tmp_path)
    assert read(tmp_path / "speed.json") == REPORT
    assert "how fast: 1.5 (1 to 2) MB/s; slow: 0.5 MB/s; 3 (2 to 4) times" in capsys.readouterr().out
    assert REPORT.command == "python -m benchmarks.speed CORPORA"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"figures": []}'])
def test_another_file_is_no_report(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(ValueError, match=r"x\.json is no report of a benchmark .* run the benchmark again"):
        read(tmp_path / "x.json")


def test_figures_say_when_they_are_less_than_promised():
    figure = dataclasses.replace(REPORT.figures[0], at_least=4)
    assert str(figure).endswith("times (less than promised)")
