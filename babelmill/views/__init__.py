"""Pairs as the objectives of multilingual pretraining read them, made when a batch is read; numpy only.

    pairs = babelmill.open("work/shards", kind="pairs")
    masking = Masking(mask=4, ids=range(5, 64_000))
    for step, batch in enumerate(pairs.iterate(seed=1, batch_size=64)):
        both = tlm(batch)                                         # <s> a </s> b </s>, padded
        hidden = camlm(batch, masking=masking, seed=(1, step))    # masks on both sides; hidden.attention()
        restored = btmlm(batch, masking=masking, seed=(1, step))  # masks on the sentence, none on its pseudo tokens

TLM is of XLM (Lample and Conneau, 2019), CAMLM and BTMLM are of ERNIE-M (Ouyang et al., 2021).
"""

from babelmill.views.btmlm import Placeholders, btmlm, placeholders
from babelmill.views.camlm import Crossed, camlm, visible
from babelmill.views.masking import IGNORED, Masked, Masking, mask
from babelmill.views.sequences import Layout, PairIds, Pairs, Sequences, tlm

__all__ = [
    "IGNORED",
    "Crossed",
    "Layout",
    "Masked",
    "Masking",
    "PairIds",
    "Pairs",
    "Placeholders",
    "Sequences",
    "btmlm",
    "camlm",
    "mask",
    "placeholders",
    "tlm",
    "visible",
]
