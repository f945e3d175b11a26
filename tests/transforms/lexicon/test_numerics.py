import math

from hypothesis import example, given
from hypothesis import strategies as st

from transforms.lexicon.numerics import exp, log, logistic


@given(st.floats(-700, 700))
@example(0.0)
@example(-700.0)
def test_exp_is_that_of_the_standard_library(x):
    assert math.isclose(exp(x), math.exp(x), rel_tol=1e-15)


def test_exp_is_bounded():
    assert exp(1e6) == exp(700.0) and exp(-1e6) == exp(-700.0)


@given(st.floats(1e-300, 1e300))
@example(1.0)
@example(math.sqrt(0.5))
def test_log_is_that_of_the_standard_library(x):
    assert math.isclose(log(x), math.log(x), rel_tol=1e-15, abs_tol=1e-16)


@given(st.floats(-50, 50))
def test_logistic(x):
    assert math.isclose(logistic(x), 1 / (1 + math.exp(-x)), rel_tol=1e-14)
