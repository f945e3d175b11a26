import gzip
import lzma

import pytest
from bitext_files import pairs

from transforms.parallel import aligned
from transforms.parallel.bitext import Wanted
from transforms.sources import SourceError


def locate(folder, **asked):
    return aligned.locate(Wanted(corpus="News", location=str(folder), **asked))


def test_two_files_whose_names_differ_in_the_language(tmp_path):
    (tmp_path / "news.de.gz").write_bytes(gzip.compress(b"eins\nzwei\n"))
    (tmp_path / "news.en.txt.xz").write_bytes(lzma.compress(b"one\ntwo\n"))
    (tmp_path / "README.md").write_bytes(b"")
    (tmp_path / "news.de.tsv").write_bytes(b"")

    (found,) = locate(tmp_path)

    assert (found.name, found.languages, found.local) == ("news.de-en", ("de", "en"), True)
    assert found.size == sum((tmp_path / name).stat().st_size for name in ("news.de.gz", "news.en.txt.xz"))
    assert pairs(found) == [(b"eins", b"one"), (b"zwei", b"two")]


def test_an_unpacked_moses_archive(tmp_path):
    for member in ("de", "en", "ids", "scores"):
        (tmp_path / f"News.de-en.{member}").write_bytes(b"x\n")

    (found,) = locate(tmp_path)

    assert (found.name, found.codes) == ("News.de-en", ("de", "en"))


def test_names_that_are_codes_alone(tmp_path):
    for name in ("de.txt", "en.txt"):
        (tmp_path / name).write_bytes(name.encode())

    assert [(found.name, pairs(found)) for found in locate(tmp_path)] == [("de-en", [(b"de.txt", b"en.txt")])]


def test_every_two_of_several_languages_are_a_bitext(tmp_path):
    for code in ("ja", "de", "zh_cn", "en"):
        (tmp_path / f"dev.{code}").write_bytes(code.encode())

    found = locate(tmp_path)

    assert [one.name for one in found] == [
        "dev.de-en",
        "dev.de-ja",
        "dev.de-zh_cn",
        "dev.en-ja",
        "dev.en-zh_cn",
        "dev.ja-zh_cn",
    ]
    assert pairs(found[-1]) == [(b"ja", b"zh_cn")]
    assert [one.name for one in locate(tmp_path, pairs=[("en", "de")])] == ["dev.de-en"]


def test_a_language_that_the_table_lacks_must_be_named(tmp_path):
    for code in ("arq", "en"):
        (tmp_path / f"dev.{code}").write_bytes(b"x\n")

    with pytest.raises(SourceError, match="has no pair"):
        locate(tmp_path)
    assert [found.languages for found in locate(tmp_path, pairs=[("arq", "en")])] == [("arq", "en")]


def test_unequal_numbers_of_lines_are_refused_with_both(tmp_path):
    (tmp_path / "news.de").write_bytes(b"eins\nzwei\n")
    (tmp_path / "news.en").write_bytes(b"one\n")

    with pytest.raises(SourceError, match=r"news.de has 2 lines, .*news.en has 1 lines: expected as many"):
        pairs(locate(tmp_path)[0])


def test_two_files_of_one_language_are_refused(tmp_path):
    for name in ("news.de", "news.de.gz", "news.en"):
        (tmp_path / name).write_bytes(b"")

    with pytest.raises(SourceError, match=r"holds both news.de and news.de.gz: expected one"):
        locate(tmp_path)


def test_a_place_must_be_named():
    with pytest.raises(SourceError, match="News: expected a folder of aligned files; name it in `location`"):
        aligned.locate(Wanted(corpus="News"))
