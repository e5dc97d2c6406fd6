"""Which real clients a test drives: one in every run of the tests, all of them in make campaign."""

import os


def some(first: str, *others: str) -> tuple[str, ...]:
    """The clients to drive."""
    return (first, *others) if os.environ.get("COROOM_EVERY_CLIENT") else (first,)
