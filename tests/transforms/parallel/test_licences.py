import pytest

from transforms.parallel.licences import LICENCES, TEST_SETS, known_licence, licence_in, refusal


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        (
            "Corpus Name: TED2020\n     License: Please respect the <a href=https://ted.com>TED Policy</a>\n",
            "Please respect the TED Policy",
        ),
        ("LICENCE: CC0", "CC0"),
        ("License: empty\n", None),
        ("License:\nRelease: v1", None),
        ("Aligned paragraphs of the help, MPL-2.0.", "MPL-2.0"),
        ("under CC BY-SA 4.0, see", "CC BY-SA 4.0"),
        ("CC-BY-NC-ND-3.0", "CC-BY-NC-ND-3.0"),
        ("CC BY 2.0 FR", "CC BY 2.0 FR"),
        ("ODC-By", "ODC-By"),
        ("distributed under the GPLv3 or LGPL-2.1", "GPLv3"),
        ("The data set comes with the same license\nas the original sources.", None),
        ("Accbyte GPL 33 MPL", None),
        ("", None),
    ],
)
def test_a_licence_is_what_is_stated(text, licence):
    assert licence_in([text]) == licence


def test_a_statement_goes_before_an_identifier_in_another_text():
    assert licence_in(["code under Apache-2.0", "License: CC BY 4.0"]) == "CC BY 4.0"


def test_known_licences_are_found_whatever_the_case():
    assert known_licence("wikimatrix") == LICENCES["WikiMatrix"] == "CC-BY-SA-4.0"
    assert known_licence("CCMatrix") is None


def test_the_news_test_sets_are_always_refused_unless_insisted_on():
    assert "compilation of the WMT news test sets" in refusal("wmt-news")
    assert refusal("WMT-News", test_sets=["flores"]) == refusal("WMT-News")
    assert refusal("WMT-News", insist=True) is None


def test_tatoeba_is_refused_where_its_test_set_is_used():
    assert refusal("Tatoeba") is None
    assert refusal("Tatoeba", test_sets=["flores"]) is None
    assert "Tatoeba is not for training: the Tatoeba test set is drawn from it" in refusal(
        "tatoeba", test_sets=["Tatoeba"]
    )
    assert refusal("Tatoeba", test_sets=["tatoeba"], insist=True) is None


def test_other_corpora_are_not_refused():
    assert [refusal(name, test_sets=["tatoeba", "flores"]) for name in ("News-Commentary", "Tatoeba-Challenge")] == [
        None
    ] * 2
    assert set(TEST_SETS) == {"WMT-News", "Tatoeba"}
