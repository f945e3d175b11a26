"""The sample that ships in the package is laid out as CC-100 and OPUS are."""

import lzma
import zipfile
from importlib.resources import files
from pathlib import Path

SAMPLE = Path(str(files("babelmill") / "sample"))


def read(language):
    return lzma.decompress((SAMPLE / "cc-100" / f"{language}.txt.xz").read_bytes()).decode()


def test_forty_languages_in_less_than_a_megabyte():
    languages = [path.name.removesuffix(".txt.xz") for path in (SAMPLE / "cc-100").iterdir()]
    assert len(languages) >= 40
    assert {"de", "el", "hi", "ja", "km", "ko", "om", "ru", "th", "zh-Hans", "zh-Hant"} <= set(languages)
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) < 1_000_000


def test_documents_are_the_preamble_and_the_articles():
    for path in sorted((SAMPLE / "cc-100").iterdir()):
        language = path.name.removesuffix(".txt.xz")
        text = read(language)
        assert text.endswith("\n\n")
        documents = text.removesuffix("\n\n").split("\n\n")
        assert len(documents) == (30 if language == "am" else 31), language
        assert all(line and line == line.strip() for document in documents for line in document.split("\n"))
    assert "Artikel 1\nAlle Menschen sind frei und gleich an Würde und Rechten geboren." in read("de")


def test_archives_hold_two_files_of_aligned_lines():
    archives = sorted((SAMPLE / "opus" / "UDHR" / "v1" / "moses").iterdir())
    assert len(archives) >= 20
    for path in archives:
        pair = path.name.removesuffix(".txt.zip")
        codes = pair.split("-")
        assert codes == sorted(codes) and "en" in codes
        with zipfile.ZipFile(path) as archive:
            assert archive.namelist() == ["README", *(f"UDHR.{pair}.{code}" for code in codes)]
            first, second = (archive.read(f"UDHR.{pair}.{code}").decode().split("\n") for code in codes)
        assert len(first) == len(second) >= 48
        assert all(first[:-1]) and all(second[:-1]) and first[-1] == second[-1] == ""
    with zipfile.ZipFile(archives[0].parent / "de-en.txt.zip") as archive:
        german, english = (archive.read(f"UDHR.de-en.{code}").decode().split("\n") for code in ("de", "en"))
    i = english.index("Everyone has the right to life, liberty and the security of person.")
    assert german[i] == "Jeder hat das Recht auf Leben, Freiheit und Sicherheit der Person."
