"""The user name."""

import re

_GOOD = re.compile(r"[A-Za-z][A-Za-z0-9_-]{2,19}")


def normal(text: str) -> str:
    """The name as it is compared."""
    return text.strip().lower()


def check_name(text: str) -> str | None:
    """What is wrong with it."""
    if _GOOD.fullmatch(text.strip()):
        return None
    return "A name has 3 to 20 letters, digits, _ or -, and begins with a letter."
