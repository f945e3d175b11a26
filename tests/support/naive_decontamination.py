"""Finding test items as one would explain it: lists of tokens, compared one by one."""

import unicodedata

from transforms.shingles import NO_SPACES

WINDOWS = {"words": (13, 5), "han": (26, 10), "coded": (52, 20)}


def tokens(paragraph):
    """The folded tokens of a paragraph: (text, kind)."""
    found, open_word = [], False
    for character in paragraph:
        point, category = ord(character), unicodedata.category(character)
        if category == "Cf" or 0xFE00 <= point <= 0xFE0F or 0xE0100 <= point <= 0xE01EF:
            continue
        if category[0] not in "LMN":
            open_word = False
            continue
        folded = character.casefold()
        folded = folded if len(folded) == 1 else character.lower()[0]
        if any(first <= point <= last for first, last in NO_SPACES):
            coded = 0xE00 <= point <= 0x1BFF or 0xA980 <= point <= 0xAAFF or 0x11700 <= point <= 0x1174F
            found.append((folded, "coded" if coded else "han"))
            open_word = False
        elif open_word:
            found[-1] = (found[-1][0] + folded, "words")
        else:
            found.append((folded, "words"))
            open_word = True
    return found


def kind(item):
    """The kind of most of an item's tokens, the first of `WINDOWS` where two have as many."""
    kinds = [one for _, one in tokens(item)]
    return max(WINDOWS, key=kinds.count) if kinds else None


def holds(paragraph, item):
    """Whether an item of one paragraph is in a paragraph."""
    overlap, least = WINDOWS.get(kind(item), (0, 0))
    text, wanted = ([token for token, _ in tokens(one)] for one in (paragraph, item))
    if not wanted:
        return False
    if len(wanted) < least:
        return text == wanted
    size = min(overlap, len(wanted))
    pieces = [wanted[start : start + size] for start in range(len(wanted) - size + 1)]
    return any(text[start : start + size] in pieces for start in range(len(text) - size + 1))


def occurrences(texts, items):
    """(row, paragraph, item) of every item in every paragraph; capitals of an item are the item."""
    return {
        (row, number, item)
        for row, text in enumerate(texts)
        for number, paragraph in enumerate(text.split("\n"))
        for item, one in enumerate(items)
        if any(holds(paragraph, piece) for way in (one, one.upper()) for piece in way.split("\n"))
    }
