"""What bytes are: text that can be merged, or something to be kept whole.

Bytes are never changed here: a byte order mark, CRLF and a missing last newline are part of the text.
"""

from enum import StrEnum

from coroom.core.quick import dataclass

TEXT_BYTES_MAX = 1 << 20


class Sort(StrEnum):
    """How the room treats some bytes: TEXT is merged, BINARY and LARGE are compared and swapped whole."""

    TEXT = "text"
    BINARY = "binary"
    LARGE = "large"


@dataclass(frozen=True, slots=True)
class TextFacts:
    """What is peculiar to a text, to be told to people; merging needs none of it."""

    byte_order_mark: bool
    crlf_lines: int
    lf_lines: int
    ends_with_newline: bool


def sort_of(data: bytes, *, bytes_max: int = TEXT_BYTES_MAX) -> Sort:
    """Classify a file's bytes: text is valid UTF-8 without a NUL, of up to `bytes_max` bytes."""
    if b"\0" in data[:8192]:
        return Sort.BINARY
    if len(data) > bytes_max:
        return Sort.LARGE
    return Sort.BINARY if as_text(data) is None else Sort.TEXT


def as_text(data: bytes) -> str | None:
    """Decode without changing anything, so that `.encode()` gives the same bytes; None if that is impossible."""
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def facts_of(data: bytes) -> TextFacts:
    """Describe a text's line ends and byte order mark."""
    crlf = data.count(b"\r\n")
    return TextFacts(
        byte_order_mark=data.startswith(b"\xef\xbb\xbf"),
        crlf_lines=crlf,
        lf_lines=data.count(b"\n") - crlf,
        ends_with_newline=data.endswith(b"\n"),
    )
