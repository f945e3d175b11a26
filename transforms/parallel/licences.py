"""What is known of corpora: licences, as facts to be passed on, and which of them are test sets.

A licence is what somebody states. OPUS states none for many corpora; then there is None, which is no permission.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

LICENCES = {
    # As the corpora's pages at OPUS state it (github.com/Helsinki-NLP/OPUS, corpus/*/info.yaml), read in 2026.
    "bible-uedin": "CC0-1.0",
    "NLLB": "ODC-By-1.0",
    "QED": "for research only",
    "SETIMES": "CC-BY-SA-3.0",
    "Tanzil": "for non-commercial purposes only",
    "Tatoeba": "CC BY 2.0 FR",
    "TED2020": "TED Talks Usage Policy",
    "TildeMODEL": "CC-BY-4.0",
    "wikimedia": "CC-BY-SA-4.0",
    "WikiMatrix": "CC-BY-SA-4.0",
    # As their own pages do.
    "IITB": "CC-BY-NC-4.0",
}
"""Corpus -> its licence, an SPDX identifier where there is one."""

TEST_SETS = {
    "WMT-News": (None, "it is a compilation of the WMT news test sets, so scores on those would mean nothing"),
    "Tatoeba": ("tatoeba", "the Tatoeba test set is drawn from it, and is among the test sets used here"),
}
"""Corpus -> the test set that it leaks (None: always refused, whatever is tested), and the reason."""

_STATED = re.compile(r"^ *Licen[cs]e *: *(\S.*)$", re.MULTILINE | re.IGNORECASE)
_IDENTIFIER = re.compile(
    r"\b(?:CC0(?:[- ]1\.0)?|CC[- ]BY(?:[- ](?:NC|SA|ND))*(?:[- ][1-4]\.[0-9])?(?: [A-Z]{2}\b)?|ODC-By(?:[- ]1\.0)?"
    r"|MPL[- ][12]\.[01]|Apache[- ]2\.0|[AL]?GPL(?:[- ]v?|v)[23](?:\.[01])?\b)"
)


def known_licence(corpus: str) -> str | None:
    """The licence of a corpus by its name; None where none is stated, or the corpus is not known."""
    return next((licence for name, licence in LICENCES.items() if name.lower() == corpus.lower()), None)


def licence_in(texts: Iterable[str]) -> str | None:
    """The licence that a README or LICENSE states.

    That is the line `License: …` of OPUS's files, else the first identifier of a common licence. That "the data come
    with the licence of the original sources", as most of OPUS's files have it, states none.
    """
    texts = list(texts)
    for pattern in (_STATED, _IDENTIFIER):
        for text in texts:
            if match := pattern.search(text):
                stated = " ".join(re.sub(r"<[^>]*>", "", match[match.lastindex or 0]).split())
                if stated.lower() not in ("", "empty", "unknown", "none"):
                    return stated
    return None


def refusal(corpus: str, *, test_sets: Collection[str] = (), insist: bool = False) -> str | None:
    """Why a corpus must not be trained on; None if nothing speaks against it.

    Args:
        corpus: its name; case does not matter.
        test_sets: which test sets the models will be evaluated on (`tatoeba`, `flores`, ...).
        insist: take it all the same.
    """
    for name, (test_set, reason) in TEST_SETS.items():
        used = test_set is None or test_set in {used.lower() for used in test_sets}
        if name.lower() == corpus.lower() and used and not insist:
            return f"{name} is not for training: {reason}; leave it out, or insist on it in the configuration"
    return None
