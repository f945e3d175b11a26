import gzip

import pytest
from bitext_files import pairs, reader, rows

from transforms.parallel import tsv
from transforms.parallel.bitext import Wanted
from transforms.sources import SourceError


def locate(folder, **options):
    return tsv.locate(Wanted(corpus="News", location=str(folder)), **options)


def test_the_two_codes_of_a_name_are_the_first_two_columns(tmp_path):
    (tmp_path / "en-de.tsv").write_bytes(b"one\teins\n")
    (tmp_path / "web.fr-zh-Hans.tsv.gz").write_bytes(gzip.compress(b"un\t\xe4\xb8\x80\n"))
    (tmp_path / "notes.md").write_bytes(b"")

    found = locate(tmp_path)

    assert [(one.name, one.languages) for one in found] == [
        ("en-de", ("de", "en")),
        ("web.fr-zh-Hans", ("fr", "zh-Hans")),
    ]
    assert [pairs(one) for one in found] == [[(b"eins", b"one")], [(b"un", b"\xe4\xb8\x80")]]


def test_columns_score_and_header_are_as_told(tmp_path):
    (tmp_path / "de-en.tsv").write_bytes(b"id\tscore\tde\ten\n7\t0.5\teins\tone\n")

    (found,) = locate(tmp_path, columns=(2, 3, 1), header=True)

    assert rows(reader(found)) == [(1, b"eins", b"one", 0.5)]


def test_a_table_whose_languages_its_name_does_not_say_is_refused(tmp_path):
    (tmp_path / "news.tsv").write_bytes(b"eins\tone\n")

    with pytest.raises(SourceError, match=r"news.tsv: 'news' is not two codes.*such as de-en"):
        locate(tmp_path)


def test_a_place_must_be_named():
    with pytest.raises(SourceError, match="News: expected a folder of tables; name it in `location`"):
        tsv.locate(Wanted(corpus="News"))
