"""Sentences of documents: what is cut, and that nothing is lost."""

import lzma
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import sentencex
from hypothesis import given
from hypothesis import strategies as st

import babelmill
from transforms.languages import language
from transforms.sentences import SENTENCES, sentences
from transforms.sentences import cut as cut_by_rules

SAMPLE = Path(babelmill.__file__).parent / "sample/cc-100"


def cut(code, *documents):
    found = sentences(pa.array(documents, pa.string()), language(code))
    assert found.schema == SENTENCES
    return found


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (
            "en",
            "Dr. Smith came at 5.30 p.m. on foot. Why? Nobody knows!",
            ["Dr. Smith came at 5.30 p.m. on foot.", "Why?", "Nobody knows!"],
        ),
        ("de", "Das ist z. B. neu. Und gut.", ["Das ist z. B. neu.", "Und gut."]),
        ("ja", "今日は晴れ。明日は雨？多分。", ["今日は晴れ。", "明日は雨？", "多分。"]),
        ("zh-Hans", "你好。再见！", ["你好。", "再见！"]),
        ("hi", "यह एक वाक्य है। यह दूसरा है।", ["यह एक वाक्य है।", "यह दूसरा है।"]),
        ("ar", "كيف حالك؟ أنا بخير.", ["كيف حالك؟", "أنا بخير."]),
        ("am", "ሰላም ነው። ደህና።", ["ሰላም ነው።", "ደህና።"]),
        ("dz", "བཀྲ་ཤིས། བདེ་ལེགས།། ག་དེ་སྦེ་ཡོད།", ["བཀྲ་ཤིས།", "བདེ་ལེགས།།", "ག་དེ་སྦེ་ཡོད།"]),
        ("km", "ខ្មែរ។ ល្អ។ល្អណាស់", ["ខ្មែរ។", "ល្អ។", "ល្អណាស់"]),
        ("th", "สวัสดี วันนี้อากาศดี", ["สวัสดี วันนี้อากาศดี"]),
        ("xx", "Abc def. Ghi jkl.", ["Abc def.", "Ghi jkl."]),
    ],
)
def test_sentences_of_many_scripts(code, text, expected):
    spoken = language(code, strict=False)
    assert sentences(pa.array([text]), spoken).column("text").to_pylist() == expected


@pytest.mark.parametrize("code", ["ca", "da", "oc"])
@pytest.mark.parametrize(
    "text",
    [
        "Dr. Jensen kom. Han gik igen.",
        "El 3. de maig. va ploure. Després no",
        "Den 3. juni. 12 dage. Og så?",
        "Nej... og ja. Måske!! «måske» ikke",
        "Uden stop",
    ],
)
def test_stand_ins_cut_as_the_language_itself(code, text):
    assert cut_by_rules(text, code) == sentencex.segment(code, text)


@pytest.mark.parametrize(("code", "like"), [("ca", "es"), ("ca", "fr"), ("da", "no"), ("da", "de")])
def test_stand_ins_cut_real_text_as_the_language_itself(code, like):
    lines = lzma.decompress((SAMPLE / f"{like}.txt.xz").read_bytes()).decode().split("\n")
    assert len(lines) > 100 and [cut_by_rules(line, code) for line in lines] == [
        sentencex.segment(code, line) for line in lines
    ]


def test_paragraphs_are_cut_and_documents_are_numbered():
    found = cut("en", "One. Two.\nThree\n\n  \nFour.", "", " \n ", "Five.\n", "Six. Seven.")
    assert found.to_pydict() == {
        "row": [0, 0, 0, 0, 3, 4, 4],
        "sentence": [0, 1, 2, 3, 0, 0, 1],
        "text": ["One.", "Two.", "Three", "Four.", "Five.", "Six.", "Seven."],
    }


def test_no_documents_have_no_sentences():
    assert cut("en").num_rows == 0 and cut("en", "").num_rows == 0


def test_slices_are_read_as_they_are():
    documents = pa.array(["One. Two.", "Three.", "Four. Five."])
    found = sentences(documents[1:], language("en"))
    assert found.column("text").to_pylist() == ["Three.", "Four.", "Five."] and found["row"].to_pylist() == [0, 1, 1]


TEXT = st.text(st.sampled_from("aB1 .?!,:()[]\"'«»\n\t\u3000。！？།༎។।日本ก-*"), max_size=60)


@given(st.lists(TEXT, max_size=4), st.sampled_from(["en", "de", "ja", "dz", "km", "th", "ar"]))
def test_nothing_but_white_space_is_lost(documents, code):
    found = cut(code, *documents)
    for row, document in enumerate(documents):
        own = np.flatnonzero(found["row"].to_numpy() == row)
        assert found["sentence"].to_numpy()[own].tolist() == list(range(len(own)))
        texts = [found["text"][int(place)].as_py() for place in own]
        assert "".join("".join(texts).split()) == "".join(document.split())
        assert all(text and text == text.strip() and "\n" not in text for text in texts)
