"""The normal form in which encrypted text is searched: case, width and punctuation make no difference (RULES R148)."""

import unicodedata


def normalise(text: str) -> str:
    """NFKC and case folding, inner whitespace single, outer none."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.split())


def words(text: str) -> list[str]:
    """The distinct words of a text in normal form: runs of letters, marks and digits, in order of appearance.

    Marks count as part of a word, or else Devanagari and Thai would fall apart at every vowel sign.
    """
    spaced = "".join(char if unicodedata.category(char)[0] in "LMN" else " " for char in normalise(text))
    return list(dict.fromkeys(spaced.split()))
