import numpy as np
import pyarrow as pa
import pytest

from transforms import langid
from transforms.filters.sides import DENSE_SEGMENT, SEGMENT, segment_of
from transforms.filters.signals import SIGNALS, PairMeasuring, measure
from transforms.languages import language

MEASURING = PairMeasuring(source=language("de"), target=language("ja"))
PAIRS = [
    ("Seite 3 von 7.", "7ページ中3ページ目。"),
    ("Siehe <b>unten</b>", "Siehe <b>unten</b>"),
    ("", "\ufffd"),
    ("Wort für Wort und noch einmal: Wort für Wort und noch einmal", "(1"),
]


def columns(pairs):
    return [pa.array([pair[side] for pair in pairs], pa.string()) for side in (0, 1)]


def rows(pairs, identifier=None, measuring=MEASURING):
    found = measure(*columns(pairs), measuring, identifier)
    assert found.schema == SIGNALS
    return found.to_pylist()


def test_every_signal_is_in_its_column():
    page, copy, empty, repeating = rows(PAIRS)
    assert (page["source_characters"], page["source_columns"], page["source_letters"]) == (14, 14, 8)
    assert (page["target_characters"], page["target_columns"], page["target_letters"]) == (11, 20, 8)
    assert page["log_ratio"] == pytest.approx(np.log(21 / 15), rel=1e-6)
    assert (page["source_script"], page["target_script"]) == (1, 1)
    assert (page["source_ends"], page["target_ends"], page["numerals"], page["brackets"]) == (1, 1, 0, 0)
    assert (copy["similarity"], copy["target_script"]) == (1, 0)
    assert copy["source_markup"] == copy["target_markup"] == pytest.approx(7 / 18)
    assert (empty["source_characters"], empty["source_replaced"], empty["target_replaced"]) == (0, 0, 1)
    assert np.isnan(empty["source_script"])
    assert (repeating["source_repeated"], repeating["target_repeated"]) == (pytest.approx(29 / 60), 0)
    assert (repeating["brackets"], repeating["target_ends"]) == (1, 0)
    assert repeating["marks"] == 0


def test_letters_of_neither_language_are_alien():
    found = rows([("Слово OK", "ОК 言葉"), ("語 Wort", "1")])
    assert [row["source_alien"] for row in found] == [pytest.approx(5 / 7), 0]
    assert found[0]["target_alien"] == pytest.approx(2 / 4)
    assert np.isnan(found[1]["target_alien"])
    unknown = PairMeasuring(source=language("de"), target=language("xyz", strict=False))
    assert np.isnan(rows([("Слово", "слово")], measuring=unknown)[0]["source_alien"])


def test_a_pair_is_measured_alone():
    identifier = langid.load(langid.BUNDLED)
    together = rows(PAIRS, identifier)
    for pair, row in zip(PAIRS, together, strict=True):
        np.testing.assert_equal(rows([pair], identifier)[0], row)
    np.testing.assert_equal(rows([*PAIRS, *PAIRS], identifier)[len(PAIRS) :], together)


def test_a_slice_is_measured_as_its_rows():
    sliced = [column[1:3] for column in columns(PAIRS)]
    np.testing.assert_equal(measure(*sliced, MEASURING).to_pylist(), rows(PAIRS)[1:3])


def test_languages_are_asked_for_side_by_side():
    text, other = "Der Bahnhof ist hinter der nächsten Ecke.", "Wir haben gestern lange auf den Zug gewartet."
    identifier = langid.load(langid.BUNDLED)
    copy, found = rows([(text, text), (text, other)], identifier)
    assert found["source_own"] > 0.9 > 0.1 > found["target_own"]
    assert found["source_foreign"] == 0 < 0.9 < found["target_foreign"]
    for silent in (copy, rows([(text, other)])[0]):
        assert all(np.isnan(silent[f"{side}_{name}"]) for side in ("source", "target") for name in ("own", "foreign"))


def test_segments_are_shorter_where_characters_say_more():
    assert (segment_of(language("de")), segment_of(language("th"))) == (SEGMENT, SEGMENT)
    assert (segment_of(language("ja")), segment_of(language("ko"))) == (DENSE_SEGMENT, DENSE_SEGMENT)


def test_nothing_is_measured_too():
    assert measure(*columns([]), MEASURING, langid.load(langid.BUNDLED)).num_rows == 0


def test_sides_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="2 source texts and 1 target texts"):
        measure(pa.array(["a", "b"]), pa.array(["a"]), MEASURING)
