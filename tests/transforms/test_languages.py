from collections import Counter

import pytest

from transforms.fasttext_model import read_model
from transforms.langid import bundled_model
from transforms.languages import CC100_CODES, LANGUAGES, UnknownLanguage, language

WITHOUT_LABEL = [
    *("bn_rom", "ff", "ha", "hi_rom", "ig", "lg", "ln", "my_zaw", "ns", "om", "ss"),
    *("ta_rom", "te_rom", "tn", "ur_rom", "wo", "xh", "zu"),
]
"""Files of CC-100 of which lid.176 knows nothing."""


@pytest.fixture(scope="module")
def lid176():
    return set(read_model(bundled_model()).labels)


def test_cc100_has_116_files():
    assert len(CC100_CODES) == len(set(CC100_CODES)) == 116
    assert {"de", "my_zaw", "ns", "zh-Hans", "zh-Hant", "hi_rom"} <= set(CC100_CODES)


def test_every_label_is_one_of_the_model(lid176):
    for entry in LANGUAGES:
        assert lid176 >= {*entry.labels, *entry.kin}, entry


def test_languages_without_a_label_are_those_that_the_model_lacks(lid176):
    without = [entry.cc100 for entry in LANGUAGES if entry.cc100 and not entry.labels]
    assert sorted(without) == WITHOUT_LABEL
    assert not [entry for entry in LANGUAGES if not entry.labels and {entry.bcp47, entry.iso639_3} & lid176]


def test_no_code_means_two_languages():
    claims = Counter(code for entry in LANGUAGES for code in {entry.bcp47, entry.cc100, entry.opus} - {None})
    assert [code for code, count in claims.items() if count > 1] == []


@pytest.mark.parametrize(
    ("code", "bcp47"),
    [
        ("de", "de"),
        ("deu", "de"),
        ("deu_Latn", "de"),
        ("DE", "de"),
        ("bn_rom", "bn-Latn"),
        ("hin_Latn", "hi-Latn"),
        ("my_zaw", "my-x-zawgyi"),
        ("ns", "nso"),
        ("zh-Hans", "zh-Hans"),
        ("zh_cn", "zh-Hans"),
        ("zh_TW", "zh-Hant"),
        ("zho_Hant", "zh-Hant"),
        ("cmn", "zh"),
        ("zho", "zh"),
        ("hin", "hi"),
        ("nob", "nb"),
        ("als", "sq"),
        ("iw", "he"),
        ("jpn_Jpan", "ja"),
        ("kor_Hang", "ko-Hang"),
        ("pt_br", "pt-BR"),
        ("sr_latn-rs", "sr-Latn-RS"),
        ("es-419", "es-419"),
    ],
)
def test_codes_of_all_kinds_are_found(code, bcp47):
    assert language(code).bcp47 == bcp47
    assert language(bcp47) == language(code)


def test_a_region_changes_nothing_but_the_tag():
    assert (language("pt_BR").labels, language("pt_BR").scripts) == (("pt",), ("Latn",))


def test_a_script_narrows_or_takes_the_labels_away():
    assert language("sr").scripts == ("Cyrl", "Latn")
    assert (language("sr-Latn").scripts, language("sr-Latn").labels) == (("Latn",), ("sr", "hr", "bs", "sh"))
    russian = language("ru-Latn")
    assert (russian.scripts, russian.labels, russian.reliable) == (("Latn",), (), False)


def test_labels_that_the_model_confuses_count_as_one():
    assert language("no").labels == ("no", "nn")
    assert language("nn").labels == ("nn", "no")
    assert "da" not in language("no").labels
    assert set(language("bs").labels) == {"hr", "sr", "bs", "sh"}
    assert language("zh-Hant").labels == language("zh-Hans").labels == ("zh", "wuu", "yue")
    assert language("gsw").labels == ("als",)
    assert language("sq").labels == ("sq",)


def test_romanised_files_share_nothing_with_their_language():
    for code in ("bn_rom", "hi_rom", "ta_rom", "te_rom", "ur_rom"):
        assert (language(code).scripts, language(code).labels, language(code).reliable) == (("Latn",), (), False)
    assert (language("my_zaw").scripts, language("my_zaw").labels) == (("Mymr",), ())


def test_what_the_model_mistakes_with_certainty_is_kin():
    assert language("dz").kin == ("bo",)
    assert language("my_zaw").kin == ("my",)


def test_rows_are_whole():
    for entry in LANGUAGES:
        assert entry.scripts and entry.name and len(entry.iso639_3) == 3, entry
        assert entry.labels or not entry.reliable, entry
        assert not set(entry.kin) & set(entry.labels), entry


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("german", "'de' (German)"),
        ("hi_ron", "'hi_rom' (Hindi (romanised))"),
        ("zh-Hanss", "'zh-Hans' (Chinese (simplified))"),
        ("qqq", "such as 'hi_rom'"),
        ("", "such as 'hi_rom'"),
    ],
)
def test_an_unknown_code_gets_a_suggestion(code, hint):
    with pytest.raises(UnknownLanguage) as caught:
        language(code)
    assert repr(code) in str(caught.value) and hint in str(caught.value)


def test_any_tag_is_a_language_if_asked():
    unknown = language("qaa_x_mine", strict=False)
    assert (unknown.bcp47, unknown.labels, unknown.scripts) == ("qaa-x-mine", (), ())
    assert language("de-x-dialect", strict=False).labels == ("de",)
    with pytest.raises(UnknownLanguage):
        language("no language", strict=False)


def test_another_model_is_understood_by_its_labels():
    glotlid = {
        *("hin_Latn", "hin_Deva", "bod_Tibt", "dzo_Tibt", "hrv_Latn", "srp_Cyrl", "bos_Latn", "nob_Latn", "nno_Latn"),
        *("cmn_Hani", "zho_Hans", "zho_Hant", "yue_Hani", "mya_Mymr", "arb_Arab", "jpn_Jpan", "hau_Latn"),
    }
    labels = {
        code: language(code).labelled_by(glotlid).labels for code in ("hi_rom", "hi", "no", "hr", "ar", "ja", "ha")
    }
    assert labels == {
        "hi_rom": ("hin_Latn",),
        "hi": ("hin_Deva",),
        "no": ("nno_Latn", "nob_Latn"),
        "hr": ("bos_Latn", "hrv_Latn", "srp_Cyrl"),
        "ar": ("arb_Arab",),
        "ja": ("jpn_Jpan",),
        "ha": ("hau_Latn",),
    }
    assert language("ha").labelled_by(glotlid).reliable
    assert language("zh-Hant").labelled_by(glotlid).labels == ("cmn_Hani", "yue_Hani", "zho_Hant")
    dzongkha, zawgyi = language("dz").labelled_by(glotlid), language("my_zaw").labelled_by(glotlid)
    assert (dzongkha.labels, dzongkha.kin) == (("dzo_Tibt",), ("bod_Tibt",))
    assert (zawgyi.labels, zawgyi.kin, zawgyi.reliable) == ((), ("mya_Mymr",), False)


def test_a_model_of_the_same_names_keeps_the_table(lid176):
    for entry in LANGUAGES:
        assert entry.labelled_by(lid176) == entry
    assert language("no").labelled_by({"en", "no"}).labels == ("no",)
