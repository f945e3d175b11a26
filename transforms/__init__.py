"""PTransforms over record batches, above pure functions and kernels over Arrow buffers."""
