from concurrent.futures import ThreadPoolExecutor

import datasketch
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.jaccard import shingle_set
from transforms.minhash import pair_hashes, permutations, sign, text_hashes

TEXTS = [
    "Alle Menschen sind frei und gleich an Würde und Rechten geboren.",
    "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "",
    "!?",
    "short",
    " ".join(f"word{i % 700}" for i in range(5000)),
]


def datasketch_values(text):
    """The signature that datasketch makes of a text's shingles."""
    expected = datasketch.MinHash(num_perm=128, seed=1, hashfunc=int, scheme="affine32")
    expected.update_batch((shingle_set(text) >> np.uint64(32)).tolist())
    return expected.hashvalues


def test_permutations_are_those_of_datasketch():
    np.testing.assert_array_equal(
        permutations(), datasketch.MinHash(num_perm=128, seed=1, scheme="affine32").permutations
    )


def test_values_are_those_of_datasketch():
    signed = sign(pa.array(TEXTS))
    for row, text in enumerate(TEXTS):
        np.testing.assert_array_equal(signed.minhash[row], datasketch_values(text))
    assert signed.shingles.tolist() == [shingle_set(text).size for text in TEXTS]
    assert (signed.hash.dtype, signed.minhash.dtype, signed.shingles.dtype) == (np.uint8, np.uint32, np.int32)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("a b東")), max_size=8))
def test_any_column_is_signed_as_datasketch_would(texts):
    signed = sign(pa.array(texts, pa.string()))
    assert signed.minhash.shape == (len(texts), 128) and signed.hash.shape == (len(texts), 16)
    for row, text in enumerate(texts):
        np.testing.assert_array_equal(signed.minhash[row], datasketch_values(text))


def test_the_window_counts():
    one, other = sign(pa.array(TEXTS), words=3), sign(pa.array(TEXTS), words=5)
    np.testing.assert_array_equal(one.hash, other.hash)
    assert one.shingles[0] == other.shingles[0] + 2
    assert (one.minhash[0] != other.minhash[0]).all()


def test_a_slice_is_signed_like_its_rows():
    whole, part = sign(pa.array(TEXTS)), sign(pa.array(TEXTS)[2:5])
    for one, other in zip(whole, part, strict=True):
        np.testing.assert_array_equal(one[2:5], other)


@given(st.lists(st.text(max_size=40), max_size=8))
def test_hashes_alone_are_those_of_signatures(texts):
    column = pa.array(["", *texts], pa.string())[1:]
    assert text_hashes(column).tobytes() == sign(column).hash.tobytes()


def test_nulls_are_refused():
    with pytest.raises(ValueError, match="text 1 of 3 is null"):
        sign(pa.array(["a", None, "b"]))


def test_two_threads_sign_as_one():
    columns = [pa.array([f"{text} {i} {text}" for text in TEXTS]) for i in range(20)]
    with ThreadPoolExecutor(2) as pool:
        for column, signed in zip(columns, pool.map(sign, columns), strict=True):
            np.testing.assert_array_equal(signed.minhash, sign(column).minhash)


@pytest.mark.parametrize("similarity", [0.2, 0.5, 0.7, 0.8, 0.9, 0.97])
def test_estimates_lie_around_the_true_similarity(similarity):
    # Texts of 1,000 windows of one word, of which two texts share so many that their similarity is as asked.
    shared = round(1000 * 2 * similarity / (1 + similarity))
    true = shared / (2000 - shared)
    texts = []
    for pair in range(200):
        common = [f"c{pair}x{i}" for i in range(shared)]
        texts += [" ".join(common + [f"{side}{pair}x{i}" for i in range(1000 - shared)]) for side in "lr"]
    minhash = sign(pa.array(texts), words=1).minhash
    estimates = (minhash[::2] == minhash[1::2]).mean(axis=1)
    error = np.sqrt(true * (1 - true) / 128)
    assert abs(estimates.mean() - true) < 4 * error / np.sqrt(200)
    assert 0.8 * error < estimates.std() < 1.2 * error
    assert np.abs(estimates - true).max() < 5 * error


def test_hashes_of_pairs_are_equal_where_both_sides_are():
    texts = [f"text {number % 7}" for number in range(49)], [f"text {number // 7}" for number in range(49)]
    sides = [text_hashes(pa.array(side)) for side in texts]
    found = pair_hashes(*sides)
    assert (found.shape, found.dtype) == ((49, 2), np.uint64)
    for column in found.T:
        # A pair and the same pair the other way round are two.
        assert len(set(column.tolist())) == 49
    assert np.array_equal(pair_hashes(*(np.repeat(side, 2, axis=0) for side in sides)), np.repeat(found, 2, axis=0))
    bits = np.unpackbits(found.view(np.uint8), axis=1).mean(axis=0)
    assert bits.min() > 0.25 and bits.max() < 0.75
