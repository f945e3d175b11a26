"""Finding OPUS's files: by its API, on a mirror, and in a folder; and fetching what was found."""

import gzip

import fsspec
import pytest
from bitext_files import bitext, pairs, write_moses

from transforms.fetch import FetchOptions, fetch
from transforms.parallel import opus as source
from transforms.parallel.bitext import Wanted
from transforms.partial import FetchError
from transforms.sources import SourceError

QUICK = FetchOptions(attempts=2, sleep=lambda seconds: None)


def names(found):
    return [one.name for one in found]


class TestFolder:
    @pytest.fixture
    def folder(self, tmp_path):
        for version, codes in [
            ("v2", "de-en"),
            ("v9.1", "de-en"),
            ("v10", "de-en"),
            ("v10", "en-zh-Hans"),
            ("v10", "en-zh_tw"),
        ]:
            first, _, second = codes.partition("-")
            path = tmp_path / "News" / version / "moses" / f"{codes}.txt.zip"
            write_moses(path, version.encode(), b"x\n", codes=(first, second), LICENSE=b"License: CC0-1.0")
        variants = "".join(f'<tuv xml:lang="{code}"><seg>{code}</seg></tuv>' for code in ("de", "en"))
        tmx = f'<tmx version="1.4"><body><tu>{variants}</tu></body></tmx>'
        (tmp_path / "News" / "v2" / "tmx").mkdir()
        (tmp_path / "News" / "v2" / "tmx" / "de-en.tmx.gz").write_bytes(gzip.compress(tmx.encode()))
        return tmp_path

    def locate(self, folder, corpus="News", preprocessing="moses", **asked):
        return source.locate(Wanted(corpus=corpus, location=str(folder), **asked), preprocessing=preprocessing)

    def test_every_pair_of_a_version_is_found(self, folder):
        found = self.locate(folder, version="v10")

        assert names(found) == ["de-en", "en-zh-Hans", "en-zh_tw"]
        assert [one.languages for one in found] == [("de", "en"), ("en", "zh-Hans"), ("en", "zh-Hant")]
        assert pairs(found[0]) == [(b"v10", b"x")]

    def test_without_a_version_it_is_the_highest(self, folder):
        assert {one.version for one in self.locate(folder)} == {"v10"}

    def test_pairs_choose(self, folder):
        assert names(self.locate(folder, pairs=[("zh-Hant", "en")])) == ["en-zh_tw"]
        with pytest.raises(SourceError, match="has no pair de-fr: did you mean de-en"):
            self.locate(folder, pairs=[("de", "fr")])

    def test_translation_memories(self, folder):
        (found,) = self.locate(folder, version="v2", preprocessing="tmx")

        assert (found.format, found.version, pairs(found)) == ("tmx", "v2", [(b"de", b"en")])

    def test_the_same_layout_behind_fsspec(self, folder):
        memory = fsspec.filesystem("memory")
        memory.put(str(folder / "News"), "/opus/News", recursive=True)

        (found,) = source.locate(Wanted(corpus="News", location="memory://opus", version="v2"))

        assert (found.addresses, found.local) == (("memory://opus/News/v2/moses/de-en.txt.zip",), False)
        memory.rm("/opus", recursive=True)

    @pytest.mark.parametrize(
        ("asked", "message"),
        [
            ({"corpus": "Newz"}, "has no folder Newz: did you mean News"),
            ({"version": "v3"}, "has no version v3: did you mean v2.*correct `version`"),
            ({"preprocessing": "tmx"}, r"v10/tmx does not exist .*expected files such as de-en.tmx.gz"),
        ],
    )
    def test_what_is_not_there_is_refused(self, folder, asked, message):
        with pytest.raises(SourceError, match=message):
            self.locate(folder, **asked)


class TestWeb:
    @pytest.fixture
    def archive(self, tmp_path):
        text = b"".join(b"%d\n" % number for number in range(20_000))
        return write_moses(tmp_path / "archive.zip", text, text).read_bytes()

    def test_what_the_api_knows_is_found_and_fetched_however_often_it_is_cut(self, opus_server, archive, tmp_path):
        server, opus = opus_server(seed=2)
        opus.add("News", "v1", ("de", "en"), archive)
        opus.add("News", "v1", ("de", "fr"), archive)

        (found,) = source.locate(Wanted(corpus="News", languages=["de", "en"]), api=opus.api)
        server.cut, server.busy = 0.6, 0.3
        patient = FetchOptions(attempts=40, piece_bytes=4096, sleep=lambda seconds: None)
        fetched = fetch(found.addresses[0], tmp_path / found.targets[0], options=patient)

        assert (found.name, found.version, found.pairs, found.local) == ("de-en", "v1", 1000, False)
        assert fetched.path == tmp_path / "News/v1/de-en.txt.zip"
        assert fetched.path.read_bytes() == archive
        assert any(status == 206 for _, _, _, status in server.requests)
        assert len(pairs(bitext(fetched.path))) == 20_000

    def test_a_pair_that_the_api_does_not_know_is_refused(self, opus_server):
        _, opus = opus_server()
        opus.add("News", "v1", ("de", "en"))

        with pytest.raises(SourceError, match="OPUS's News v1 has no pair de-fr: did you mean de-en"):
            source.locate(Wanted(corpus="News", version="v1", pairs=[("de", "fr")]), api=opus.api)
        with pytest.raises(SourceError, match="OPUS's Newz has no pair: nothing was found there"):
            source.locate(Wanted(corpus="Newz"), api=opus.api)

    def test_a_mirror_is_tried_in_both_orders(self, faulty_server):
        server = faulty_server({"News/v1/moses/de-en.txt.zip": b"12345", "News/v1/moses/fr-es.txt.zip": b"1"})
        wanted = Wanted(corpus="News", version="v1", location=server.address, pairs=[("en", "de"), ("es", "fr")])

        found = source.locate(wanted, options=QUICK)

        assert [(one.name, one.size) for one in found] == [("de-en", 5), ("fr-es", 1)]
        assert found[1].addresses == (f"{server.address}/News/v1/moses/fr-es.txt.zip",)
        assert found[1].languages == ("es", "fr")
        assert all(method == "HEAD" for method, _, _, _ in server.requests)

    def test_a_mirror_that_has_neither_order_says_so(self, faulty_server):
        server = faulty_server({})
        wanted = Wanted(corpus="News", version="v1", location=server.address, pairs=[("de", "en")])

        with pytest.raises(FetchError, match="HTTP 404"):
            source.locate(wanted, options=QUICK)

    def test_a_mirror_cannot_be_listed(self):
        with pytest.raises(SourceError, match="cannot be listed: name `version` and `pairs`"):
            source.locate(Wanted(corpus="News", location="http://127.0.0.1:9"), options=QUICK)

    def test_without_the_api_the_file_server_is_asked_for_what_is_named(self, faulty_server, monkeypatch):
        server = faulty_server({"OPUS-News/v1/moses/de-en.txt.zip": b"12345"})
        monkeypatch.setattr(source, "PUBLISHED", server.address + "/OPUS-{corpus}")
        gone = "http://127.0.0.1:9/opusapi/"

        (found,) = source.locate(Wanted(corpus="News", version="v1", pairs=[("en", "de")]), api=gone, options=QUICK)

        assert found.addresses == (f"{server.address}/OPUS-News/v1/moses/de-en.txt.zip",)
        with pytest.raises(FetchError, match="given up"):
            source.locate(Wanted(corpus="News", pairs=[("en", "de")]), api=gone, options=QUICK)
