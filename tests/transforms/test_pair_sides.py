import numpy as np
import pyarrow as pa
import pytest

from transforms import langid
from transforms.clean import spoken_language
from transforms.filters.points import decoded
from transforms.filters.sides import SIDE, measure_side
from transforms.filters.spoken import spoken
from transforms.minhash import text_hashes
from transforms.normalise import normalise
from transforms.pair_sides import HASH, MEASURED, SideMeasuring

GERMAN, ENGLISH, JAPANESE, GREEK = (spoken_language(code, langid.BUNDLED) for code in ("de", "en", "ja", "el"))
SOURCE = [b"Seite  3 von 7.", b"OK und OK und OK", b"OK und OK und OK", b"", b"Der Bahnhof ist hinter der Ecke.\xff"]
TARGET = [b"Page 3 of 7.", b"OK und OK und OK", b"OK and OK and OK", b"Nothing", b"The station is around the corner."]


def alone(texts, language):
    """What is known of texts that nobody has met before."""
    normal = normalise(pa.array(texts, pa.binary())).texts
    said = spoken(normal, language, langid.load(langid.BUNDLED))
    columns = [*text_hashes(normal).T, *said, *measure_side(decoded(normal), language).columns]
    return pa.record_batch([normal, *map(pa.array, columns)], schema=MEASURED)


def measured(sides, source, target, languages):
    return sides(pa.array(source, pa.binary()), pa.array(target, pa.binary()), languages)


def same(found, expected, rows=None):
    chosen = slice(None) if rows is None else rows
    assert found.schema.equals(expected.schema)
    for name in MEASURED.names:
        np.testing.assert_array_equal(
            np.array(found.column(name).to_pylist())[chosen], np.array(expected.column(name).to_pylist())[chosen], name
        )


@pytest.mark.parametrize("other", [ENGLISH, JAPANESE])
def test_sides_are_measured_as_each_alone(other):
    sides = SideMeasuring("NFC", langid.BUNDLED)
    for rows in ([0, 1, 2, 3, 4], [4, 0], [1, 1, 1], []):
        source, target = ([side[row] for row in rows] for side in (SOURCE, TARGET))
        first, second = measured(sides, source, target, (GERMAN, other))
        same(first, alone(source, GERMAN))
        differ = [row for row in range(len(rows)) if source[row] != target[row]]
        same(second, alone(target, other), differ)
        # Of a copy nobody asks what language it is in.
        for name in ("text", *HASH, *SIDE.names):
            assert second.column(name).to_pylist() == alone(target, other).column(name).to_pylist()


def test_a_text_is_measured_once_for_all_languages_that_it_comes_with(monkeypatch):
    asked, sides = [], SideMeasuring("NFC", None)

    def noted(raw, form):
        asked.append(len(raw))
        return normalise(raw, form=form)

    monkeypatch.setattr("transforms.pair_sides.normalise", noted)
    for translated in (GERMAN, JAPANESE, GREEK):
        measured(sides, [b"one", b"two"], [b"eins", b"two"], (ENGLISH, translated))
    assert asked == [2, 1, 1, 1]  # both of the English, then what each other side has of its own
