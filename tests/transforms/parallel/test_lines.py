"""Lines of several streams in step, against `bytes.split`, whatever the bytes and however they arrive."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from transforms.parallel.lines import BOM, Lines, in_step
from transforms.sources import SourceError

TEXT = st.lists(
    st.sampled_from([b"a", b"\xff\x00", b"\n", b"\r\n", b"\r", b"\n\n", "\u2028\x85\f\v".encode(), BOM])
).map(b"".join)


def naive(data):
    data = data.removeprefix(BOM)
    lines = data.split(b"\n")
    return [line.rstrip(b"\r") for line in (lines if lines[-1] else lines[:-1])]


def lines(data, piece=3, name="text", **options):
    return Lines((data[i : i + piece] for i in range(0, len(data), piece)), name=name, **options)


def taken(streams, **options):
    return [[column.to_pylist() for column in columns] for columns in in_step(streams, **options)]


def joined(batches):
    return [list(row) for batch in batches for row in zip(*batch, strict=True)]


@given(TEXT, st.integers(1, 9), st.integers(1, 20))
@example(b"", 1, 1)
@example(BOM + b"a\nb", 1, 1)
@example(b"a\r\n\r\nb\r\r\n", 2, 1)
def test_lines_end_at_lf_alone_and_lose_their_carriage_returns(data, piece, batch_bytes):
    batches = taken([lines(data, piece)], batch_bytes=batch_bytes, weighed=1)

    assert [row for (row,) in joined(batches)] == naive(data)


@given(st.lists(st.tuples(TEXT, TEXT)), st.integers(1, 30), st.integers(1, 9), st.integers(1, 9))
def test_batches_do_not_depend_on_how_the_bytes_arrive(rows, batch_bytes, first_piece, second_piece):
    columns = [b"".join(row[side].replace(b"\n", b"") + b"\n" for row in rows) for side in (0, 1)]

    batches = taken([lines(columns[0], first_piece), lines(columns[1], second_piece)], batch_bytes=batch_bytes)

    assert batches == taken([lines(column, 1000) for column in columns], batch_bytes=batch_bytes)
    assert joined(batches) == [list(row) for row in zip(*map(naive, columns), strict=True)]


def test_a_batch_ends_with_the_row_that_brings_the_text_to_its_size():
    batches = taken([lines(b"aa\nbb\ncc\ndd\n"), lines(b"1\n2\n3\n4\n"), lines(b"999\n" * 4)], batch_bytes=6)

    assert [len(columns[0]) for columns in batches] == [2, 2]


@pytest.mark.parametrize("piece", [1, 2, 1000])
@pytest.mark.parametrize(
    ("first", "second", "counts"),
    [
        (b"a\nb\nc\n", b"1\n2\n", (3, 2)),
        (b"a\nb\n", b"1\n2\n3\n4\n5\n6\n7\n", (2, 7)),
        (b"", b"1\n", (0, 1)),
        (b"a\nb\n", b"1\n2\n\n", (2, 3)),
        (b"a\nb\n", b"1\n2\n3", (2, 3)),
    ],
)
def test_streams_of_unequal_length_are_refused_with_both_counts(first, second, counts, piece):
    with pytest.raises(SourceError) as caught:
        taken([lines(first, piece, "x.de"), lines(second, piece, "x.en")])

    assert f"x.de has {counts[0]} lines, x.en has {counts[1]} lines: expected as many in each" in str(caught.value)


def test_what_comes_before_the_difference_is_read():
    batches = in_step([lines(b"a\nb\nc\n"), lines(b"1\n2\n")], batch_bytes=1)

    assert [column.to_pylist() for column in next(batches)] == [[b"a"], [b"1"]]


def test_a_line_without_end_is_refused_before_it_fills_the_memory():
    stream = Lines((b"x" * 1000 for _ in range(10**9)), name="x.de", max_line_bytes=5000)

    with pytest.raises(SourceError, match=r"x.de, line 1: has 6,000 bytes or more, expected at most 5,000"):
        taken([stream])


def test_an_ended_line_that_is_too_long_is_refused_as_well():
    with pytest.raises(SourceError, match=r"line 2: has 8 bytes or more, expected at most 5"):
        taken([lines(b"a\n1234567\nb\n", 100, max_line_bytes=5)])
