import pickle
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest

from transforms.engines.command import Command
from transforms.engines.engine import EngineError
from transforms.errors import InputError

UPPER = "import sys\nfor line in sys.stdin: print(sys.argv[1], line.strip().upper(), flush=True)"


@pytest.fixture(params=[True, False], ids=["stays", "once"])
def engine(request):
    command = [sys.executable, "-c", UPPER, "{source}>{target}"]
    with Command(command=command, codes={"zh-Hans": "zh"}, flushes=request.param) as engine:
        yield engine


def test_each_line_is_a_sentence(engine):
    texts = pa.array(["ein\nHaus", "nul\0 byte\r\n", "", "straße\u2028x"])
    found = engine.translate(texts, source="de", target="zh-Hans", seed=1)
    assert found.texts.to_pylist() == ["de>zh EIN HAUS", "de>zh NUL BYTE", "de>zh ", "de>zh STRASSE X"]
    assert found.scores.dtype == np.float32 and np.isnan(found.scores).all()


def test_threads_and_pickles_have_programs_of_their_own(engine):
    copy = pickle.loads(pickle.dumps(engine))
    with copy, ThreadPoolExecutor(4) as threads:
        batches = [[f"{number} {row}" for row in range(50)] for number in range(20)]
        made = threads.map(lambda batch: copy.translate(batch, source="a", target="b", seed=1), batches)
        for batch, found in zip(batches, made, strict=True):
            assert found.texts.to_pylist() == [f"a>b {text}" for text in batch]


def test_it_serves_what_it_is_said_to():
    assert Command(command=["cat"]).serves("de", "en")
    assert Command(command=["cat"], pairs=[["de", "en"]]).serves("de", "en")
    assert not Command(command=["cat"], pairs=[["de", "en"]]).serves("en", "de")


def test_its_tag_names_the_program():
    tag = Command(command=["cat", "-{source}"]).tag("de", "en")
    assert tag["model"] == "cat -de" and len(tag["sha256"]) == 64
    with pytest.raises(InputError, match=r"program 'nosuch' .* was not found"):
        Command(command=["nosuch"]).tag("de", "en")


def test_what_is_not_text_is_told():
    with (
        Command(command=[sys.executable, "-c", "import os, sys; sys.stdin.read(); os.write(1, b'\\xff\\n')"]) as engine,
        pytest.raises(EngineError, match="not UTF-8"),
    ):
        engine.translate(["a"], source="de", target="en", seed=1)
