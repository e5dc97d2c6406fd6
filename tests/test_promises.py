import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tests.promises import LATER, PROMISES

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "promises.md").read_text(encoding="utf-8")
KNOWN = {**PROMISES, **LATER}


def marks_of(path: Path) -> Iterator[str]:
    """The ids in every `pytest.mark.promise(...)` of a file, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "promise":
            for argument in node.args:
                assert isinstance(argument, ast.Constant), f"{path}:{node.lineno}: an id is written out"
                yield str(argument.value)


@cache
def marked() -> set[tuple[Path, str]]:
    return {(path, mark) for path in TESTS.rglob("test_*.py") for mark in marks_of(path)}


@pytest.mark.parametrize("promise", sorted(PROMISES))
def test_every_promise_has_a_test(promise: str) -> None:
    assert [path for path, mark in marked() if mark == promise]


def test_every_mark_names_a_promise() -> None:
    assert {(path.name, mark) for path, mark in marked() if mark not in KNOWN} == set()


def test_the_page_and_the_list_say_the_same() -> None:
    rows = dict(re.findall(r"^\| `([^`]+)` \| ([^|]+?) \|", PAGE, flags=re.MULTILINE))
    assert rows == KNOWN


def test_no_promise_is_in_two_lists() -> None:
    assert len(KNOWN) == len(PROMISES) + len(LATER)
