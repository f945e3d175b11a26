"""Small vocabularies of some of the sample's languages, trained once."""

import lzma
import unicodedata
from importlib.resources import files

import pytest

from vocab.encoding import Encoder
from vocab.training import TrainingOptions, train

LANGUAGES = ("ar", "bn", "de", "el", "en", "hi", "ja", "km", "ko", "my", "ru", "ta", "th", "tr", "zh-Hans")
SYMBOLS = ("<mask>", "<2de>")


@pytest.fixture(scope="session")
def sample():
    """Language -> documents as `clean` leaves them, in NFC: the Universal Declaration of Human Rights."""
    folder = files("babelmill") / "sample" / "cc-100"
    texts = {name: lzma.decompress((folder / f"{name}.txt.xz").read_bytes()).decode() for name in LANGUAGES}
    return {name: unicodedata.normalize("NFC", text.rstrip("\n")).split("\n\n") for name, text in texts.items()}


@pytest.fixture(scope="session")
def documents(sample):
    """All documents of the sample."""
    return [document for language in sample.values() for document in language]


@pytest.fixture(scope="session")
def trained(documents):
    """Trains `unigram` or `bpe`, 3,000 pieces, once each."""
    options, made = {"size": 3000, "user_defined_symbols": SYMBOLS}, {}

    def of(model):
        if model not in made:
            made[model] = train(documents, options=TrainingOptions(model=model, **options))
        return made[model]

    return of


@pytest.fixture(scope="session", params=["unigram", "bpe"])
def encoder(request, trained, tmp_path_factory):
    """An encoder for each kind of model."""
    path = tmp_path_factory.mktemp(request.param) / "spm.model"
    path.write_bytes(trained(request.param).model)
    return Encoder(path)
