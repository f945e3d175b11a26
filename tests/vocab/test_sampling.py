import hashlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vocab.sampling import Quota, cut, document_keys, quotas, shares, split, threshold, unimax

SIZES = st.dictionaries(st.sampled_from(["de", "en", "fi", "is", "ja", "km"]), st.integers(0, 10**15), min_size=1)


def test_shares_of_a_worked_example():
    # 0.75 ** 0.5 and 0.25 ** 0.5 are as the square root of 3 to 1.
    found = shares({"de": 300, "is": 100}, alpha=0.5)
    assert found == pytest.approx({"de": 3**0.5 / (3**0.5 + 1), "is": 1 / (3**0.5 + 1)})


@given(SIZES, st.floats(0, 1))
def test_shares_add_up_and_never_turn_the_order_around(sizes, alpha):
    found = shares(sizes, alpha=alpha)
    assert sum(found.values()) == pytest.approx(1 if any(sizes.values()) else 0)
    by_size = sorted(sizes, key=sizes.get)
    assert all(found[small] <= found[large] for small, large in pairwise(by_size))
    assert all(found[language] == 0 for language, size in sizes.items() if not size)


def test_shares_at_both_ends():
    sizes = {"de": 30, "is": 10, "km": 0}
    assert shares(sizes, alpha=1) == pytest.approx({"de": 0.75, "is": 0.25, "km": 0})
    assert shares(sizes, alpha=0) == pytest.approx({"de": 0.5, "is": 0.5, "km": 0})


def naive_unimax(sizes, budget, epochs):
    """Algorithm 1 of the paper, word for word."""
    given_to = {}
    for i, language in enumerate(sorted(sizes, key=lambda name: (sizes[name], name))):
        each = budget / (len(sizes) - i)
        given_to[language] = sizes[language] * epochs if each > sizes[language] * epochs else each
        budget -= given_to[language]
    return given_to


@given(SIZES, st.integers(0, 10**15), st.integers(1, 10))
def test_unimax_is_the_papers_algorithm(sizes, budget, epochs):
    found, expected = unimax(sizes, budget, epochs=epochs), naive_unimax(sizes, budget, epochs)
    # Whole bytes: each language rounds down and leaves less than one to the next.
    assert all(abs(found[language] - expected[language]) <= len(sizes) + 1e-12 * budget for language in sizes)
    assert sum(found.values()) <= budget


def test_unimax_of_the_documentations_example():
    assert unimax({"de": 100, "fi": 10, "is": 1}, 60, epochs=2) == {"de": 38, "fi": 20, "is": 2}


@given(
    SIZES,
    st.integers(0, 10**15),
    st.one_of(st.tuples(st.floats(0, 1), st.none()), st.tuples(st.none(), st.floats(0.5, 5))),
)
def test_quotas_fill_the_sample_as_far_as_there_is_text(sizes, budget, rule):
    alpha, epochs = rule
    found = quotas(sizes, budget=budget, alpha=alpha, epochs=epochs)
    assert list(found) == sorted(sizes)
    for language, quota in found.items():
        assert quota.available == sizes[language]
        assert 0 <= quota.granted <= quota.available
        assert quota.granted >= min(quota.wanted, quota.available) - 1 - 1e-12 * budget
        assert quota.shortfall == max(0, quota.wanted - quota.available)
    if all(quota.wanted for quota in found.values()):
        total = sum(quota.granted for quota in found.values())
        assert total <= budget
        assert total >= min(budget, sum(sizes.values())) - len(sizes) - 1e-12 * budget


def test_what_a_small_language_lacks_goes_to_the_others_by_their_shares():
    found = quotas({"de": 10_000, "en": 40_000, "is": 100}, budget=9_000, alpha=0)
    assert found["is"] == Quota(wanted=3_000, available=100, granted=100)
    assert found["is"].shortfall == 2_900
    assert found["de"].granted == found["en"].granted == 4_450


def test_quotas_do_not_depend_on_the_order_of_languages():
    sizes = {"is": 5, "de": 1000, "fi": 5, "en": 3000}
    turned = dict(reversed(sizes.items()))
    assert quotas(sizes, budget=700, alpha=0.3) == quotas(turned, budget=700, alpha=0.3)
    assert quotas(sizes, budget=700, epochs=1) == quotas(turned, budget=700, epochs=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alpha": 0.3, "epochs": 1}, "expected one of the two"),
        ({}, "expected one of the two"),
        ({"alpha": -1}, "alpha is -1"),
        ({"epochs": -1}, "epochs is -1"),
    ],
)
def test_quotas_say_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        quotas({"de": 1}, budget=10, **arguments)
    with pytest.raises(ValueError, match="the size of de is -1"):
        quotas({"de": -1}, budget=10, alpha=0.3)


def naive_key(seed, corpus, language, document):
    """The same in Python's integers."""

    def mixed(z):
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return z ^ (z >> 31)

    digest = hashlib.blake2b(f"{seed}\0{corpus}\0{language}".encode(), digest_size=16).digest()
    before, after = (int.from_bytes(digest[i : i + 8], "little") for i in (0, 8))
    return mixed((mixed((document * 0x9E3779B97F4A7C15 + before) % 2**64) + after) % 2**64)


@given(st.integers(0, 1 << 40), st.integers(0, 1 << 40), st.floats(0, 1), st.floats(0, 1))
@example(0, 1, 0.0, 0.0)
def test_a_quota_is_split_by_what_there_is_of_each(documents, pairs, weight, share):
    there = documents + int(weight * pairs)
    quota = Quota(wanted=there, available=there, granted=int(share * there))
    of_documents, of_pairs = split(quota, documents=documents, pairs=pairs, weight=weight)
    assert (of_documents.available, of_pairs.available) == (documents, pairs)
    assert 0 <= of_documents.granted <= documents and 0 <= of_pairs.granted <= pairs
    assert of_documents.granted + of_pairs.granted == pytest.approx(quota.granted, rel=1e-9, abs=1)
    if there and weight:
        assert of_pairs.granted * documents == pytest.approx(
            of_documents.granted * weight * pairs, rel=1e-3, abs=2 * there
        )


def test_without_pairs_or_weight_documents_have_the_whole_quota():
    quota = Quota(wanted=70, available=100, granted=60)
    nothing = Quota(wanted=0, available=0, granted=0)
    assert split(quota, documents=100, pairs=0, weight=1.0) == (quota, nothing)
    assert split(quota, documents=100, pairs=50, weight=0.0)[1].granted == 0


def test_keys_are_what_plain_integers_give():
    numbers = np.array([0, 1, 2, 10**6, 2**62], np.int64)
    found = document_keys(seed=7, corpus="cc-100", language="de", documents=numbers)
    assert found.dtype == np.uint64
    assert found.tolist() == [naive_key(7, "cc-100", "de", number) for number in numbers.tolist()]


def test_keys_are_well_mixed():
    keys = document_keys(seed=1, corpus="cc-100", language="de", documents=np.arange(1 << 16))
    assert np.unique(keys).size == keys.size
    bits = (keys[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    # 65,536 fair coins are off by a half with a standard error of 0.002.
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 0.01
    changed = np.bitwise_count(keys[1:] ^ keys[:-1]).mean()
    assert abs(changed - 32) < 0.1


def test_keys_depend_on_seed_corpus_and_language():
    def keys(**changes):
        where = {"seed": 1, "corpus": "cc-100", "language": "de", **changes}
        return document_keys(documents=np.arange(100), **where).tolist()

    different = [keys(), keys(seed=2), keys(corpus="opus"), keys(language="en"), keys(corpus="cc-100\0de", language="")]
    assert len({key for some in different for key in some}) == 500
    assert keys() == keys()


def naive_cut(keys, sizes, quota):
    drawn, total = [], 0
    for row in sorted(range(len(keys)), key=lambda row: keys[row]):
        if total >= quota:
            break
        drawn.append(row)
        total += sizes[row]
    return drawn


@given(
    st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(1, 1000)), unique_by=lambda pair: pair[0]),
    st.integers(0, 5000),
)
def test_cut_draws_the_smallest_keys_until_the_quota(documents, quota):
    keys = np.array([key for key, _ in documents], np.uint64)
    sizes = np.array([size for _, size in documents], np.int32)
    assert cut(keys, sizes, quota).tolist() == naive_cut(keys.tolist(), sizes.tolist(), quota)


def test_the_same_documents_are_drawn_however_they_are_dealt_to_parts():
    rng = np.random.default_rng(3)
    numbers, sizes = np.arange(5_000), rng.integers(10, 5_000, 5_000)
    keys = document_keys(seed=1, corpus="cc-100", language="de", documents=numbers)
    expected = cut(keys, sizes, 1_000_000)
    quota = Quota(wanted=1_000_000, available=int(sizes.sum()), granted=1_000_000)
    for parts in (1, 7):
        shuffled = rng.permutation(numbers)
        kept = np.concatenate([part[keys[part] < threshold(quota)] for part in np.array_split(shuffled, parts)])
        assert kept.size < numbers.size
        assert kept[cut(keys[kept], sizes[kept], 1_000_000)].tolist() == expected.tolist()


def test_the_threshold_is_high_enough_for_documents_of_uneven_size():
    """Log-normal sizes, as web text has: the documents below the threshold are enough in each of a thousand draws."""
    rng = np.random.default_rng(5)
    for n, share in ((300, 0.3), (3_000, 0.05), (100_000, 0.01)):
        sizes = np.minimum(rng.lognormal(7.5, 1.3, n), 1 << 20).astype(np.int64)
        available = int(sizes.sum())
        quota = Quota(wanted=0, available=available, granted=int(share * available))
        below = threshold(quota) / 2**64
        assert share < below
        for _ in range(1000 if n < 10_000 else 50):
            assert sizes[rng.random(n) < below].sum() >= quota.granted


def test_the_threshold_at_both_ends():
    assert threshold(Quota(wanted=5, available=0, granted=0)) == 0
    assert threshold(Quota(wanted=50, available=10, granted=10)) == 2**64 - 1
    # A large language is not kept whole for a small sample.
    assert threshold(Quota(wanted=0, available=10**12, granted=10**9)) / 2**64 < 0.0015
