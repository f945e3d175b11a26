"""Looking up against NumPy."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from transforms.ascending import first_from

NUMBERS = st.lists(st.integers(-(1 << 40), 1 << 40), max_size=20)


@given(NUMBERS, st.integers(-(1 << 40), 1 << 40))
def test_numbers_are_found_as_numpy_finds_them(numbers, wanted):
    ascending = np.array(sorted(numbers), np.int64)
    for value in (wanted, *numbers):
        assert first_from(ascending, value) == np.searchsorted(ascending, value)
        assert first_from(ascending, value + 1) == np.searchsorted(ascending, value, side="right")
