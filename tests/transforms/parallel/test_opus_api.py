"""The client of OPUS's API against a server that answers as it does."""

import json

import pytest

from transforms.fetch import FetchOptions
from transforms.parallel.opus_api import corpora, releases
from transforms.partial import FetchError
from transforms.sources import SourceError

QUICK = FetchOptions(attempts=3, sleep=lambda seconds: None)


@pytest.fixture
def opus(opus_server):
    _, opus = opus_server()
    for codes in [("de", "en"), ("de", "fr"), ("en", "zh_cn"), ("de", "zh_CN"), ("en", "simple"), ("sr", "srp")]:
        opus.add("TED2020", "v1", codes)
    opus.add("NLLB", "v1", ("de", "en"), size=1, alignment_pairs=247_000_000)
    opus.add("Tatoeba", "v2", ("de", "en"), latest=False)
    opus.add("Tatoeba", "v2023-04-12", ("de", "en"), size="", alignment_pairs="")
    opus.add("Tatoeba", "v2023-04-12", ("de", "en"), preprocessing="tmx")
    return opus


def named(found):
    return [(one.corpus, one.version, "-".join(one.codes)) for one in found]


def test_the_latest_of_every_corpus_in_two_languages(opus):
    assert named(corpora(["de", "en"], api=opus.api)) == [
        ("NLLB", "v1", "de-en"),
        ("TED2020", "v1", "de-en"),
        ("Tatoeba", "v2023-04-12", "de-en"),
    ]


def test_several_languages_give_every_two_of_them_by_all_their_codes(opus):
    found = corpora(["zh-Hans", "en", "de"], api=opus.api)

    assert [one.languages for one in found if one.corpus == "TED2020"] == [
        ("de", "en"),
        ("de", "zh-Hans"),
        ("en", "zh-Hans"),
    ]


def test_one_language_gives_all_its_pairs(opus):
    assert [pair for corpus, _, pair in named(corpora(["fr"], api=opus.api))] == ["de-fr"]
    assert [pair for corpus, _, pair in named(corpora(["zh-CN"], api=opus.api))] == ["de-zh_CN", "en-zh_cn"]


def test_english_is_not_asked_for_where_the_others_are(opus_server, opus):
    server, other = opus_server()
    for codes in [("de", "en"), ("de", "fr"), ("en", "fr")]:
        other.add("TED2020", "v1", codes)

    assert len(corpora(["de", "en", "fr"], api=other.api)) == 3

    asked = [name for _, name, _, _ in server.requests]
    assert len(asked) == 3
    assert not any("=en" in name for name in asked)


def test_sizes_and_numbers_are_only_what_can_be(opus):
    nllb, ted, tatoeba = corpora(["de", "en"], api=opus.api)

    assert (nllb.size, nllb.pairs) == (None, 247_000_000)
    assert (ted.size, ted.pairs) == (12 * 1024, 1000)
    assert (tatoeba.size, tatoeba.pairs) == (None, None)
    assert (nllb.licence, ted.licence, tatoeba.licence) == ("ODC-By-1.0", "TED Talks Usage Policy", "CC BY 2.0 FR")


def test_a_licence_that_the_api_states_is_taken(opus):
    opus.add("Tatoeba", "v9", ("de", "fr"), license="CC0-1.0")

    (found,) = releases(corpus="Tatoeba", version="v9", api=opus.api)

    assert found.licence == "CC0-1.0"


def test_a_corpus_gives_all_its_pairs_of_two_languages(opus):
    assert named(releases(corpus="TED2020", api=opus.api)) == [
        ("TED2020", "v1", "de-en"),
        ("TED2020", "v1", "de-fr"),
        ("TED2020", "v1", "de-zh_CN"),
        ("TED2020", "v1", "en-zh_cn"),
    ]


def test_versions_and_forms_are_as_asked(opus):
    assert named(releases(corpus="Tatoeba", version="v2", api=opus.api)) == [("Tatoeba", "v2", "de-en")]
    assert releases(corpus="Tatoeba", version="v2", api=opus.api)[0].latest is False
    (memory,) = releases(corpus="Tatoeba", preprocessing="tmx", api=opus.api)
    assert memory.address.endswith("OPUS-Tatoeba/v2023-04-12/tmx/de-en.tmx.gz")


@pytest.mark.parametrize("seed", range(3))
def test_a_server_that_fails_at_random_gives_the_same_answer(opus_server, opus, seed):
    _, faulty = opus_server(seed=seed, cut=0.5, busy=0.4)
    faulty.rows = opus.rows

    found = corpora(["de", "en", "fr"], api=faulty.api, options=FetchOptions(attempts=40, sleep=lambda seconds: None))

    assert named(found) == named(corpora(["de", "en", "fr"], api=opus.api))


def test_an_unknown_language_is_refused(opus):
    with pytest.raises(SourceError, match="OPUS has no language 'zu'"):
        corpora(["de", "zu"], api=opus.api)


@pytest.mark.parametrize("body", [b"<html>Sorry</html>", b'{"error": 1}', b"[]", b'{"corpora": 3}'])
def test_another_answer_is_refused(opus_server, body):
    server, opus = opus_server()
    server.answers.append((200, {}, body))

    with pytest.raises(
        SourceError, match=r"opusapi/\?corpus=TED2020.* answers b.*expected a JSON object with 'corpora'"
    ):
        releases(corpus="TED2020", api=opus.api)


@pytest.mark.parametrize("row", [{"source": "de", "target": "en"}, {"corpus": "TED2020"}, "de-en", None])
def test_a_file_that_is_not_described_is_refused(opus_server, row):
    server, opus = opus_server()
    server.answers.append((200, {}, json.dumps({"corpora": [row]}).encode()))

    with pytest.raises(SourceError, match=r"describes a file as .*expected corpus, version, source, target and url"):
        releases(corpus="TED2020", api=opus.api)


def test_a_server_that_is_gone_is_named():
    with pytest.raises(FetchError, match="given up after 3 requests"):
        releases(corpus="TED2020", api="http://127.0.0.1:9/opusapi/", options=QUICK)
