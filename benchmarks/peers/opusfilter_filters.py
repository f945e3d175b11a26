"""OpusFilter's filters alone: how long they take for pairs that are in memory, in one process.

    python opusfilter_filters.py job.json

`job.json` is a list of objects with `inputs`, two text files of a line a pair, and `filters`, as a step `filter` of
OpusFilter has them. Models are loaded, and the filters called once, before the clock runs. The last line of the output
is a JSON object: CPU seconds, pairs, and how many stay.
"""

import json
import logging
import sys
import time
from pathlib import Path

from opusfilter.pipeline import FilterPipeline


def main() -> None:
    logging.disable(logging.CRITICAL)
    seconds, pairs, kept = 0.0, 0, 0
    for job in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
        sides = [Path(name).read_text(encoding="utf-8").split("\n")[:-1] for name in job["inputs"]]
        texts = list(zip(*sides, strict=True))
        pipeline = FilterPipeline.from_config(job["filters"])
        list(pipeline.filter(texts[:100]))
        begin = time.process_time()
        kept += len(list(pipeline.filter(texts)))
        seconds += time.process_time() - begin
        pairs += len(texts)
    print(json.dumps({"seconds": seconds, "pairs": pairs, "kept": kept}))


if __name__ == "__main__":
    main()
