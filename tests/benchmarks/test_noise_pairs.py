import json
import random
import re
import zipfile
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from benchmarks import noise_pairs, pair_filters
from benchmarks.noise_pairs import DUPLICATES, NOISE, fold, occurs, swapped, word_trigrams

pytestmark = pytest.mark.slow

LINES = 400
UNTRANSLATED = 40
NUMERALS = {
    "de": ("Eins", "Zwei", "Drei", "Vier", "Fünf", "Sechs", "Sieben", "Acht", "Neun", "Zehn"),
    "en": ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    "ru": ("один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять", "десять"),
}


def text(code, line):
    words = [NUMERALS[code][int(digit)] for digit in f"{line * 7919 % 100_000:05d}"]
    return f"{' '.join(words)} ({line}) {code}word{line}."


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    """Two archives with English, whose last lines nobody translated; and what was made of them, twice."""
    folder = tmp_path_factory.mktemp("corpora")
    moses = folder / "opus" / "Count" / "v1" / "moses"
    moses.mkdir(parents=True)
    for pair in ("de-en", "en-ru"):
        with zipfile.ZipFile(moses / f"{pair}.txt.zip", "w") as archive:
            for code in pair.split("-"):
                rows = [text(code if line < LINES - UNTRANSLATED else "en", line) for line in range(LINES)]
                archive.writestr(f"Count.{pair}.{code}", "".join(f"{row}\n" for row in [*rows, rows[0]]))
    for name in ("noise", "again"):
        arguments = [str(folder / "opus"), str(folder / name), "--corpus", "Count", "--pairs", "de-en", "en-ru"]
        assert noise_pairs.main([*arguments, "--seed", "7"]) == 0
    return folder


def read(folder, pair):
    """Original lines, new lines, truth of an archive."""

    def sides(root):
        path = folder / root / "Count" / "v1" / "moses" / f"{pair}.txt.zip"
        with zipfile.ZipFile(path) as archive:
            texts = [archive.read(f"Count.{pair}.{code}").decode() for code in pair.split("-")]
        return list(zip(*(side.splitlines() for side in texts), strict=True))

    truth = (folder / "noise" / "truth" / f"{pair}.jsonl").read_text(encoding="utf-8").splitlines()
    return sides("opus"), sides("noise/opus"), [json.loads(line) for line in truth]


@pytest.mark.parametrize("pair", ["de-en", "en-ru"])
def test_the_truth_says_what_was_done(corpora, pair):
    old, new, truth = read(corpora, pair)
    assert len(new) == len(truth)
    for (source, target), said in zip(new, truth, strict=True):
        first, second = old[said["of"]]
        match said["kind"]:
            case "true" | "duplicate_pair" | "untranslated":
                assert (source, target) == (first, second)
            case "copied":
                assert source == target == first
            case "shuffled":
                assert source == first and target != second and target in dict(old).values()
            case "truncated":
                assert source == first and second.startswith(target) and 0.25 <= len(target) / len(second) <= 0.7
            case "numbers":
                assert source == first and target != second
                assert re.sub(r"\d+", "", target) == re.sub(r"\d+", "", second)
                assert [len(n) for n in re.findall(r"\d+", target)] == [len(n) for n in re.findall(r"\d+", second)]
            case "wrong_language":
                third = {"de-en": "ru", "en-ru": "de"}[pair]
                assert said["language"] == third
                kept = {"source": (second, target), "target": (first, source)}[said["side"]]
                assert kept[0] == kept[1] and text(third, said["of"]) in (source, target)
            case "duplicate_source":
                assert source == first and target != second and sorted(target) == sorted(second)
            case "duplicate_target":
                assert target == second and source != first and sorted(source) == sorted(first)


def test_kinds_have_their_shares(corpora):
    for pair in ("de-en", "en-ru"):
        _, _, truth = read(corpora, pair)
        kinds, real = Counter(said["kind"] for said in truth), LINES - UNTRANSLATED
        assert kinds["untranslated"] == UNTRANSLATED
        for kind, share in {**NOISE, **DUPLICATES}.items():
            assert kinds[kind] == round(share * real), kind
        assert kinds["true"] == real - sum(kinds[kind] for kind in NOISE)
        assert len({said["of"] for said in truth}) == LINES  # the line that was there twice counts once


def test_a_seed_gives_the_same_bytes(corpora):
    files = [path for path in (corpora / "noise").rglob("*.*") if path.is_file()]
    assert len(files) == 4
    for path in files:
        assert path.read_bytes() == (corpora / "again" / path.relative_to(corpora / "noise")).read_bytes()


def test_filters_find_it(corpora, capsys):
    assert pair_filters.main([str(corpora / "noise"), "--corpus", "Count", "--lexical", "0.3"]) in (0, 1)
    tables = capsys.readouterr().out
    row = re.search(r"\| `numerals` \|.*", tables).group().split(" | ")
    head = re.search(r"\| filter \|.*", tables).group().split(" | ")
    assert row[head.index("numbers")] == "100.0%"
    areas = re.findall(r"area under the lexical score's curve (\S+)", tables)
    assert len(areas) == 2 and all(float(area) > 0.9 for area in areas)


def test_area_under_the_curve():
    assert pair_filters.area(np.array([0.5, 0.9, np.nan]), np.array([0.1, 0.5])) == pytest.approx((1.5 + 2) / 4)


def test_untranslated_texts_are_known_by_their_words():
    there, trigrams = {"abetahat"}, set(word_trigrams("the quick brown fox"))
    assert fold("A, “beta”\tHAT!") == "a beta hat"
    assert occurs("a beta hat", there, trigrams)
    assert occurs("abeta hat", there, trigrams)
    assert occurs("the quick brown dog", there, trigrams)
    assert not occurs("see the quick brown dog", there, trigrams)
    assert not occurs("quick", there, trigrams)


def test_swapping_keeps_the_characters():
    assert swapped("one two", random.Random(1)) == "two one"
    assert swapped("日本", random.Random(1)) == "本日"
    assert swapped("ha ha ho", random.Random(1)) == "ha ho ha"
    assert swapped("日", random.Random(1)) == "日"


def test_examples_are_those_that_were_judged_wrongly():
    texts = pa.array(["a", "b", "c"])
    one = pair_filters.Judged(
        name="de-en", source=texts, target=texts, kind=np.array(["true", "copied", "true"]),
        reason=np.array([0, -1, -1], np.int8), alone={}, value=np.zeros(3, np.float32), lexical=None,
    )  # fmt: skip
    assert list(pair_filters.examples(one, kind=None, reason=None, count=9)) == ["de-en empty 0: a ||| a"]
    assert list(pair_filters.examples(one, kind="copied", reason=None, count=9)) == ["de-en kept 0: b ||| b"]
    assert list(pair_filters.examples(one, kind=None, reason="copy", count=9)) == []
