"""A program that translates, or so it seems: each line becomes English words, always the same for the same line.

    python translator.py LOG [FAULT]

It notes each line in LOG. A line with the word FAULT in it has it die; with `hang:FAULT` it sleeps, and with
`lose:FAULT` that line gets no answer.
"""

import random
import sys
import time

TEXT = """
everyone has the right to freedom of thought and conscience or religion this includes his belief in public peace
with other people no one shall be held under arrest without law and equal dignity before courts of justice every
person who works may take rest from labour for health while children need care at home when their family asks
"""


def main():
    words = TEXT.split()
    log, kind, fault = sys.argv[1], "die", None
    if len(sys.argv) > 2:
        kind, _, fault = sys.argv[2].rpartition(":")
    for line in sys.stdin:
        with open(log, "a", encoding="utf-8") as notes:
            notes.write(line)
        if fault and fault in line:
            if kind == "hang":
                time.sleep(60)
            elif kind == "lose":
                continue
            sys.exit(3)
        drawn = random.Random(line)
        count = max(len(line) // 6, 3)
        said = drawn.sample(words, min(count, len(words)))
        print(" ".join(said).capitalize() + ".", flush=True)


if __name__ == "__main__":
    main()
