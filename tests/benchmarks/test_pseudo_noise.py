"""Failures that the benchmark plants are what they are called."""

import random

import pyarrow as pa
import pytest

from benchmarks.noise_pairs import Archive
from benchmarks.pseudo_noise import copied, empty, loop, pieces_of, truncated
from transforms.filters.loops import loops
from transforms.filters.points import decoded
from transforms.parallel.bitext import Bitext

PAIRS = [
    ("Der Hund schläft heute auf dem Sofa im Garten.", "The dog sleeps on the sofa in the garden today."),
    ("Die Katze ist sehr müde und bleibt im Haus.", "猫はとても疲れていて、今日はずっと家の中にいます。"),
]


@pytest.fixture
def archive():
    sources, targets = zip(*PAIRS, strict=True)
    return Archive(Bitext.__new__(Bitext), (list(sources), list(targets)), [0, 1], [])


@pytest.mark.parametrize("line", [0, 1])
def test_failures_are_as_described(archive, line):
    source, target = PAIRS[line]
    for seed in range(50):
        rng = random.Random(seed)
        pieces, between = pieces_of(target)
        looped = loop(archive, line, rng)
        if looped is not None:
            assert loops(decoded(pa.array([looped])))[0] >= 2.9
        cut = truncated(archive, line, rng)
        assert target.startswith(cut) and len(cut) < 0.7 * len(target) and cut[-1] not in ".。"
        assert copied(archive, line, rng) == source
        assert not any(character.isalpha() for character in empty(archive, line, rng))
    assert between.join(pieces) == target and (between == " ") == (line == 0)
