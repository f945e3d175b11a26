"""The seeded order against what a permutation is, and against what chance would give."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelmill.order import Permutation

SEEDS = st.integers(0, 2**64)


@given(rows=st.integers(0, 3000), seed=SEEDS, epoch=st.integers(0, 100))
def test_every_row_comes_once(rows, seed, epoch):
    order = Permutation(rows, seed, epoch)(np.arange(rows))
    assert order.dtype == np.int64
    assert np.sort(order).tolist() == list(range(rows))


@given(rows=st.integers(1, 2**62 - 1), seed=SEEDS, data=st.data())
def test_large_sets_stay_in_range_and_one_to_one(rows, seed, data):
    positions = data.draw(st.lists(st.integers(0, rows - 1), max_size=50, unique=True))
    order = Permutation(rows, seed)(np.array(positions, np.int64))
    assert len(set(order.tolist())) == len(positions)
    assert all(0 <= row < rows for row in order)


def test_any_part_of_the_order_is_a_part_of_the_whole():
    order = Permutation(1000, 7)
    assert order(np.arange(400, 500)).tolist() == order(np.arange(1000))[400:500].tolist()


def test_the_order_never_changes_between_versions():
    assert Permutation(10, 1)(np.arange(10)).tolist() == [2, 3, 1, 4, 7, 9, 6, 0, 8, 5]
    assert Permutation(10**12, 5, 3)(np.arange(4)).tolist() == [860488840700, 690559324905, 252043769544, 295080566976]


def test_seeds_and_epochs_differ():
    orders = [Permutation(1000, seed, epoch)(np.arange(1000)) for seed in range(4) for epoch in range(4)]
    for first, second in itertools.combinations(orders, 2):
        assert (first == second).sum() < 20  # 1 is expected


def test_each_row_is_equally_likely_at_each_place():
    rows, draws = 7, 7000
    counts = np.zeros((rows, rows))
    for seed in range(draws):
        counts[np.arange(rows), Permutation(rows, seed)(np.arange(rows))] += 1
    expected = draws / rows
    assert ((counts - expected) ** 2 / expected).sum() < 90  # chi-squared with 36 degrees of freedom: p = 1e-6


def test_neighbours_in_the_order_are_not_neighbours_in_the_set():
    order = Permutation(100_000, 3)(np.arange(100_000))
    assert abs(np.corrcoef(order[:-1], order[1:])[0, 1]) < 0.015
    assert (np.abs(np.diff(order)) == 1).sum() < 15  # 2 are expected


@pytest.mark.parametrize(("rows", "seed", "epoch"), [(-1, 0, 0), (2**62, 0, 0), (5, -1, 0), (5, 0, -1)])
def test_values_out_of_range_are_named(rows, seed, epoch):
    with pytest.raises(ValueError, match=r"rows is|seed is"):
        Permutation(rows, seed, epoch)
