import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.filters import lengths, loops, numerals, punctuation
from transforms.filters.points import ASSIGNED, character_table, decoded


@given(st.lists(st.text(max_size=20), max_size=6))
def test_decoding_is_pythons(texts):
    found = decoded(pa.array(["dropped", *texts], pa.string())[1:])
    assert (found.values.dtype, found.offsets.dtype) == (np.uint32, np.int32)
    rows = [found.values[a:b] for a, b in zip(found.offsets, found.offsets[1:], strict=False)]
    assert ["".join(map(chr, row)) for row in rows] == texts
    assert found.longest == max(map(len, texts), default=0)


def test_what_is_no_text_is_refused():
    with pytest.raises(ValueError, match="text 1 of 2 is null"):
        decoded(pa.array(["a", None]))
    with pytest.raises(TypeError, match=r"expected a pyarrow\.StringArray"):
        decoded(pa.array([b"a"]))


def test_a_table_asks_about_every_assigned_character():
    table = character_table(lambda character, category: category != "Cn")
    private = {point for point in range(0x110000) if unicodedata.category(chr(point)) in ("Co", "Cs")}
    for point in range(0, 0x110000, 7):
        if point not in private:
            assert table[point] == (unicodedata.category(chr(point)) != "Cn"), hex(point)


@pytest.mark.parametrize("module", [lengths, loops, numerals, punctuation])
def test_tables_are_as_if_each_character_was_asked_about(module, monkeypatch):
    asked = []
    monkeypatch.setattr(module, "character_table", lambda of, apart="": asked.append(of) or character_table(of, apart))

    table = module._table.__wrapped__()

    characters = [chr(point) for span in ASSIGNED for point in span]
    expected = np.zeros(0x110000, np.uint8)
    expected[[ord(character) for character in characters]] = [
        asked[0](character, unicodedata.category(character)) for character in characters
    ]
    assert (table == expected).all()
