from dataclasses import asdict, replace

import numpy as np
import pyarrow as pa
import pytest
from toy_bitexts import bitext

from transforms.clean_pairs import FilterPairs, MeasurePairs, PairMeasures
from transforms.filters.ratio import LengthRatio, learn_ratio
from transforms.filters.rules import PairRules
from transforms.filters.signals import SIGNALS
from transforms.journal import Task
from transforms.learn_pairs import FEWEST, LearnPairs, cutter, draw
from transforms.lexicon.saving import load
from transforms.minhash import pair_hashes, text_hashes
from transforms.parallel.batches import PAIRS
from transforms.parts import Part
from transforms.storage import WorkDirectory

MEASURES = PairMeasures(form="NFC", model=None, by="pair")
RULES = PairRules(lexical=0.5)


def cleaned(work, number, source, target):
    """A clean part of pairs and its signatures."""
    rows, name = len(source), f"pairs/c/xa-xb/part-{number:05d}"
    scores = pa.array(np.full(rows, np.nan, np.float32))
    columns = [pa.array(np.arange(rows)), source.cast(pa.binary()), target.cast(pa.binary()), scores]
    with work.write_arrow(f"raw/{name}.arrow", PAIRS) as writer:
        writer.write(pa.record_batch(columns, schema=PAIRS))
    job = {"languages": ["xa", "xb"], "part": asdict(writer.file)}
    task = Task(name=name, parameters="p", inputs="i", size=1, job=job)
    files = MeasurePairs(measures=MEASURES)(work, task).files
    return files["part"], files["signatures"]


def in_parts(work, source, target, size):
    starts = range(0, len(source), size)
    return [cleaned(work, number, source[at : at + size], target[at : at + size]) for number, at in enumerate(starts)]


def learnt(work, parts, rules=RULES, **options):
    job = {
        "languages": ["xa", "xb"],
        "parts": [{"part": asdict(part), "signatures": asdict(signatures)} for part, signatures in parts],
        "rules": rules.to_json(),
    }
    task = Task(name="pairs/xa-xb", parameters="p", inputs="i", size=1, job=job)
    return LearnPairs(**{"sample": 10_000, **options})(work, task)


@pytest.fixture(scope="module")
def toy():
    return bitext(3000)


@pytest.fixture(scope="module")
def lexicon(toy, tmp_path_factory):
    work = WorkDirectory(tmp_path_factory.mktemp("toy"))
    parts = in_parts(work, *toy, 1700)
    return work, parts, learnt(work, parts)


def test_different_pairs_with_the_smallest_hashes_are_drawn(tmp_path):
    source, target = bitext(500)
    repeated = [pa.concat_arrays([side, side[:100]]) for side in (source, target)]
    work = WorkDirectory(tmp_path)
    parts = in_parts(work, *repeated, 250)
    keys = pair_hashes(text_hashes(source), text_hashes(target))[:, 0]
    _, first = np.unique(keys, return_index=True)
    for count in (40, 10_000):
        drawn = draw(work, parts, count)
        assert drawn.column("source").to_pylist() == source.take(pa.array(first[:count])).to_pylist()
        assert drawn.column("target").to_pylist() == target.take(pa.array(first[:count])).to_pylist()


def test_it_is_the_same_however_pairs_are_cut_into_parts(lexicon, toy, tmp_path):
    _, _, record = lexicon
    work = WorkDirectory(tmp_path)
    again = learnt(work, in_parts(work, *toy, 600))
    assert {role: file.sha256 for role, file in again.files.items()} == {
        role: file.sha256 for role, file in record.files.items()
    }
    assert again.facts == record.facts


def test_the_ratio_is_that_of_the_sample(lexicon):
    work, parts, record = lexicon
    signals = pa.concat_tables([Part.open(work, part).reader.read_all().select(SIGNALS.names) for part, _ in parts])
    ratio = LengthRatio.from_json(record.facts["ratio"])
    assert ratio == replace(learn_ratio(draw(work, parts, 20_000)), pairs=ratio.pairs)
    assert ratio.pairs <= signals.num_rows and ratio.median == pytest.approx(learn_ratio(signals).median, abs=0.02)


def test_rejected_pairs_teach_nothing(lexicon):
    work, parts, _ = lexicon
    strict = learnt(work, parts, replace(RULES, max_characters=(25, 25)))
    texts = draw(work, parts, 10_000)
    short = sum(
        max(len(source), len(target)) <= 25
        for source, target in zip(texts.column("source").to_pylist(), texts.column("target").to_pylist(), strict=True)
    )
    facts = strict.facts["lexicon"]
    if short < FEWEST:
        assert facts == {"learnt": 0} and not strict.files
    else:
        assert facts["learnt"] + sum(facts["left_out"].values()) + facts["calibrated"] == short


def test_no_lexicon_of_few_pairs_or_where_none_is_asked_for(toy, tmp_path):
    work = WorkDirectory(tmp_path)
    few = learnt(work, in_parts(work, toy[0][: FEWEST - 1], toy[1][: FEWEST - 1], 2000))
    assert not few.files and few.facts["lexicon"] == {"learnt": 0}
    none = learnt(work, in_parts(work, *toy, 2000), sample=None)
    assert not none.files and none.facts["lexicon"] == {} and none.facts["ratio"]["pairs"] > 0


def test_pairs_that_met_by_chance_are_rejected_and_each_pair_gets_its_score(lexicon, tmp_path):
    work, _, record = lexicon
    source, target = bitext(400, seed=5)
    wrong = np.arange(400) < 40
    places = np.where(wrong, (np.arange(400) + 200) % 400, np.arange(400))
    part, _ = cleaned(work, 90, source, target.take(pa.array(places)))
    job = {
        "languages": ["xa", "xb"],
        "part": asdict(part),
        "rules": PairRules(lexical=0.5, skip=("length_ratio", "punctuation")).to_json(),
        "lexicon": {role: asdict(file) for role, file in record.files.items()},
    }
    judged = FilterPairs()(work, Task(name="pairs/c/xa-xb/part-00090", parameters="p", inputs="i", size=1, job=job))
    scores = work.open_arrow(judged.files["scores"]).read_all().column("score").to_numpy()
    batch = next(Part.open(work, part).batches())
    assert np.array_equal(scores, load(work, "lexicon/xa-xb").score(batch.column("source"), batch.column("target")))
    rejects = work.open_arrow(judged.files["rejects"]).read_all().to_pylist()
    lexical = [row["row"] for row in rejects if row["reason"] == "lexical"]
    assert lexical == np.flatnonzero(scores < 0.5).tolist()
    assert np.isin(lexical, np.flatnonzero(wrong)).mean() > 0.8 and len(lexical) > 30


def test_copies_in_other_batches_get_the_score_of_the_pair_unless_they_are_rejected(lexicon, tmp_path):
    work, _, record = lexicon
    source, target = bitext(60, seed=6)
    part, _ = cleaned(work, 91, source, target)
    clean = work.open_arrow(part).read_all().combine_chunks().to_batches()[0]
    # All pairs thrice: a third of the first copies has too low a score of the corpus, so they are not scored.
    low = pa.array(np.where(np.arange(60) % 3 == 0, 0.1, 0.9).astype(np.float32))
    low_scores = clean.set_column(clean.schema.get_field_index("score"), clean.schema.field("score"), low)
    with work.write_arrow("clean/pairs/c/xa-xb/part-00092.arrow", clean.schema) as writer:
        for batch in (low_scores, clean.slice(0, 0), clean.slice(0, 25), pa.concat_batches([clean.slice(25), clean])):
            writer.write(batch)
    job = {
        "languages": ["xa", "xb"],
        "part": asdict(writer.file),
        "rules": PairRules(lexical=0.5, corpus_score=0.5, skip=("length_ratio", "punctuation")).to_json(),
        "lexicon": {role: asdict(file) for role, file in record.files.items()},
    }
    judged = FilterPairs()(work, Task(name="pairs/c/xa-xb/part-00092", parameters="p", inputs="i", size=1, job=job))
    scores = work.open_arrow(judged.files["scores"]).read_all().column("score").to_numpy()
    each = load(work, "lexicon/xa-xb").score(source, target)
    unscored = np.where(np.arange(60) % 3 == 0, np.float32(np.nan), each)
    assert np.array_equal(scores, np.concatenate([unscored, each, each]), equal_nan=True)
    rejects = work.open_arrow(judged.files["rejects"]).read_all().to_pylist()
    low_rows = [row["row"] for row in rejects if row["reason"] == "corpus_score"]
    assert low_rows == list(range(0, 60, 3))
    assert [row["row"] for row in rejects if row["reason"] == "lexical"] == np.flatnonzero(scores < 0.5).tolist()


def test_a_script_without_spaces_is_cut_by_a_vocabulary_of_its_own(tmp_path):
    rng, words = np.random.default_rng(1), ["山川", "東京駅", "日本語", "電車", "図書館", "犬", "新聞", "時計屋"]
    names = ["river", "tokyo", "japanese", "train", "library", "dog", "newspaper", "watchmaker"]
    drawn = [rng.choice(8, size=rng.integers(2, 6), replace=False) for _ in range(2000)]
    source = pa.array([f"{' '.join(names[i] for i in row)} {n}" for n, row in enumerate(drawn)])
    target = pa.array([f"{''.join(words[i] for i in row)} {n}" for n, row in enumerate(drawn)])
    work = WorkDirectory(tmp_path)
    record = learnt(work, in_parts(work, source, target, 3000))
    pieces = cutter(work, record.files["pieces"])
    assert cutter(work, work.copy(work.local(record.files["pieces"]), "copy.model")) is pieces
    found = load(work, "lexicon/xa-xb", pieces=pieces)
    assert found.translations("library", 1)[0].word == "図書館"
