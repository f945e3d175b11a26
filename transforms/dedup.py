"""Deduplication as a graph: hashes cross the shuffle, texts are read where they lie.

    tasks -> bands -> [group by partition of the hash space] -> match -> certain edges ------------------+-> components -> removals
                                                                 `----> candidates -> [by part] -> settle +

A task is one part. Documents of one group (a language, or all) meet in the buckets of LSH; a bucket's documents are compared by
their signatures, and where the estimate cannot tell, by the shingles of their texts. The result does not depend on the
number of partitions, of workers, or on any order: components are the closure of all pairs that share a bucket and hold.
"""

from __future__ import annotations
