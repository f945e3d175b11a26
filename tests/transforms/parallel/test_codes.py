import pytest

from transforms.parallel.codes import is_code, pair_of, split_codes, tag_of
from transforms.sources import SourceError


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("de-en", ("de", "en")),
        ("en-zh-Hans", ("en", "zh-Hans")),
        ("zh-Hans-zh-Hant", ("zh-Hans", "zh-Hant")),
        ("sr-Latn-en", ("sr-Latn", "en")),
        ("pt-BR-en", ("pt-BR", "en")),
        ("pt_br-zh_cn", ("pt_br", "zh_cn")),
        ("eng_Latn-zho_Hans", ("eng_Latn", "zho_Hans")),
        ("arq-inh", ("arq", "inh")),  # neither is in the table
        ("zh-zh_tw", ("zh", "zh_tw")),
        ("en-simple", None),
        ("sr-srp", None),  # one language
        ("de", None),
        ("de-en.txt", None),
        ("README", None),
        ("", None),
    ],
)
def test_a_name_has_two_codes_or_none(name, codes):
    assert split_codes(name) == codes


@pytest.mark.parametrize(
    ("codes", "tags"),
    [
        (("de", "en"), ("de", "en")),
        (("en", "de"), ("de", "en")),
        (("zh_cn", "en"), ("en", "zh-Hans")),
        (("iw", "hr"), ("he", "hr")),
        (("pt_br", "nb"), ("nb", "pt-BR")),
        (("my_zaw", "my"), ("my", "my-x-zawgyi")),
        (("zho_Hant", "eng_Latn"), ("en", "zh-Hant")),
    ],
)
def test_a_pair_has_one_order_whatever_its_codes(codes, tags):
    assert pair_of(codes) == pair_of(codes[::-1]) == tags


def test_two_codes_of_one_language_are_no_pair():
    with pytest.raises(SourceError, match="sr and srp are the same language, sr"):
        pair_of(["sr", "srp"])


def test_a_code_of_no_language_is_refused_with_a_suggestion():
    with pytest.raises(SourceError, match=r"did you mean 'de'.*correct `pairs`"):
        tag_of("german")


def test_what_looks_like_a_code_is_one_unless_the_table_must_have_it():
    assert is_code("tsv", strict=False)
    assert not is_code("tsv", strict=True)
    assert not is_code("LICENSE", strict=False)
