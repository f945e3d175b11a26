import numpy as np
import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st

from transforms.decontamination.tokens import token_columns
from transforms.shingles import ascii_steps, folding_table, scratch, tokenize


def by_shingles(text):
    data = np.frombuffer(text.encode(), np.uint8)
    hashes, slots = scratch(len(data))
    count, _ = tokenize(data, 0, len(data), folding_table(), ascii_steps(), hashes, slots)
    return hashes[:count].tolist()


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n") | st.sampled_from("aB ß\u00ad東ก…️"))
    )
)
@example(["", "…", "a", "東京 tower"])
def test_tokens_are_those_of_shingles(texts):
    hashes, starts = token_columns(pa.array(texts, pa.string()))
    for number, text in enumerate(texts):
        folds = len(by_shingles(f"{text} x")) > 1  # else the text is one token of raw bytes there, and none here
        assert hashes[starts[number] : starts[number + 1]].tolist() == (by_shingles(text) if folds else [])
