from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from transforms import langid
from transforms.filters.spoken import spoken
from transforms.langid import Identification
from transforms.languages import language

LABELS = ("de", "en", "ja", "zh", "am", "nn", "no", "ko", "xx-unheard")


def model(label, score=0.75, own=0.125):
    """A model that says the same of every text."""

    def identify(texts, own_labels=(), **_):
        number = LABELS.index(label) if label else -1
        values = (np.int32(number), np.float32(score), np.float32(own))
        return Identification(*(np.full(len(texts), value) for value in values))

    return SimpleNamespace(labels=LABELS, identify=lambda texts, own: identify(texts, own))


@pytest.mark.parametrize(
    ("code", "text", "label", "foreign"),
    [
        ("de", "ein Satz", "de", 0),
        ("de", "a sentence", "en", 0.75),
        ("nn", "ei setning", "no", 0),  # labels that stand together
        ("zh", "显示选中的字符", "ja", 0),  # Han alone is no Japanese
        ("zh", "文字を表示する", "ja", 0.75),
        ("zh", "显示选中的字符", "am", 0),
        ("zh", "ምን", "am", 0.75),
        ("ja", "これはテストです", "zh", 0),  # kana is no Chinese
        ("ja", "显示选中的字符", "zh", 0.75),
        ("zh", "显示", "ko", 0),
        ("de", "ein Satz", "xx-unheard", 0.75),  # nobody knows how that is written
        ("de", "", None, 0),
    ],
)
def test_labels_that_count(code, text, label, foreign):
    found = spoken(pa.array(["", text])[1:], language(code), model(label))
    assert [values.dtype for values in found] == [np.float32, np.float32]
    assert found.own.tolist() == [0.125]
    assert found.foreign.tolist() == [foreign]


def test_without_a_model_nothing_is_known():
    found = spoken(pa.array(["ein Satz"]), language("de"), None)
    assert np.isnan(found).all()
    assert (found.own.dtype, found.own.shape) == (np.float32, (1,))


def test_the_bundled_model():
    texts = pa.array(["Wo ist hier der nächste Bahnhof?", "Where is the nearest railway station?"])
    found = spoken(texts, language("de"), langid.load(langid.BUNDLED))
    assert found.own[0] > 0.9 > 0.1 > found.own[1]
    assert found.foreign[0] == 0 < 0.9 < found.foreign[1]
