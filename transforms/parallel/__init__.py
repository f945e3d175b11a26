"""Parallel corpora: what there is, what to fetch, and how to read pairs in batches of columns."""
