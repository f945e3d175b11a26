"""Archives laid out as OPUS's, with all that may be wrong with them."""

import pytest
from bitext_files import bitext, pairs, reader, rows, write_moses, write_zip

from transforms.sources import SourceError

GERMAN, ENGLISH = b"eins\nzwei\ndrei\n", b"one\ntwo\nthree\n"
OPUS_README = b""" Corpus Name: News
     Package: News.de-en in Moses format
     License: <a href=https://creativecommons.org/licenses/by/2.0/fr/>CC BY 2.0 FR</a>

This corpus is part of OPUS - the open collection of parallel corpora
"""


def test_an_archive_without_scores(tmp_path):
    path = write_moses(tmp_path / "de-en.txt.zip", GERMAN, ENGLISH, ids=b"a\nb\nc\n", xml=b"<links/>")

    assert rows(reader(bitext(path))) == [
        (0, b"eins", b"one", None),
        (1, b"zwei", b"two", None),
        (2, b"drei", b"three", None),
    ]


def test_an_archive_with_scores(tmp_path):
    path = write_moses(tmp_path / "de-en.txt.zip", GERMAN, ENGLISH, scores=b"1.25\n\n1.0625\n")

    assert [row[3] for row in rows(reader(bitext(path)))] == [1.25, None, 1.0625]


def test_a_code_may_have_a_hyphen(tmp_path):
    path = write_moses(tmp_path / "en-zh-Hans.txt.zip", b"one\n", "一\n".encode(), codes=("en", "zh-Hans"))

    assert pairs(bitext(path, ("en", "zh-Hans"))) == [(b"one", "一".encode())]


def test_an_archive_in_the_other_order_is_read_all_the_same(tmp_path):
    path = write_moses(tmp_path / "de-en.txt.zip", ENGLISH, GERMAN, codes=("en", "de"))

    assert pairs(bitext(path))[0] == (b"eins", b"one")


def test_text_stays_as_it_is(tmp_path):
    german = b"\xef\xbb\xbf eins \r\n\r\n\xff\xfe\x00\r\n" + "a\u2028b\x85".encode()
    english = b'one\t\n\ntwo\n"three\n'

    assert pairs(bitext(write_moses(tmp_path / "de-en.txt.zip", german, english))) == [
        (b" eins ", b"one\t"),
        (b"", b""),
        (b"\xff\xfe\x00", b"two"),
        ("a\u2028b\x85".encode(), b'"three'),
    ]


def test_unequal_numbers_of_lines_are_refused_with_both(tmp_path):
    path = write_moses(tmp_path / "de-en.txt.zip", GERMAN, ENGLISH + b"four\n")

    with pytest.raises(
        SourceError, match=r"de-en.txt.zip: News.de-en.de has 3 lines, .*News.de-en.en has 4 lines: expected"
    ):
        pairs(bitext(path))


def test_unequal_numbers_of_scores_are_refused(tmp_path):
    path = write_moses(tmp_path / "de-en.txt.zip", GERMAN, ENGLISH, scores=b"1\n2\n")

    with pytest.raises(SourceError, match=r"News.de-en.en has 3 lines, .*News.de-en.scores has 2 lines"):
        pairs(bitext(path))


def test_a_score_that_is_no_number_is_refused_with_its_line(tmp_path):
    path = write_moses(tmp_path / "de-en.txt.zip", GERMAN, ENGLISH, scores=b"1\nhigh\n2\n")

    with pytest.raises(SourceError, match=r"News.de-en.scores, line 2: found b'high', expected a number"):
        pairs(bitext(path))


def test_a_missing_member_is_refused_with_those_that_are_there(tmp_path):
    path = write_zip(tmp_path / "de-en.txt.zip", {"README": b"", "News.de-en.de": GERMAN})

    with pytest.raises(
        SourceError, match=r"has no member for en: .*ends in .de-en.en, found README, News.de-en.de; get it"
    ):
        pairs(bitext(path))


def test_an_archive_of_another_pair_is_refused(tmp_path):
    path = write_moses(tmp_path / "de-en.txt.zip", b"un\n", ENGLISH, codes=("fr", "en"))

    with pytest.raises(SourceError, match=r"has no member for de: .*found README, News.fr-en.fr"):
        pairs(bitext(path))


def test_two_members_for_one_language_are_refused(tmp_path):
    members = {"A.de-en.de": GERMAN, "A.de-en.en": ENGLISH, "B.de-en.de": GERMAN}

    with pytest.raises(SourceError, match=r"has A.de-en.de and B.de-en.de for de: expected one"):
        pairs(bitext(write_zip(tmp_path / "x.zip", members)))


def test_an_archive_without_pairs_is_refused(tmp_path):
    with pytest.raises(SourceError, match=r"x.zip holds no pair"):
        pairs(bitext(write_moses(tmp_path / "x.zip", b"", b"")))


@pytest.mark.parametrize(
    ("documents", "licence"),
    [
        ({"README": OPUS_README}, "CC BY 2.0 FR"),
        ({"README": OPUS_README, "LICENSE": b"CC0-1.0"}, "CC BY 2.0 FR"),
        ({"LICENSE": b"Released under MPL-2.0."}, "MPL-2.0"),
        ({"LICENSE": b"The data set comes with the same license\nas the original sources.\n"}, "as published"),
        ({}, "as published"),
    ],
)
def test_the_licence_is_what_the_archive_states(tmp_path, documents, licence):
    path = write_moses(tmp_path / "x.zip", GERMAN, ENGLISH, **documents)
    reading = reader(bitext(path, licence="as published"))

    list(reading)

    assert reading.licence == licence
