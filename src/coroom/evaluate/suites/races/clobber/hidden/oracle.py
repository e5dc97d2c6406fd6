"""All handlers are there, in order, and counted."""

from pathlib import Path

from app.registry import COUNT, HANDLERS

EVERY = ("count", "drop", "get", "list", "ping", "put")


def own(unit: str) -> None:
    assert HANDLERS[unit] == f"handle_{unit}"


def together(unit: str) -> None:
    own(unit)
    assert tuple(HANDLERS) == EVERY
    assert COUNT == len(EVERY)
    assert Path("app/registry.py").read_text().count("handle_") == len(EVERY)
