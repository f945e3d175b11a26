import os
from pathlib import Path

import pytest

from pipelines.config import LanguageId
from pipelines.config_file import load
from pipelines.config_yaml import ConfigError

MINIMAL = "workdir: work\ncorpora: [{name: x, format: cc100}]\n"


@pytest.fixture
def example(repository: Path) -> str:
    """The configuration that docs/configuration.md shows."""
    return (repository / "docs" / "configuration.md").read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]


@pytest.fixture
def repository() -> Path:
    return Path(__file__).parents[2]


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes corpus.yaml and goes to its folder."""
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> str:
        Path("corpus.yaml").write_text(text, encoding="utf-8")
        return "corpus.yaml"

    return write


def refused(path, overrides=()) -> list[str]:
    """The lines of the error."""
    with pytest.raises(ConfigError) as caught:
        load(path, overrides)
    return str(caught.value).splitlines()


def test_the_example_of_the_documentation_loads(written, example, tmp_path):
    config = load(written(example))
    assert (config.workdir, config.seed) == (str(tmp_path / "work"), 1)
    [corpus] = config.corpora
    assert (corpus.name, corpus.format, corpus.location) == ("cc-100", "cc100", str(tmp_path / "cc-100"))
    assert corpus.languages == ["de", "fr", "ja", "ru"]
    assert config.clean.language_id == LanguageId(threshold=0.5)
    assert (config.dedup.threshold, config.shards.tokens) == (0.8, 4_000_000)
    assert (config.vocabulary.size, config.vocabulary.model, config.vocabulary.alpha) == (16_000, "unigram", 0.3)


def test_the_errors_of_the_documentation_are_said(written, example, repository):
    wrong = example.replace("{threshold: 0.5}", "{treshold: 0.5}").replace("{threshold: 0.8}", "{threshold: 1.8}")
    lines = refused(written(wrong), ["shards.token=3"])
    page = (repository / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert "```\n" + "\n".join(lines) + "\n```\n" in page


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file(written):
    text = """\
seed: '1'
corpora:
  - name: a/b
    format: cc101
    languages: [de, '!!']
  - fromat: cc100
clean:
  language_id: {thresholds: {qqx: 0.3, de: 2}}
  language_id: false
  form: nfc
dedup: {threshold: 1.8, bands: 64}
vocabulary: {alpha: 0.3, unimax: 2, model: unigran, sample: 3 elephants}
shards: 5
dedupe: 3
download: {connections: []}
"""
    said = refused(written(text), ["foo"])
    starts = [
        "corpus.yaml:1: workdir: missing, expected a path or an address, such as work",
        "corpus.yaml:1: seed: found '1', expected a whole number from 0 to 4_294_967_295",
        "corpus.yaml:3: corpora.0.name: found 'a/b', expected a name of letters, digits",
        "corpus.yaml:4: corpora.0.format: found 'cc101', expected cc100",
        "corpus.yaml:5: corpora.0.languages.1: language '!!' is not known",
        "corpus.yaml:6: corpora.1.name: missing, expected a name",
        "corpus.yaml:6: corpora.1.format: missing, expected cc100",
        "corpus.yaml:6: corpora.1.fromat: unknown key; did you mean 'format'? allowed: format, insist, la",
        "corpus.yaml:8: clean.language_id.thresholds.qqx: language 'qqx' is not known",
        "corpus.yaml:8: clean.language_id.thresholds.de: found 2, expected a number from 0 to 1",
        "corpus.yaml:9: clean.language_id: found a second time, first on line 8; remove one",
        "corpus.yaml:10: clean.form: found 'nfc', expected NFC or NFKC",
        "corpus.yaml:11: dedup.threshold: found 1.8, expected a number from 0 to 1",
        "corpus.yaml:11: dedup.rows: found 64 bands of 5 rows, 320 values, expected at most 128 values",
        "corpus.yaml:12: vocabulary.model: found 'unigran', expected unigram or bpe; did you mean 'unigram'?",
        "corpus.yaml:12: vocabulary.unimax: found both alpha and unimax, expected one of the two",
        "corpus.yaml:12: vocabulary.sample: found '3 elephants', expected a size of 10kB or more, such as 32MiB",
        "corpus.yaml:13: shards: found 5, expected a section with the keys tokens, validation",
        "corpus.yaml:14: dedupe: unknown key; did you mean 'dedup'? allowed: backtranslation, clean, corpora, ",
        "corpus.yaml:15: download.connections: found an empty list, expected a whole number from 1 to 64",
        "--set: found 'foo', expected KEY=VALUE, such as shards.tokens=1000000",
    ]
    assert [line[: len(start)] for line, start in zip(said, starts, strict=True)] == starts


def test_norwegian_needs_no_quotes(written):
    text = MINIMAL.replace("cc100}", "cc100, languages: [de, no]}") + "clean: {language_id: {thresholds: {no: 0.4}}}\n"
    config = load(written(text))
    assert config.corpora[0].languages == ["de", "no"]
    assert config.clean.language_id.thresholds == {"no": 0.4}


def test_a_section_without_content_has_its_defaults(written):
    plain = load(written(MINIMAL))
    assert load(written(MINIMAL + "seed:\nclean:\n  language_id:\n  form:\ndedup: {bands: }\n")) == plain


def test_false_switches_language_identification_off(written):
    assert load(written(MINIMAL + "clean: {language_id: false}\n")).clean.language_id is None
    [line] = refused(written(MINIMAL + "clean: {language_id: true}\n"))
    assert line.endswith("found true, expected a section with the keys threshold, thresholds, foreign, model, or false")


def test_paths_are_relative_to_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    (tmp_path / "there").mkdir()
    file = tmp_path / "there" / "corpus.yaml"
    file.write_text(
        "workdir: ../work\n"
        "corpora: [{name: a, format: cc100, location: ~/cc}, {name: b, format: cc100, location: s3://bucket/cc},\n"
        "  {name: c, format: cc100, location: file:cc}, {name: d, format: cc100, location: /data/cc}]\n"
        "clean: {language_id: {model: lid.bin}}\n"
        "vocabulary: {model_file: my.model}\n"
    )
    monkeypatch.chdir(tmp_path)
    config = load(os.path.join("there", "corpus.yaml"))
    assert config.workdir == str(tmp_path / "work")
    assert [corpus.location for corpus in config.corpora] == [
        "/home/somebody/cc",
        "s3://bucket/cc",
        "file:cc",
        "/data/cc",
    ]
    assert config.clean.language_id.model == str(tmp_path / "there" / "lid.bin")
    assert config.vocabulary.model_file == str(tmp_path / "there" / "my.model")
    assert load(file) == config


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("shards.tokens=1000000", lambda config: config.shards.tokens == 1_000_000),
        ("shards={tokens: 1e3}", lambda config: (config.shards.tokens, config.shards.validation) == (1000, 100)),
        ("dedup.bands=", lambda config: config.dedup.bands == 25),
        ("dedup=", lambda config: config.dedup.bands == 25),
        ("corpora.0.languages=[no, da]", lambda config: config.corpora[0].languages == ["no", "da"]),
        ("corpora.0.name=y=z", None),
        ("clean.language_id=false", lambda config: config.clean.language_id is None),
        ("clean.language_id.threshold=0.7", lambda config: config.clean.language_id.threshold == 0.7),
        ("vocabulary.unimax=2", lambda config: config.vocabulary.alpha is None),
    ],
)
def test_overrides(written, override, value):
    path = written(MINIMAL + "dedup: {bands: 20}\n")
    if value is None:
        assert refused(path, [override])[0].startswith("--set corpora.0.name: found 'y=z', expected a name")
    else:
        assert value(load(path, [override]))


def test_the_last_override_of_a_key_counts(written):
    assert load(written(MINIMAL), ["seed=2", "seed=3"]).seed == 3


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("shards.token=1", "--set shards.token: unknown key; did you mean 'tokens'? allowed: text, tokens, validation"),
        ("shard.tokens=1", "--set shard: unknown key; did you mean 'shards'? allowed: backtranslation,"),
        ("dedup.threshold=1.8", "--set dedup.threshold: found 1.8, expected a number from 0 to 1"),
        ("dedup.threshold='0.8'", "--set dedup.threshold: found '0.8', expected a number from 0 to 1"),
        ("dedup={bands: 0}", "--set dedup.bands: found 0, expected a whole number from 1 to 128"),
        ("dedup={rows: 1, rows: 2}", "--set dedup.rows: found a second time"),
        ("workdir=", "--set workdir: missing, expected a path or an address, such as work"),
        ("corpora.0={name: y}", "--set corpora.0.format: missing, expected cc100"),
        ("corpora.1.name=y", "--set corpora.1.name: corpora has no item '1', its items are 0 to 0"),
        ("corpora.first.name=y", "--set corpora.first.name: corpora has no item 'first', its items are 0 to 0"),
        ("workdir.x=y", "--set workdir.x: workdir is 'work' and has no keys"),
        ("shards.tokens", "--set: found 'shards.tokens', expected KEY=VALUE"),
        ("=3", "--set: found '=3', expected KEY=VALUE"),
        ("shards.tokens=[1", "--set shards.tokens:1:3: "),
    ],
)
def test_wrong_overrides_are_named(written, override, message):
    [line] = refused(written(MINIMAL + "dedup:\n  threshold: 0.8\n  bands: 20\n"), [override])
    assert line.startswith(message)


def test_an_override_mends_what_is_wrong_in_the_file(written):
    assert load(written(MINIMAL + "dedup: {threshold: 8}\n"), ["dedup.threshold=0.9"]).dedup.threshold == 0.9


def test_files_that_cannot_be_read(written, tmp_path):
    assert refused("none.yaml") == ["none.yaml: no such file; `babelmill init DIR` writes one to start from"]
    assert refused(tmp_path)[0].startswith(f"{tmp_path}: cannot be read: Is a directory")
    Path("latin.yaml").write_bytes(b"workdir: \xe4")
    assert refused("latin.yaml") == ["latin.yaml: byte 9 is not UTF-8; save the file as UTF-8"]
    assert refused(written("- a\n"))[0].startswith(
        "corpus.yaml:1: found a list, expected a section with the keys workdir"
    )
    assert len(refused(written(""))) == 2


def test_a_byte_order_mark_does_no_harm(written, tmp_path):
    Path("bom.yaml").write_bytes(b"\xef\xbb\xbf" + MINIMAL.encode())
    assert load("bom.yaml").workdir == str(tmp_path / "work")


def test_long_values_are_cut(written):
    [line] = refused(written(MINIMAL + f"seed: {'x' * 500}\n"))
    assert f"found '{'x' * 58}…, expected" in line
