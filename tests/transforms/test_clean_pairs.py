from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from babelmill.format import PAIR_REJECTS, PAIR_SIGNATURES
from transforms import clean_pairs, langid
from transforms.clean import spoken_language
from transforms.clean_pairs import CLEAN, FilterPairs, MeasurePairs, PairMeasures, measure, measure_all
from transforms.filters.rules import PairRules
from transforms.filters.signals import PairMeasuring
from transforms.journal import Task
from transforms.languages import language
from transforms.minhash import pair_hashes, sign, text_hashes
from transforms.pair_sides import SideMeasuring
from transforms.parallel.batches import PAIRS
from transforms.storage import WorkDirectory

LANGUAGES = PairMeasuring(source=language("de"), target=language("en"))
ROWS = [
    (7, b"Guten  Tag ", b"Hello\xff", 0.5),
    (9, b"", b"Nothing", float("nan")),
    (12, "Grüße".encode(), b"Bye", 0.25),
]


def measures(**changes):
    return PairMeasures(**{"form": "NFC", "model": None, "by": "pair", **changes})


def sides(model=None):
    return SideMeasuring("NFC", model)


def raw(rows=ROWS):
    return pa.record_batch([pa.array(column) for column in zip(*rows, strict=True)], names=PAIRS.names).cast(PAIRS)


def test_both_sides_are_normalised_and_the_score_stays():
    clean, _ = measure(raw(), LANGUAGES, "pair", sides())
    assert clean.schema.equals(CLEAN)
    assert clean.column("document").to_pylist() == [7, 9, 12]
    assert clean.column("source").to_pylist() == ["Guten Tag", "", "Grüße"]
    assert clean.column("target").to_pylist() == ["Hello\ufffd", "Nothing", "Bye"]
    assert np.array_equal(clean.column("score").to_numpy(), np.float32([0.5, np.nan, 0.25]), equal_nan=True)


SOURCES, TARGETS = ["Guten Tag", "", "Grüße"], ["Hello\ufffd", "Nothing", "Bye"]


@pytest.mark.parametrize(("by", "compared", "others"), [("source", SOURCES, TARGETS), ("target", TARGETS, SOURCES)])
def test_the_side_that_is_compared_is_the_side_that_is_signed(by, compared, others):
    _, signed = measure(raw(), LANGUAGES, by, sides())
    assert signed.schema.equals(PAIR_SIGNATURES)
    assert signed.column("hash").to_pylist() == [row.tobytes() for row in sign(pa.array(compared)).hash]
    assert signed.column("other").to_pylist() == text_hashes(pa.array(others))[:, 0].tolist()
    assert signed.column("characters").to_pylist() == [9 + 6, 7, 5 + 3]


def test_of_a_pair_both_sides_are_signed():
    _, signed = measure(raw(), LANGUAGES, "pair", sides())
    expected = pair_hashes(*(text_hashes(pa.array(texts)) for texts in (SOURCES, TARGETS)))
    assert signed.column("hash").to_pylist() == [row.tobytes() for row in expected]
    assert signed.column("other").to_pylist() == [0, 0, 0]


def test_what_measurements_depend_on():
    files = [type("File", (), {"sha256": sha})() for sha in "ab"]
    told = [
        measures().digest(["de", "en"], None, files[0]),
        measures(by="source").digest(["de", "en"], None, files[0]),
        measures().digest(["de", "ru"], None, files[0]),
        measures().digest(["de", "en"], None, files[1]),
        measures().digest(["de", "en"], "model", files[0]),
    ]
    assert len(set(told)) == len(told)


COPIES = [ROWS[0], ROWS[2], (20, *ROWS[0][1:3], 0.75), ROWS[1], (30, b"Guten Tag", b"Hello\xff", 0.1), ROWS[2]]
"""The fifth is cleaned to what the first is, and is not equal to it."""


def written(work, rows, ends, name="pairs/c/de-en/part-00000"):
    """A raw part of pairs, in batches that end at some rows."""
    with work.write_arrow(f"raw/{name}.arrow", PAIRS) as writer:
        for start, end in pairwise([0, *ends, len(rows)]):
            writer.write(raw(rows).slice(start, end - start))
    return writer.file


@pytest.mark.parametrize("by", ["pair", "source"])
@pytest.mark.parametrize("ends", [(), (2,), (2, 2, 3), (1, 2, 3, 4, 5)])
def test_pairs_that_are_equal_are_measured_as_each_alone(ends, by, tmp_path):
    work, how = WorkDirectory(tmp_path), measures(model=langid.BUNDLED, by=by)
    job = {"languages": ["de", "en"], "part": vars(written(work, COPIES, ends))}
    task = Task(name="pairs/c/de-en/part-00000", parameters="p", inputs="i", size=1, job=job)

    files = MeasurePairs(measures=how)(work, task).files

    spoken = PairMeasuring(**{s: spoken_language(c, how.model) for s, c in (("source", "de"), ("target", "en"))})
    alone = [measure(raw([row]), spoken, by, sides(how.model)) for row in COPIES]
    for role, each in zip(("part", "signatures"), zip(*alone, strict=True), strict=True):
        reader = work.open_arrow(files[role])
        assert repr(reader.read_all().to_pylist()) == repr(pa.Table.from_batches(each).to_pylist())  # NaN is not NaN
    part = work.open_arrow(files["part"])
    sizes = [part.get_batch(number).num_rows for number in range(part.num_record_batches)]
    assert sizes == np.diff([0, *ends, len(COPIES)]).tolist()


def test_equal_pairs_are_measured_once(monkeypatch):
    seen = []
    monkeypatch.setattr(clean_pairs, "measure", lambda batch, *how: seen.append(batch.num_rows) or measure(batch, *how))

    found = list(measure_all([raw(COPIES[:3]), raw(COPIES[3:])], LANGUAGES, "pair", sides()))

    assert seen == [4]
    assert [clean.num_rows for clean, _ in found] == [signed.num_rows for _, signed in found] == [3, 3]


def test_judging_writes_a_score_for_each_pair_and_those_that_go(tmp_path):
    work = WorkDirectory(tmp_path)
    clean, _ = measure(raw(), LANGUAGES, "pair", sides())
    with work.write_arrow("clean/pairs/c/de-en/part-00000.arrow", CLEAN) as writer:
        writer.write(clean.slice(0, 1))
        writer.write(clean.slice(1))
    job = {
        "languages": ["de", "en"],
        "part": vars(writer.file),
        "rules": PairRules(max_characters=(8, 100)).to_json(),
        "lexicon": {},
    }
    task = Task(name="pairs/c/de-en/part-00000", parameters="p", inputs="i", size=1, job=job)
    record = FilterPairs()(work, task)
    scores = work.open_arrow(record.files["scores"]).read_all().column("score").to_numpy()
    assert np.array_equal(scores, np.float32([0.5, np.nan, 0.25]), equal_nan=True)
    rejects = work.open_arrow(record.files["rejects"]).read_all()
    assert rejects.schema.equals(PAIR_REJECTS)
    assert [(row["row"], row["document"], row["reason"], row["value"]) for row in rejects.to_pylist()] == [
        (0, 7, "invalid_utf8", 1.0),
        (1, 9, "empty", 0.0),
    ]
    ledger = record.ledger["de-en"]
    assert (ledger.documents, ledger.kept, ledger.dropped) == (3, 1, {"empty": 1, "invalid_utf8": 1})
    assert record.facts["sides"] == [len("Grüße".encode()), 3] and ledger.bytes == sum(record.facts["sides"])
