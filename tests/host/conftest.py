"""Servers that tests of rooms need, as the tests of tools start them."""

from tests.tools.conftest import postgres

__all__ = ["postgres"]
