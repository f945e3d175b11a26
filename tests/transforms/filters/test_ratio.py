import json

import numpy as np
import pyarrow as pa
import pytest

from transforms.filters.lengths import log_ratio
from transforms.filters.ratio import DEFAULT_RATIO, FEWEST, LengthRatio, learn_ratio
from transforms.filters.signals import SIGNALS


def signals(source, target, **columns):
    """Signals of pairs of some lengths, good in everything else."""
    source, target = np.asarray(source, np.int32), np.asarray(target, np.int32)
    values = {name: np.zeros(source.size) for name in SIGNALS.names}
    for side, size in (("source", source), ("target", target)):
        values |= {f"{side}_{name}": size for name in ("characters", "columns", "letters")}
        values |= {f"{side}_ends": np.ones(source.size)}
    values |= {"log_ratio": log_ratio(source, target), **columns}
    return pa.record_batch([pa.array(values[field.name]).cast(field.type) for field in SIGNALS], schema=SIGNALS)


def translations(rows, *, median=0.3, spread=0.1, seed=1):
    """Lengths of sources and targets as the model of the module has them."""
    rng = np.random.default_rng(seed)
    source = np.exp(rng.uniform(np.log(20), np.log(400), rows)).astype(int)
    noise = rng.normal(0, spread, rows) / np.cbrt((source + source * np.exp(median)) / 200)
    return source, np.round((source + 1) * np.exp(median + noise) - 1).astype(int)


def test_what_pairs_were_made_with_is_learnt():
    found = learn_ratio(signals(*translations(20_000)))
    assert found.median == pytest.approx(0.3, abs=0.005)
    assert found.spread == pytest.approx(0.1, abs=0.008)
    assert (found.source_unfinished, found.target_unfinished, found.pairs) == (0, 0, 20_000)


def test_noise_moves_little():
    source, target = translations(20_000)
    rng = np.random.default_rng(2)
    target[:4_000] = rng.permutation(target[:4_000])
    target[4_000:5_000] //= 2
    found = learn_ratio(signals(source, target))
    assert found.median == pytest.approx(0.3, abs=0.02)
    assert found.spread == pytest.approx(0.1, abs=0.04)


def test_copies_and_texts_without_letters_do_not_count():
    source, target = translations(1_000)
    copies, letters = np.zeros(2_000), np.full(2_000, 9)
    copies[1_000:1_500] = 1
    letters[1_500:] = 0
    batch = signals([*source, *source], [*target, *source], similarity=copies, target_letters=letters)
    assert learn_ratio(batch) == learn_ratio(signals(source, target))


def test_stops_are_counted():
    source, target = translations(1_000)
    ends = np.ones((2, 1_000))
    ends[0, :100] = 0
    ends[1, :30] = 0
    found = learn_ratio(signals(source, target, source_ends=ends[0], target_ends=ends[1]))
    assert (found.source_unfinished, found.target_unfinished) == (0.07, 0)


def test_too_few_pairs_leave_the_default():
    batch = signals(*translations(FEWEST))
    assert learn_ratio(batch[1:]) == DEFAULT_RATIO
    assert learn_ratio(batch) != DEFAULT_RATIO
    assert learn_ratio(batch[:0]) == DEFAULT_RATIO


def test_it_does_not_matter_how_the_sample_is_cut():
    batch = signals(*translations(1_000))
    table = pa.Table.from_batches([batch[:300], batch[300:]])
    assert learn_ratio(table) == learn_ratio(batch)


def test_deviation_is_in_units_of_the_spread_at_a_length():
    ratio = LengthRatio(median=0.0, spread=0.1)
    found = ratio.deviation(signals([99, 49, 799], [99, 149, 799], log_ratio=[0.2, 0.0, -0.1]))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [2 * 0.99 ** (1 / 3), 0, -1 * 7.99 ** (1 / 3)], rtol=1e-5)


def test_it_is_written_as_json():
    found = learn_ratio(signals(*translations(1_000)))
    assert LengthRatio.from_json(json.loads(json.dumps(found.to_json()))) == found
