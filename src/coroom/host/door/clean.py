"""Foreign text made harmless to read: nothing in it moves a cursor, hides, or turns the reading direction round."""

import re
import unicodedata

_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, screen
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]?"
)
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_KEPT = "\n\t"
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_HIDDEN_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0").union(
    map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)
"""Letters and marks that draw nothing: fillers, joiners and variation selectors, in which text can be smuggled."""


def _hidden(character: str) -> bool:
    if character in _KEPT or " " <= character <= "~":
        return False
    return unicodedata.category(character) in _HIDDEN_CATEGORIES or character in _HIDDEN_LETTERS


def cleaned(text: str) -> str:
    """`text` with one kind of line end and without control, bidi, zero-width and other invisible characters.

    Terminal escape sequences go whole. What is left looks like what it is; tabs and line ends stay.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _LINE_ENDS.sub("\n", _ESCAPES.sub("", text))
    return "".join(c for c in text if not _hidden(c))


def one_line(text: str, chars_max: int) -> str:
    """`cleaned`, in one line of at most `chars_max` characters."""
    # A name or a short sentence, as most are, is one already.
    if not text.isascii() or not text.isprintable() or "  " in text or text[:1] == " " or text[-1:] == " ":
        text = " ".join(cleaned(text).split())
    return shortened(text, chars_max)


def revealed(text: str) -> str:
    """`text` with its invisible characters written out, like ⟦U+202E⟧: for files, where dropping one would lie."""
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(f"⟦U+{ord(c):04X}⟧" if _hidden(c) else c for c in text.replace("\r\n", "\n"))


def shortened(text: str, chars_max: int) -> str:
    """`text`, at most `chars_max` characters of it, saying how much is left out."""
    if len(text) <= chars_max:
        return text
    note = f"… ({len(text) - chars_max} more characters)"
    return text[:chars_max] + note
