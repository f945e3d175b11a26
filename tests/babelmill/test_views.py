"""The views of pairs against loops over rows and positions, and against what XLM and `transformers` compute."""

import doctest
import importlib
import pkgutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import babelmill.views
from babelmill.views import Layout, Masking, Pairs, btmlm, camlm, mask, placeholders, tlm
from babelmill.views.camlm import spread

XLM_R = Layout(source=((0,), (2,)), target=((2,), (2,)), pad=1)
XLM = Layout(source=((1,), (1,)), target=((1,), (1,)), pad=2)
LAYOUTS = st.sampled_from([Layout(), XLM_R, XLM, Layout(longest=7), Layout(multiple=8), Layout(longest=8, multiple=8)])
ROWS = st.lists(
    st.tuples(st.lists(st.integers(10, 99), max_size=7), st.lists(st.integers(100, 199), max_size=7)), max_size=6
)
MASKING = Masking(mask=5, ids=range(200, 300), rate=0.5, masked=0.6, replaced=0.2)


def ragged(rows):
    return np.array([i for row in rows for i in row], np.int32), np.cumsum([0] + [len(row) for row in rows])


def pairs_of(rows):
    return Pairs(*ragged([source for source, _ in rows]), *ragged([target for _, target in rows]))


def naive(rows, layout):
    """Rows of (id, side, whether it is a word), padded."""
    made = []
    for source, target in rows:
        source, target = list(source), list(target)
        while layout.longest is not None and layout.marks + len(source) + len(target) > layout.longest:
            (source if len(source) > len(target) else target).pop()
        (before, after), (between, end) = layout.source, layout.target
        row = [(i, 0, False) for i in before] + [(i, 0, True) for i in source] + [(i, 0, False) for i in after]
        row += [(i, 1, False) for i in between] + [(i, 1, True) for i in target] + [(i, 1, False) for i in end]
        made.append(row)
    width = -(-max(map(len, made), default=0) // layout.multiple) * layout.multiple
    return [row + [(layout.pad, 2, False)] * (width - len(row)) for row in made]


def column(made, place):
    return [[entry[place] for entry in row] for row in made]


@pytest.mark.parametrize("name", [module.name for module in pkgutil.iter_modules(babelmill.views.__path__)])
def test_the_examples_are_true(name):
    found = doctest.testmod(importlib.import_module(f"babelmill.views.{name}"))
    assert found.attempted >= 5 and not found.failed


@given(ROWS, LAYOUTS)
def test_both_sides_are_concatenated(rows, layout):
    found, made = tlm(pairs_of(rows), layout=layout), naive(rows, layout)
    assert found.input_ids.dtype == np.int32 and found.input_ids.tolist() == column(made, 0)
    assert found.sides.tolist() == column(made, 1)
    assert found.words().tolist() == column(made, 2)
    assert found.attention_mask.tolist() == [[side < 2 for side in row] for row in column(made, 1)]
    assert found.lengths.tolist() == [sum(side < 2 for side in row) for row in column(made, 1)]


@given(ROWS, LAYOUTS)
def test_positions_are_those_of_transformers(rows, layout):
    found = tlm(pairs_of(rows), layout=layout)
    real = (found.input_ids != layout.pad).astype(int)
    assert found.positions().tolist() == (np.cumsum(real, axis=1) * real + layout.pad).tolist()


@given(ROWS, st.data())
def test_positions_and_languages_are_those_of_xlm(rows, data):
    """As XLM's own `concat_batches(…, reset_positions=True)` has them, written as a loop."""
    found = tlm(pairs_of(rows), layout=XLM)
    languages = data.draw(st.lists(st.integers(0, 14), min_size=len(rows), max_size=len(rows)))
    spoken = found.languages(np.array(languages, int), 3)
    for i, (source, _) in enumerate(rows):
        first = len(source) + 2
        width = found.input_ids.shape[1]
        assert found.positions_by_side()[i].tolist() == [*range(first), *range(width - first)]
        assert spoken[i].tolist() == [languages[i]] * first + [3] * (width - first)


@given(ROWS, LAYOUTS, st.integers(0, 2**40), st.sampled_from([(True, True), (True, False), (False, True)]))
def test_masks_are_on_words_of_their_sides_only(rows, layout, seed, sides):
    plain, made = tlm(pairs_of(rows), layout=layout), naive(rows, layout)
    found = mask(plain, masking=MASKING, seed=seed, source=sides[0], target=sides[1])
    assert found.labels.dtype == found.input_ids.dtype == np.int32
    for i, row in enumerate(made):
        for j, (token, side, word) in enumerate(row):
            shown, label = found.input_ids[i, j], found.labels[i, j]
            assert label in ((token, -100) if word and sides[side] else (-100,))
            assert shown == token if label == -100 else shown in (5, token) or 200 <= shown < 300
    again = mask(plain, masking=MASKING, seed=seed, source=sides[0], target=sides[1])
    assert (again.labels == found.labels).all() and (again.input_ids == found.input_ids).all()


def test_shares_of_masks_are_as_asked():
    rows = np.full(200_000, 50, np.int32)
    pairs = Pairs(rows, np.arange(0, 200_001, 100), rows, np.arange(0, 200_001, 100))
    masking = Masking(mask=5, ids=range(1000, 1010))
    found, other = (mask(tlm(pairs), masking=masking, seed=seed) for seed in ((1, 0), (1, 1)))
    shown = found.input_ids[found.chosen]
    assert found.chosen.sum() / 400_000 == pytest.approx(0.15, abs=0.004)
    assert (shown == 5).mean() == pytest.approx(0.8, abs=0.01)
    assert (shown >= 1000).mean() == pytest.approx(0.1, abs=0.008)
    assert np.bincount(shown[shown >= 1000] - 1000, minlength=10).min() > 480  # 600 are expected
    assert (found.chosen & other.chosen).mean() / found.chosen.mean() == pytest.approx(0.15, abs=0.01)


def test_masks_never_change_between_versions():
    pairs = Pairs(
        np.arange(10, 16, dtype=np.int32), np.array([0, 6]), np.arange(20, 26, dtype=np.int32), np.array([0, 6])
    )
    found = mask(tlm(pairs), masking=MASKING, seed=(7, 2))
    assert found.input_ids.tolist() == [[1, 10, 5, 5, 5, 14, 213, 2, 20, 5, 22, 23, 24, 25, 2]]


def sees(one, other, *, apart):
    """Whether position `one` sees `other`, each (side, chosen): the rules in words."""
    if 2 in (one[0], other[0]):
        return one[0] == other[0]
    same = one[0] == other[0]
    if not one[1]:
        return same and not other[1]
    return other[1] if same else not (apart and other[1])


@given(ROWS, LAYOUTS, st.integers(0, 9), st.booleans())
def test_masked_positions_look_across(rows, layout, seed, apart):
    found = camlm(pairs_of(rows), masking=MASKING, seed=seed, layout=layout)
    attention, sides = found.attention(apart=apart), found.sides
    batch, length = found.input_ids.shape
    assert attention.shape == (batch, length, length) and attention.dtype == bool
    for i in range(batch):
        entries = list(zip(sides[i].tolist(), found.chosen[i].tolist(), strict=True))
        assert attention[i].tolist() == [[sees(one, other, apart=apart) for other in entries] for one in entries]


@pytest.mark.parametrize(("batch", "length"), [(0, 0), (3, 0), (0, 4), (1, 1), (7, 9), (5, 300)])
def test_who_sees_whom_is_looked_up_by_the_kinds(batch, length):
    rng = np.random.default_rng(length)
    table, kinds = rng.random((5, 5)) < 0.5, rng.integers(0, 5, (batch, length)).astype(np.int8)
    assert np.array_equal(spread(kinds, table), table[kinds[:, :, None], kinds[:, None, :]])


def test_apart_nothing_of_its_own_side_reaches_a_masked_position():
    rows = [([10] * 6, [100] * 6)]
    found = camlm(pairs_of(rows), masking=MASKING, seed=4)
    one_side = (found.sides[0][:, None] == found.sides[0]) & ~found.chosen[0]
    reached = {}
    for apart in (False, True):
        steps = found.attention(apart=apart)[0]
        reached[apart] = np.linalg.matrix_power(steps.astype(float), 6) > 0
    assert not (reached[True] & one_side)[found.chosen[0]].any()
    assert (reached[False] & one_side)[found.chosen[0]].any()  # by way of the masked positions of the other side


@given(ROWS, LAYOUTS, st.integers(0, 9), st.data())
def test_pseudo_tokens_come_second_and_are_never_masked(rows, layout, seed, data):
    synthetic = data.draw(st.lists(st.sampled_from(["source", "target"]), min_size=len(rows), max_size=len(rows)))
    ordered = [pair if side == "target" else pair[::-1] for pair, side in zip(rows, synthetic, strict=True)]
    plain = tlm(pairs_of(ordered), layout=layout)
    found = btmlm(pairs_of(rows), masking=MASKING, seed=seed, synthetic=np.array(synthetic, str), layout=layout)
    assert np.where(found.chosen, found.labels, found.input_ids).tolist() == plain.input_ids.tolist()
    assert not (found.chosen & (found.sides > 0)).any()


@given(ROWS, LAYOUTS, st.sampled_from([0.5, 1.0, 1.7]))
def test_placeholders_see_the_sentence_and_each_other(rows, layout, share):
    sentences = [source for source, _ in rows]
    counts = [max(1, round(share * len(sentence))) for sentence in sentences]
    expected = naive([(s, [4] * k) for s, k in zip(sentences, counts, strict=True)], layout)
    found = placeholders(*ragged(sentences), mask=4, share=share, layout=layout)
    assert found.input_ids.tolist() == column(expected, 0)
    attention = found.attention()
    for i, row in enumerate(expected):
        entries = [(side, side == 1 and word) for _, side, word in row]
        assert attention[i].tolist() == [[sees(one, other, apart=False) for other in entries] for one in entries]
    pairs = found.filled(np.where(found.room, 77, 0).astype(np.int32))
    kept = [
        ([i for i, side, word in row if word and side == 0], sum(word and side == 1 for _, side, word in row))
        for row in expected
    ]
    assert pairs.source_ids.tolist() == [i for ids, _ in kept for i in ids]
    assert pairs.target_ids.tolist() == [77] * sum(k for _, k in kept)
    assert np.diff(pairs.target_offsets).tolist() == [k for _, k in kept]


def test_counts_of_placeholders_may_be_given():
    found = placeholders(*ragged([[10, 11], [12]]), mask=4, counts=[0, 3])
    assert found.input_ids.tolist() == [[1, 10, 11, 2, 2, 3, 3], [1, 12, 2, 4, 4, 4, 2]]


def test_batches_of_shards_are_taken(tmp_path):
    names = np.array(["de"])
    batch = babelmill.PairBatch(
        *ragged([[10]]), *ragged([[20, 21]]), names, names, np.zeros(1, np.float32), names, names, np.zeros(1, np.int64)
    )
    assert tlm(batch).input_ids.tolist() == [[1, 10, 2, 20, 21, 2]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Layout(longest=2), "longest is 2, expected at least 3"),
        (lambda: Layout(multiple=0), "multiple is 0"),
        (lambda: Masking(mask=4, ids=range(9), rate=1.5), "rate is 1.5"),
        (lambda: Masking(mask=4, ids=range(9), masked=0.9, replaced=0.2), "no shares of a whole"),
        (lambda: Masking(mask=4, ids=range(0)), "expected a range"),
        (lambda: btmlm(pairs_of([([1], [2])]), masking=MASKING, seed=1, synthetic="both"), "synthetic is .*both"),
        (lambda: placeholders(*ragged([[1]]), mask=4).filled(np.zeros((1, 2), np.int32)), r"expected \(1, 5\)"),
    ],
)
def test_wrong_values_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
