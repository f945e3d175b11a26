import numpy as np

from transforms.memory import in_large_pages


def test_zeros_of_any_shape_at_the_start_of_a_page():
    for shape, dtype in (((3, 5), np.float32), ((1 << 19, 8), np.uint64), ((0, 4), np.int32)):
        array = in_large_pages(shape, dtype)
        assert (array.shape, array.dtype) == (shape, dtype)
        assert array.ctypes.data % (1 << 21) == 0
        assert not array.any()
        array[:] = 7
        assert (array == 7).all()
