import numpy as np
import pyarrow as pa
import pytest

from babelmill.format import CLEAN
from transforms.rules import REASONS, Rules, judge

RULES = {
    "min_characters": 10,
    "max_characters": 100,
    "invalid_utf8": "repair",
    "script_share": 0.5,
    "threshold": 0.5,
    "foreign_threshold": 0.95,
}
GOOD = {"characters": 50, "replaced": 0, "script": 1.0, "label": "de", "score": 0.9, "own": 0.9}
NAN = float("nan")


def reason_of(document, labels=("de",), **rules):
    """Reason and value for one document that is good but for what is said of it."""
    row = {"document": 0, "text": "", **GOOD, **document}
    label = pa.array([row.pop("label")], pa.string()).dictionary_encode().cast(CLEAN.field("label").type)
    columns = {name: pa.array([value], CLEAN.field(name).type) for name, value in row.items()} | {"label": label}
    batch = pa.record_batch([columns[name] for name in CLEAN.names], schema=CLEAN)
    judged = judge(batch, Rules(**RULES | rules), labels)
    assert (judged.reason.dtype, judged.value.dtype) == (np.int8, np.float32)
    return None if judged.reason[0] < 0 else (REASONS[judged.reason[0]], pytest.approx(judged.value[0]))


def test_a_good_document_stays():
    assert reason_of({}) is None


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"characters": 0}, ("empty", 0)),
        ({"characters": 9}, ("too_short", 9)),
        ({"characters": 10}, None),
        ({"characters": 100}, None),
        ({"characters": 101}, ("too_long", 101)),
        ({"script": 0.25}, ("script", 0.25)),
        ({"script": 0.5}, None),
        ({"script": NAN}, None),
        ({"label": "nl", "score": 0.6, "own": 0.3}, ("language", 0.6)),
        ({"label": "nl", "score": 0.4, "own": 0.55}, None),  # labels that stand together are likelier than the best
        ({"label": "nl", "score": 0.4, "own": 0.45}, ("language_score", 0.45)),
        ({"label": "de", "score": 0.4, "own": 0.4}, ("language_score", 0.4)),
        ({"label": None, "score": NAN, "own": NAN}, None),  # cleaned without a model
    ],
)
def test_each_reason(document, expected):
    assert reason_of(document) == expected


def test_a_threshold_that_float32_cannot_hold_is_met():
    assert reason_of({"script": 0.8, "own": 0.7}, script_share=0.8, threshold=0.7) is None


def test_invalid_utf8_is_a_choice():
    assert reason_of({"replaced": 3}) is None
    assert reason_of({"replaced": 3}, invalid_utf8="reject") == ("invalid_utf8", 3)


def test_the_first_reason_counts():
    everything = {"characters": 0, "replaced": 1, "script": 0.0, "label": "nl", "own": 0.0}
    reasons = [reason_of(everything, invalid_utf8="reject")[0]]
    for cure in (
        {"characters": 5},
        {"replaced": 0},
        {"characters": 500},
        {"characters": 50},
        {"script": 1.0},
        {"label": "de"},
    ):
        everything |= cure
        reasons.append(reason_of(everything, invalid_utf8="reject")[0])
    assert reasons == list(REASONS[1:])


def test_a_document_with_text_of_a_test_set_goes_for_that_and_nothing_else():
    labels = pa.array(["de"] * 3).dictionary_encode().cast(CLEAN.field("label").type)
    columns = [[0, 1, 2], ["a", "b", ""], [50, 50, 0], [0] * 3, [1.0] * 3, labels, [0.9] * 3, [0.9] * 3]
    judged = judge(pa.record_batch(columns, schema=CLEAN), Rules(**RULES), ("de",), np.array([0, 3, 1], np.int32))
    assert judged.reason.tolist() == [-1, REASONS.index("test_set"), REASONS.index("test_set")]
    np.testing.assert_array_equal(judged.value, np.float32([NAN, 3, 1]))


def test_a_label_like_the_own_is_no_other_language():
    assert reason_of({"label": "nn", "score": 0.45, "own": 0.9}, labels=("no", "nn")) is None


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"label": "en", "score": 0.94, "own": NAN}, None),
        ({"label": "en", "score": 0.95, "own": NAN}, ("language", 0.95)),
        ({"label": "bo", "score": 1.0, "own": NAN}, None),
        ({"script": 0.1, "own": NAN, "score": 0.2}, ("script", 0.1)),
    ],
)
def test_a_language_without_labels_loses_only_what_is_certainly_another(document, expected):
    assert reason_of(document, labels=(), kin=("bo",)) == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"label": "en", "score": 0.6, "own": 0.1}, None),
        ({"label": "en", "score": 0.97, "own": 0.01}, ("language", 0.97)),
        ({"label": "so", "score": 0.97, "own": 0.97}, None),
        ({"label": "so", "score": 0.1, "own": 0.1}, None),
    ],
)
def test_so_does_a_language_whose_label_the_model_hardly_gives(document, expected):
    assert reason_of(document, labels=("so",), reliable=False) == expected


def test_rows_are_judged_apart():
    labels = pa.array(["de", None, "fr"]).dictionary_encode().cast(CLEAN.field("label").type)
    batch = pa.record_batch(
        [[0, 1, 2], ["a", "b", "c"], [50, 5, 50], [0, 0, 0], [1.0, NAN, 1.0], labels, [0.9, NAN, 0.8], [0.9, NAN, 0.1]],
        schema=CLEAN,
    )
    judged = judge(batch, Rules(**RULES), ("de",))
    assert judged.reason.tolist() == [-1, REASONS.index("too_short"), REASONS.index("language")]
    np.testing.assert_allclose(judged.value, [NAN, 5, 0.8])
    assert judge(batch[:0], Rules(**RULES), ("de",)).reason.size == 0
