import bz2
import gzip
import json
import lzma

import pyarrow as pa
import pytest

from transforms.decontamination.formats import READERS, read
from transforms.decontamination.sets import Format
from transforms.sources import SourceError

XNLI_HEADER = ["language", "gold_label", "sentence1_binary_parse", "sentence1", "sentence2", "promptID"]


def zstd(content):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


def texts_of(one):
    """(file, language, line, text) of all that a test set holds."""
    return [
        (file.name, batch.language, int(line), text.decode())
        for file in one.files()
        for batch in read(one, file)
        for line, text in zip(batch.lines, batch.texts.to_pylist(), strict=True)
    ]


def xnli_table(*rows):
    return "".join("\t".join(row) + "\n" for row in [XNLI_HEADER, *rows])


def test_every_format_has_a_reader():
    assert set(READERS) == set(Format.__args__)


def test_flores_is_a_file_a_language(test_set):
    files = {
        "dev/deu_Latn.dev": "Eins\nZwei\n",
        "devtest/deu_Latn.devtest": "Drei",
        "dev/fra.dev": "Un\n",
        "dev/zho_Hans.dev": "一\n",
        "README": "No text",
        "metadata_dev.tsv": "no\ttext",
    }
    assert texts_of(test_set("flores", files)) == [
        ("dev/deu_Latn.dev", "de", 0, "Eins"),
        ("dev/deu_Latn.dev", "de", 1, "Zwei"),
        ("dev/fra.dev", "fr", 0, "Un"),
        ("dev/zho_Hans.dev", "zh-Hans", 0, "一"),
        ("devtest/deu_Latn.devtest", "de", 0, "Drei"),
    ]


def test_languages_of_flores_can_be_chosen(test_set):
    files = {"deu_Latn.dev": "Eins\n", "fra_Latn.dev": "Un\n"}
    assert texts_of(test_set("flores", files, languages=("fr",))) == [("fra_Latn.dev", "fr", 0, "Un")]
    with pytest.raises(SourceError, match=r"no file of ja \(ja\): found de, fr; correct `languages`"):
        test_set("flores", files, languages=("fr", "ja")).files()


def test_one_file_of_flores_says_its_language(test_set):
    assert texts_of(test_set("flores", {"fra.dev": "Un\n"}, location="fra.dev")) == [("fra.dev", "fr", 0, "Un")]


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [("", bytes), (".gz", gzip.compress), (".xz", lzma.compress), (".bz2", bz2.compress), (".zst", zstd)],
)
def test_files_may_be_compressed(test_set, suffix, compress):
    content = "\ufeffone\r\n\r\nthree é".encode()
    one = test_set("lines", {f"held.txt{suffix}": compress(content)}, location=f"held.txt{suffix}")
    assert [row[2:] for row in texts_of(one)] == [(0, "one"), (2, "three é")]


def test_lines_have_the_language_that_is_stated_or_none(test_set):
    files = {"a.en": "one\n"}
    assert texts_of(test_set("lines", files, location="a.en")) == [("a.en", None, 0, "one")]
    assert texts_of(test_set("lines", files, location="a.en", language="eng")) == [("a.en", "en", 0, "one")]


def test_xnli_as_a_table_has_both_sentences(test_set):
    files = {
        "xnli.test.tsv": xnli_table(
            ["ar", "neutral", "( x )", "premise ar", "hypothesis ar", "1"],
            ["zh", "neutral", "( x )", 'a "quoted premise', "hypothesis zh", "1"],
        )
    }
    assert sorted(texts_of(test_set("xnli", files))) == [
        ("xnli.test.tsv", "ar", 1, "hypothesis ar"),
        ("xnli.test.tsv", "ar", 1, "premise ar"),
        ("xnli.test.tsv", "zh", 2, 'a "quoted premise'),
        ("xnli.test.tsv", "zh", 2, "hypothesis zh"),
    ]
    assert {row[1] for row in texts_of(test_set("xnli", {}, languages=("ar",)))} == {"ar"}


def test_xnli_as_json_is_the_same(test_set):
    rows = [{"language": "sw", "sentence1": "moja", "sentence2": "mbili"}, {"sentence1": "x", "sentence2": "y"}]
    files = {"xnli.dev.jsonl": "".join(json.dumps(row) + "\n" for row in rows)}
    assert sorted(texts_of(test_set("xnli", files, language="en"))) == [
        ("xnli.dev.jsonl", "en", 1, "x"),
        ("xnli.dev.jsonl", "en", 1, "y"),
        ("xnli.dev.jsonl", "sw", 0, "mbili"),
        ("xnli.dev.jsonl", "sw", 0, "moja"),
    ]


def test_the_tatoeba_challenge_names_its_languages_in_each_line(test_set):
    files = {"test.txt": "eng\tdeu\tHello.\tHallo.\neng\tcmn_Hans\tBye.\t再见。\n"}
    assert sorted(texts_of(test_set("tatoeba", files))) == [
        ("test.txt", "de", 0, "Hallo."),
        ("test.txt", "en", 0, "Hello."),
        ("test.txt", "en", 1, "Bye."),
        ("test.txt", "zh-Hans", 1, "再见。"),
    ]


def test_columns_of_a_table_are_of_the_languages_named(test_set):
    files = {"t.tsv": "1\tHallo\tHello\n\n2\tWelt\tWorld\n"}
    one = test_set("tsv", files, location="t.tsv", columns=(1, 2), languages=("de", "en"))
    assert sorted(texts_of(one)) == [
        ("t.tsv", "de", 0, "Hallo"),
        ("t.tsv", "de", 2, "Welt"),
        ("t.tsv", "en", 0, "Hello"),
        ("t.tsv", "en", 2, "World"),
    ]
    assert [row[3] for row in texts_of(test_set("tsv", files, location="t.tsv"))] == ["1", "2"]


def test_fields_of_json_lines(test_set):
    files = {"t.jsonl": '{"text": "one", "n": 1}\n{"text": "", "n": 2}\n{"text": "zw\\u00f6lf"}\n'}
    one = test_set("jsonl", files, location="t.jsonl", language="de")
    assert texts_of(one) == [("t.jsonl", "de", 0, "one"), ("t.jsonl", "de", 2, "zwölf")]


@pytest.mark.parametrize(
    ("layout", "content", "message"),
    [
        ("jsonl", "{}\nx", r"f, line 1: found , expected an object with the text 'text'; correct `fields`"),
        ("jsonl", '{"text": "a"}\nx', r"f, line 2: found 'x', expected a JSON object a line"),
        ("jsonl", "[]", r"f, line 1: found list, expected an object"),
        ("tatoeba", "a\tb", r"f, line 1: found 2 columns \('a\\tb'\), expected 4 or more"),
        ("tatoeba", "eng\tdeu\ta\tb\neng\t?\ta\tb", r"f, line 2: language '\?' is not known"),
        ("xnli", "a\tb", r"f, line 1: found the columns a, b, expected sentence1 and sentence2"),
        ("xnli", "sentence1\tsentence2\nx", r"f, line 2: found 1 columns \('x'\), expected 2 or more"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(test_set, layout, content, message):
    with pytest.raises(SourceError, match=message):
        texts_of(test_set(layout, {"f": content}, location="f"))


def test_a_table_with_too_few_columns(test_set):
    one = test_set("tsv", {"f": "a\tb\na\n"}, location="f", columns=(1,))
    with pytest.raises(SourceError, match="line 2: found 1 columns"):
        texts_of(one)
