import numpy as np
import pytest

from transforms.lexicon.diagonal import STEEPEST, lay_out


def laid_out(tension, m, n):
    """Both directions; what is of source words comes as (n, m), an origin a row, and is turned round."""
    (distance, there), (distance_back, back) = np.empty((2, m, n)), np.empty((2, n, m))
    expected = np.zeros((2, max(m, n)))
    lay_out(tension[0], distance, there, expected[0, :n])
    lay_out(tension[1], distance_back, back, expected[1, :m])
    assert (distance_back == distance.T).all()
    back = back.T
    return distance, there, back, expected


@pytest.mark.parametrize("tension", [(0.0, 0.0), (3.5, 1.25), (STEEPEST, 0.0)])
@pytest.mark.parametrize(("m", "n"), [(1, 1), (1, 7), (5, 3), (40, 40)])
def test_origins_follow_the_formula(tension, m, n):
    distance, there, back, expected = laid_out(tension, m, n)

    away = np.abs((np.arange(m)[:, None] + 0.5) / m - (np.arange(n)[None] + 0.5) / n)
    np.testing.assert_allclose(distance, away, atol=1e-15)
    for found, axis, k in ((there, 0, 0), (back, 1, 1)):
        weights = np.exp(-tension[k] * away)
        weights /= weights.sum(axis=axis, keepdims=True)
        np.testing.assert_allclose(found, weights, rtol=1e-11, atol=1e-300)
        np.testing.assert_allclose(expected[k, : found.shape[1 - axis]], (weights * away).sum(axis=axis), rtol=1e-10)


def test_without_tension_every_origin_is_as_likely():
    _, there, back, _ = laid_out((0.0, 0.0), 4, 5)

    np.testing.assert_allclose(there, 1 / 4, rtol=1e-15)
    np.testing.assert_allclose(back, 1 / 5, rtol=1e-15)
