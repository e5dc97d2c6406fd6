"""Whoever decided last stays on call."""

from importlib import import_module

EVERYBODY = ("ada", "bob", "cleo")


def own(unit: str) -> None:
    assert import_module(f"oncall.{unit}").DECIDED is True


def together(unit: str) -> None:
    own(unit)
    assert [import_module(f"oncall.{one}").ON_CALL for one in EVERYBODY].count(True) == 1
