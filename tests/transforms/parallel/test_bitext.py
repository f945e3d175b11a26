import json

import pytest
from bitext_files import bitext

from transforms.parallel.bitext import Bitext, Wanted
from transforms.sources import SourceError

FOUND = [bitext("x", codes) for codes in [("en", "zh_cn"), ("de", "en"), ("de", "fr"), ("en", "sr"), ("en", "srp")]]


def names(**asked):
    return [bitext.name for bitext in Wanted(corpus="News", **asked).choose(FOUND, "there")]


def test_every_pair_is_chosen_by_default():
    assert names() == ["de-en", "de-fr", "en-sr", "en-srp", "en-zh_cn"]


def test_languages_choose_the_pairs_among_them():
    assert names(languages=["en", "de", "ja"]) == ["de-en"]
    assert names(languages=["zh-Hans", "en", "fr"]) == ["en-zh_cn"]


def test_pairs_are_named_in_any_order_and_by_any_code_of_their_languages():
    assert names(pairs=[("zh-CN", "en"), ("fr", "de")]) == ["de-fr", "en-zh_cn"]
    assert names(pairs=[("en", "sr")]) == ["en-sr", "en-srp"]


def test_a_pair_that_is_not_there_is_refused_with_what_is():
    with pytest.raises(
        SourceError, match=r"there has no pair de-er: did you mean .*de-en.* Found de-en, de-fr, .*`pairs`"
    ):
        names(pairs=[("de", "en"), ("de", "er")])
    with pytest.raises(SourceError, match=r"there has no pair of ja, ko: found de-en"):
        names(languages=["ja", "ko"])


def test_nothing_at_all_is_refused():
    with pytest.raises(SourceError, match="there has no pair: nothing was found there; correct `location`"):
        Wanted(corpus="News").choose([], "there")


def test_languages_are_in_canonical_order_whatever_the_files_have():
    plain, turned = bitext("x", ("de", "en")), bitext("x", ("hr", "iw"))

    assert (plain.languages, plain.swapped) == (("de", "en"), False)
    assert (turned.languages, turned.swapped) == (("he", "hr"), True)


def test_it_survives_json():
    one = bitext(["a", "b"], format="table", columns=(1, 2, 0), header=True, size=7, licence="CC0-1.0")

    assert Bitext.from_json(json.loads(json.dumps(one.to_json()))) == one


def test_targets_differ_between_corpora_and_versions():
    address = "https://example.org/OPUS-News/v1/moses/de-en.txt.zip"
    with_version, without = bitext(address, version="v1"), bitext(address)

    assert with_version.targets == ("News/v1/de-en.txt.zip",)
    assert without.targets == ("News/de-en.txt.zip",)


@pytest.mark.parametrize(
    ("location", "web"),
    [
        (None, "https://data.org/x"),
        ("http://mirror.org/y/", "http://mirror.org/y"),
        ("opus", None),
        ("s3://b/opus", None),
    ],
)
def test_a_location_on_the_web_is_told_from_one_that_can_be_listed(location, web):
    assert Wanted(corpus="News", location=location).on_web("https://data.org/x") == web
