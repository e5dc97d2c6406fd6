"""All eight routes are there, and counted."""

from importlib import import_module
from types import ModuleType

EVERY = {f"r{number}" for number in range(1, 9)}


def module(name: str) -> ModuleType:
    return import_module(f"pages.{name}")


def own(unit: str) -> None:
    assert module(unit).handle() == unit
    assert module(unit) in module("routes").ROUTES


def together(unit: str) -> None:
    own(unit)
    assert len(module("routes").ROUTES) == len(EVERY)
    assert {route.handle() for route in module("routes").ROUTES} == EVERY
    assert module("count").COUNT == len(EVERY)
