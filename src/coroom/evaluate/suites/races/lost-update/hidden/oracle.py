"""The build number counts the changes, whatever order they were entered in."""

from pathlib import Path

from product.build import BUILD


def _lines() -> list[str]:
    return Path("product/CHANGES.md").read_text().splitlines()


def own(unit: str) -> None:
    assert _lines().count(f"- {unit}") == 1


def together(unit: str) -> None:
    assert f"- {unit}" in _lines()
    assert BUILD == 41 + len(_lines())
    assert len(_lines()) == 4
