import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.filters.markup import markup
from transforms.filters.points import decoded

PATTERN = re.compile(
    r"<[A-Za-z/!?][^<>]{0,197}>"
    r"|&(?:#[A-Za-z0-9]{1,7}|[A-Za-z0-9]{1,8});"
    r"|[A-Za-z]+://[!#-;=?-~]*"
    r"|(?<![A-Za-z\u0080-\U0010ffff])www\.[!#-;=?-~]*"
)


def share(text):
    return markup(decoded(pa.array([text])))[0]


def naive(text):
    return sum(len(found) for found in PATTERN.findall(text)) / len(text) if text else 0


PIECES = ["<b>", "</b>", "<", ">", "&amp;", "&#xA0;", "&", ";", "http://", "a.b/c", "www.", "x", "é", " ", '"', "1"]


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=9).map("".join), max_size=5))
def test_markup_is_as_a_pattern_has_it(texts):
    found = markup(decoded(pa.array(texts, pa.string())))
    assert found.dtype == np.float32
    for text, value in zip(texts, found, strict=True):
        assert value == pytest.approx(naive(text)), text


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("<p>Text</p>", 7),
        ("if a < b and c > d", 0),
        ("a<b, c", 0),
        ("AT&T", 0),
        ("a &nbsp; b", 6),
        ("See https://example.org/x?y=1 there", 25),
        ("(www.example.org)", 16),
        ("awww.example", 0),
        ("12:30 a://", 4),
        ("://x", 0),
        ("<" + "x" * 300 + ">", 0),
        ("", 0),
    ],
)
def test_some_texts(text, characters):
    assert share(text) == pytest.approx(characters / max(len(text), 1))
