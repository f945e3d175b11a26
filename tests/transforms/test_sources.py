"""Finding the files of a corpus in folders, on file systems and on the web."""

import fsspec
import pytest

from transforms.sources import PUBLISHED, Source, SourceError, local_path, locate, scheme_of


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "cc-100"
    (folder / "sub.txt").mkdir(parents=True)
    names = ["de.txt.xz", "zh-Hans.txt.xz", "fr.txt", "ja.txt.gz", "ru.txt.zst", "hi_rom.txt.bz2"]
    for name in [*names, "README", "de.txt.xz.part", ".txt"]:
        (folder / name).touch()
    return folder


def codes(sources):
    return [source.code for source in sources]


def test_every_file_of_a_folder_sorted_by_code(folder):
    sources = locate(str(folder))
    assert codes(sources) == ["de", "fr", "hi_rom", "ja", "ru", "zh-Hans"]
    assert sources[0] == Source("de", f"{folder}/de.txt.xz", local=True)
    assert locate(folder.as_uri()) == sources


def test_only_the_languages_asked_for_each_once_whatever_their_order(folder):
    assert codes(locate(str(folder), ["ru", "de", "ru"])) == ["de", "ru"]


def test_a_missing_language_is_named_with_what_is_there(folder):
    with pytest.raises(SourceError) as caught:
        locate(str(folder), ["de", "hi-rom"])
    message = str(caught.value)
    assert message.startswith(
        f"{folder} has no file for language 'hi-rom' (did you mean hi_rom?): expected hi-rom.txt.xz"
    )
    assert "found de, fr, hi_rom, ja, ru, zh-Hans" in message
    with pytest.raises(SourceError, match=r"no file for language 'qqq': expected qqq\.txt\.xz"):
        locate(str(folder), ["qqq"])


def test_a_long_listing_is_cut(tmp_path):
    for number in range(100):
        (tmp_path / f"{number:02}.txt").touch()
    with pytest.raises(SourceError, match=r"28, 29 and 70 more; correct"):
        locate(str(tmp_path), ["de"])


def test_two_files_for_one_language_are_refused(folder):
    (folder / "de.txt").touch()
    with pytest.raises(SourceError, match=r"cc-100 holds both de\.txt and de\.txt\.xz"):
        locate(str(folder))


def test_folders_that_are_none(tmp_path):
    with pytest.raises(SourceError, match=r"nowhere does not exist"):
        locate(str(tmp_path / "nowhere"))
    with pytest.raises(SourceError, match=r"holds no file whose name ends in \.txt\.xz"):
        locate(str(tmp_path))
    (tmp_path / "file").touch()
    with pytest.raises(SourceError, match=r"file is a file: expected a folder"):
        locate(str(tmp_path / "file"))


def test_other_file_systems_are_listed():
    filesystem = fsspec.filesystem("memory")
    filesystem.pipe({"/test-locate/de.txt.xz": b"", "/test-locate/fr.txt.xz": b"", "/test-locate/notes": b""})
    assert locate("memory://test-locate/") == [
        Source("de", "memory://test-locate/de.txt.xz", local=False),
        Source("fr", "memory://test-locate/fr.txt.xz", local=False),
    ]
    with pytest.raises(SourceError, match="no file for language 'xx'"):
        locate("memory://test-locate", ["xx"])
    with pytest.raises(SourceError, match="memory://test-nowhere does not exist"):
        locate("memory://test-nowhere")
    with pytest.raises(SourceError, match="Protocol not known"):
        locate("nonsense://a")


def test_all_of_cc_100_where_it_is_published():
    sources = locate()
    assert len(sources) == 116
    assert {"bn_rom", "my_zaw", "zh-Hant", "ns"} <= set(codes(sources))
    assert sources[0] == Source("af", "https://data.statmt.org/cc-100/af.txt.xz", local=False)
    with pytest.raises(SourceError, match=r"no file for language 'zh_Hans' \(did you mean zh-Hans"):
        locate(PUBLISHED, ["zh_Hans"])


def test_mirrors():
    assert locate("http://mirror/cc/", ["de"])[0].address == "http://mirror/cc/de.txt.xz"
    assert locate("http://mirror/{code}/text.xz?v=1", ["de"])[0].address == "http://mirror/de/text.xz?v=1"
    assert codes(locate("http://mirror", ["mine"])) == ["mine"]
    assert len(locate("http://mirror")) == 116


def test_schemes_and_local_paths(tmp_path):
    addresses = ["corpus", "/a/b", "C:\\corpus", "a:b", "file:/a", "file:///a", "HTTPS://x", "s3://b/k", "gs://b"]
    assert [scheme_of(address) for address in addresses] == ["file"] * 6 + ["https", "s3", "gs"]
    assert str(local_path("file:///with%20space")) == "/with space"
    assert str(local_path("a:b")) == "a:b"
