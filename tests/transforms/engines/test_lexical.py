import pickle

import pyarrow as pa
import pytest
from toy_bitexts import bitext

from transforms.engines.lexical import Lexical
from transforms.errors import InputError
from transforms.lexicon.learning import learn
from transforms.lexicon.saving import save
from transforms.storage import WorkDirectory


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    work = WorkDirectory(tmp_path_factory.mktemp("work"))
    lexicon = learn(*bitext(1000), languages=("xa", "xb"))
    save(lexicon, work, "lexicon/xa-xb")
    return work, lexicon


def test_both_directions_are_those_of_the_lexicon(learnt):
    work, lexicon = learnt
    source, target = bitext(20, seed=2)
    with Lexical(work=work, lexicons={("xa", "xb"): "lexicon/xa-xb"}) as engine:
        assert engine.serves("xa", "xb") and engine.serves("xb", "xa") and not engine.serves("xa", "xc")
        for texts, languages, reverse in ((source, ("xa", "xb"), False), (target, ("xb", "xa"), True)):
            expected = lexicon.translate(texts, reverse=reverse)
            found = engine.translate(texts, source=languages[0], target=languages[1], seed=1)
            assert found.texts == expected[0] and (found.scores == expected[1]).all()
            listed = pickle.loads(pickle.dumps(engine)).translate(
                texts.to_pylist(), source=languages[0], target=languages[1], seed=1
            )
            assert listed.texts == expected[0]
        assert len(engine.tag("xa", "xb")["sha256"]) == 64


def test_a_lexicon_that_is_missing_or_of_others_is_told(learnt):
    engine = Lexical(work=learnt[0], lexicons={("xa", "xc"): "lexicon/xa-xb"})
    with pytest.raises(InputError, match="no lexicon of de and en, there are xa-xc"):
        engine.translate(["a"], source="de", target="en", seed=1)
    with pytest.raises(InputError, match="is a lexicon of xa and xb, expected xa and xc"):
        engine.translate(pa.array(["a"]), source="xa", target="xc", seed=1)
