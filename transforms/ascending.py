"""Looking numbers up in ascending arrays, inside kernels.

numba has `searchsorted`. It takes seconds to compile, and whatever calls it takes a tenth of a second longer to load,
as a hundred modules come with it.
"""

from __future__ import annotations

from vocab.compiled import kernel


@kernel
def first_from(ascending, value):
    """The place of the first number that is `value` or more; how many numbers there are, if none is."""
    low, high = 0, ascending.shape[0]
    while low < high:
        middle = (low + high) // 2
        if ascending[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low
