import json
import pickle

import pytest
from pydantic import ValidationError

from pipelines.config import (
    Characters,
    Clean,
    Config,
    Corpus,
    Dedup,
    Download,
    LanguageId,
    Shards,
    Vocabulary,
)
from pipelines.config_types import Section, parse_size
from vocab.training import TrainingOptions


def corpus(**values):
    return Corpus(**{"name": "cc-100", "format": "cc100", **values})


def said(model: type[Section], **values) -> dict[tuple, str]:
    """What validation says of each key."""
    with pytest.raises(ValidationError) as caught:
        model(**values)
    return {error["loc"] + tuple(error.get("ctx", {}).get("at", ())): error["msg"] for error in caught.value.errors()}


def test_defaults_are_those_of_the_reference():
    config = Config(workdir="work", corpora=[corpus()])
    assert (config.seed, config.on_error) == (1, "skip")
    assert (corpus().location, corpus().languages, corpus().split) == (None, None, "blank_line")
    assert config.download == Download(
        connections=4, retries=8, timeout=60.0, part_bytes="32MiB", max_document_bytes="16MiB"
    )
    assert config.clean.characters == Characters(min=10, max=1_000_000)
    assert config.clean.script.share == 0.2
    assert config.clean.language_id == LanguageId(threshold=0.5, thresholds={}, foreign=0.95, model=None)
    assert config.dedup == Dedup(near=True, threshold=0.8, bands=25, rows=5, shingle=5, across="language", margin=0.1)
    assert (config.vocabulary.alpha, config.vocabulary.unimax, config.vocabulary.model_file) == (0.3, None, None)
    assert config.shards == Shards(tokens=4_000_000, validation=100)


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("32MiB", 32 << 20),
        ("500kB", 500_000),
        ("500 KB", 500_000),
        ("1.5GB", 1_500_000_000),
        ("0.5KiB", 512),
        ("1TiB", 1 << 40),
        ("7b", 7),
        (4096, 4096),
    ],
)
def test_sizes(written, size):
    assert parse_size(written) == size


@pytest.mark.parametrize("wrong", ["32M", "MiB", "-1MB", "1,5GB", "1e3kB", "", "32MiB more", True, 1.5, None])
def test_what_is_no_size_is_refused(wrong):
    assert ("part_bytes",) in said(Download, part_bytes=wrong)


@pytest.mark.parametrize(
    ("model", "key", "wrong"),
    [
        (Dedup, "threshold", "0.8"),
        (Dedup, "threshold", True),
        (Dedup, "threshold", 1.0001),
        (Dedup, "threshold", -0.0001),
        (Dedup, "near", "true"),
        (Dedup, "near", 1),
        (Dedup, "bands", 25.0),
        (Dedup, "bands", "25"),
        (Dedup, "shingle", 0),
        (Dedup, "across", "everything"),
        (Download, "timeout", float("inf")),
        (Download, "timeout", 0),
        (Download, "connections", 0),
        (Vocabulary, "coverage", 0.9),
        (Vocabulary, "user_defined_symbols", "<mask>"),
        (Vocabulary, "user_defined_symbols", [""]),
        (Vocabulary, "user_defined_symbols", ["a b"]),
        (Vocabulary, "user_defined_symbols", ["<s>"]),
        (Vocabulary, "user_defined_symbols", ["<BT>", "<BT>"]),
        (Shards, "validation", -1),
        (Clean, "language_id", True),
        (Clean, "form", "nfc"),
        (LanguageId, "thresholds", {"de": 1.5}),
    ],
)
def test_wrong_types_and_impossible_values_are_refused(model, key, wrong):
    assert [path[0] for path in said(model, **{key: wrong})] == [key]


def test_a_whole_number_is_a_number():
    assert Dedup(threshold=1).threshold == 1.0


def test_unknown_keys_and_changes_are_refused():
    assert said(Dedup, treshold=0.5) == {("treshold",): "Extra inputs are not permitted"}
    with pytest.raises(ValidationError, match="frozen"):
        Dedup().threshold = 0.5


@pytest.mark.parametrize("name", ["", "a/b", "..", ".hidden", "-x", "a b", "ü", "a\n", "x" * 101])
def test_a_corpus_name_is_a_folder_name(name):
    assert list(said(Corpus, name=name, format="cc100")) == [("name",)]


def test_corpora_have_names_of_their_own():
    assert said(Config, workdir="w", corpora=[corpus(name="a"), corpus(name="b"), corpus(name="a")]) == {
        ("corpora", 2, "name"): "found 'a' a second time, expected a name of its own"
    }
    assert list(said(Config, workdir="w", corpora=[])) == [("corpora",)]


def test_languages_are_codes_each_once():
    assert corpus(languages=["no", "hi_rom", "zh-Hans", "nds"]).languages == ["no", "hi_rom", "zh-Hans", "nds"]
    assert said(Corpus, name="x", format="cc100", languages=["de", "fr", "de"]) == {
        ("languages", 2): "found 'de' a second time, expected it once"
    }
    assert list(said(Corpus, name="x", format="cc100", languages=["de", "not a code"])) == [("languages", 1)]
    assert list(said(Corpus, name="x", format="cc100", languages=[])) == [("languages",)]


def test_thresholds_are_kept_by_language_whatever_its_code():
    assert LanguageId(thresholds={"hi_rom": 0.2, "deu": 0.3, "no": 1}).thresholds == {
        "hi-Latn": 0.2,
        "de": 0.3,
        "no": 1,
    }
    found = said(LanguageId, thresholds={"hi_rom": 0.2, "hi-Latn": 0.3})
    assert found == {("thresholds", "hi-Latn"): "found a second threshold for hi-Latn, expected one"}
    assert "qqx" in str(said(LanguageId, thresholds={"qqx": 0.2}))


def test_language_id_is_switched_off_by_false():
    assert Clean(language_id=False).language_id is None
    assert Clean(language_id=False).model_dump(mode="json")["language_id"] is None
    assert Clean.model_validate({"language_id": {"threshold": 0.7}}).language_id == LanguageId(threshold=0.7)


@pytest.mark.parametrize(("bands", "rows"), [(128, 1), (1, 128), (32, 4), (16, 8), (25, 5)])
def test_bands_fit_in_the_values(bands, rows):
    assert Dedup(bands=bands, rows=rows).bands == bands


@pytest.mark.parametrize(
    "values", [{"bands": 26}, {"rows": 6}, {"bands": 43, "rows": 3}, {"bands": 99, "threshold": 9}]
)
def test_bands_that_do_not_fit_are_refused_beside_other_errors(values):
    found = said(Dedup, **values)
    assert "expected at most 128 values" in found[("rows",)]
    assert len(found) == 1 + ("threshold" in values)


def test_length_bounds_are_ordered():
    assert Characters(min=5, max=5).max == 5
    assert said(Characters, min=6, max=5) == {("max",): "found 5, expected at least `min`, which is 6"}
    assert list(said(Characters, min=2_000_000)) == [("max",)]


def test_the_sample_is_by_alpha_or_by_unimax():
    assert (Vocabulary(unimax=4).alpha, Vocabulary(unimax=4).unimax) == (None, 4.0)
    assert (Vocabulary(alpha=0.0).alpha, Vocabulary(alpha=0.0).unimax) == (0.0, None)
    assert said(Vocabulary, alpha=0.3, unimax=4) == {
        ("unimax",): "found both alpha and unimax, expected one of the two"
    }
    assert said(Vocabulary, alpha=None) == {("unimax",): "found neither alpha nor unimax, expected one of the two"}


def test_a_given_model_excludes_the_keys_for_training():
    assert Vocabulary(model_file="my.model").model_file == "my.model"
    found = said(Vocabulary, model_file="my.model", size=32_000, sample="1MB")
    assert found == {("model_file",): "found keys for training beside it, size, sample; remove them, or it"}


def test_every_training_key_reaches_the_trainer():
    section = Vocabulary(
        size=9000,
        model="bpe",
        coverage=0.99,
        byte_fallback=False,
        user_defined_symbols=["<BT>"],
        threads=3,
        max_sentence="1KiB",
    )
    assert section.training_options() == TrainingOptions(
        size=9000,
        model="bpe",
        coverage=0.99,
        byte_fallback=False,
        user_defined_symbols=("<BT>",),
        threads=3,
        max_sentence_bytes=1024,
    )


def test_paths_are_left_alone_without_a_file():
    assert Config(workdir="work", corpora=[corpus(location="cc-100")]).workdir == "work"


def test_a_configuration_survives_json_and_pickle():
    vocabulary = Vocabulary(unimax=2, user_defined_symbols=["<mask>"])
    clean = Clean(language_id=False)
    config = Config(workdir="w", corpora=[corpus(languages=["no"])], vocabulary=vocabulary, clean=clean)
    assert pickle.loads(pickle.dumps(config)) == config
    assert Config.model_validate(json.loads(config.model_dump_json(exclude_unset=True))) == config


def test_the_work_directory_is_a_folder_or_an_address_that_can_be_written():
    for address in ("work", "s3://bucket/folder", "memory://work"):
        assert Config(workdir=address, corpora=[corpus()]).workdir == address
    assert Config(workdir="file:///a/b", corpora=[corpus()]).workdir == "/a/b"
    for address in ("https://host/work", "simplecache::s3://bucket/folder"):
        (message,) = said(Config, workdir=address, corpora=[corpus()]).values()
        assert message.startswith(f"found {address!r}, expected a folder, or an address that can be written")
