"""The layered merge keeps what both sides wrote, treats both alike, and holds what it cannot tell apart."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coroom.workspace.merge import merge, with_markers

FUNCTIONS = "abcdef"


@st.composite
def programs(draw: st.DrawFn) -> tuple[bytes, bytes, bytes]:
    """A module of functions, and two sides that each change, add, remove or move some."""
    base = [(name, draw(st.integers(0, 2))) for name in FUNCTIONS[: draw(st.integers(1, 4))]]
    return _module(base), _module(_changed(draw, base)), _module(_changed(draw, base))


def _changed(draw: st.DrawFn, functions: list[tuple[str, int]]) -> list[tuple[str, int]]:
    out = list(functions)
    for _ in range(draw(st.integers(0, 2))):
        kind = draw(st.sampled_from(["edit", "add", "remove", "move"]))
        free = [name for name in FUNCTIONS if name not in dict(out)]
        if kind == "add" and free:
            out.insert(draw(st.integers(0, len(out))), (draw(st.sampled_from(free)), draw(st.integers(0, 2))))
        elif out:
            at = draw(st.integers(0, len(out) - 1))
            name, value = out.pop(at)
            if kind == "edit":
                out.insert(at, (name, value + 1))
            elif kind == "move":
                out.insert(draw(st.integers(0, len(out))), (name, value))
    return out


def _module(functions: list[tuple[str, int]]) -> bytes:
    bodies = (f"def {name}(x):\n    y = {name!r}\n    z = x + {value}\n    return y, z\n" for name, value in functions)
    return ("import os\n\n\n" + "\n\n".join(bodies)).encode()


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_a_side_that_changed_nothing_leaves_the_other_as_it_is(base: bytes, changed: bytes) -> None:
    for path in ("a.py", "a.txt"):
        assert merge(base, changed, changed, path).text == changed
        assert merge(base, base, changed, path).text == changed
        assert merge(base, changed, base, path).text == changed
        assert merge(base, changed, base, path).status == "clean"


@settings(max_examples=200, deadline=None)
@given(programs())
def test_swapping_the_sides_changes_neither_the_verdict_nor_what_is_there(sides: tuple[bytes, bytes, bytes]) -> None:
    base, ours, theirs = sides
    first, second = merge(base, ours, theirs, "a.py"), merge(base, theirs, ours, "a.py")
    assert first.status == second.status
    assert {each.kind for each in first.findings} == {each.kind for each in second.findings}
    assert merge(base, ours, theirs, "a.py", doubts=False) == replace(first, findings=())
    if first.status == "clean":
        assert sorted(first.text.split(b"\n\n\n")) == sorted(second.text.split(b"\n\n\n")) or (
            sorted(first.text.split()) == sorted(second.text.split())
        )


@settings(max_examples=200, deadline=None)
@given(programs())
def test_a_clean_merge_holds_every_line_that_either_side_added(sides: tuple[bytes, bytes, bytes]) -> None:
    base, ours, theirs = sides
    merged = merge(base, ours, theirs, "a.py")
    if merged.status == "clean":
        here = set(merged.text.splitlines())
        for side in (ours, theirs):
            assert {line for line in side.splitlines() if line not in base.splitlines()} <= here


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab(){}[],:=\"' \n\t\r\\#", max_size=60), st.data())
def test_no_text_however_broken_makes_the_merge_fail(text: str, data: st.DataObject) -> None:
    pieces = st.text(alphabet='ab():,\n "', max_size=8)
    sides = []
    for _ in range(2):
        at = data.draw(st.integers(0, len(text)))
        sides.append((text[:at] + data.draw(pieces) + text[at:]).encode())
    for path in ("a.py", "a.ts", "a.go", "a.rs", "a.java", "a.jsx"):
        merged = merge(text.encode(), sides[0], sides[1], path)
        assert merged.status == "clean" or merged.text == sides[0]


def test_nesting_beyond_all_reason_is_held_and_not_a_fault() -> None:
    base = b"".join(b" " * depth + b"class x:\n" for depth in range(1200)) + b" " * 1200 + b"y = 1\n"
    brackets = b"a = " + b"(" * 3000 + b"1" + b")" * 3000 + b"\n"
    for text in (base, brackets):
        assert merge(b"b = 1\n" + text, b"b = 2\n" + text, b"b = 3\n" + text, "a.py").status == "held"


def test_two_new_files_of_one_name_are_held_unless_they_are_equal() -> None:
    assert merge(None, b"a\n", b"a\n", "a.py").status == "clean"
    held = merge(None, b"a\n", b"b\n", "a.py")
    assert (held.status, held.conflicts[0].reason) == ("held", "both created this file")


@pytest.mark.parametrize("binary", [b"a\0b", b"\xff\xfe"])
def test_what_is_no_text_is_clean_only_when_one_side_left_it_alone(binary: bytes) -> None:
    assert merge(b"old", binary, b"new", "a.py").status == "held"
    assert merge(binary, binary, b"new", "a.py").text == b"new"
    assert merge(b"old", binary, binary, "a.py").text == binary
    assert with_markers(b"old", binary, b"new") == binary


def test_a_conflict_names_the_definition_and_the_lines_of_ours() -> None:
    base = b"import os\n\n\ndef parse(x):\n    return x\n"
    held = merge(base, base.replace(b"return x", b"return x + 1"), base.replace(b"return x", b"return x + 2"), "a.py")
    (conflict,) = held.conflicts
    assert (conflict.start, conflict.end, conflict.reason) == (5, 5, "both rewrote parse()")
    assert (conflict.base, conflict.ours) == ("    return x\n", "    return x + 1\n")


def test_markers_stand_around_each_conflict_with_the_ending_of_the_file() -> None:
    marked = with_markers(b"a\r\nb\r\n", b"a\r\nx\r\n", b"a\r\ny\r\n")
    assert marked == b"a\r\n<<<<<<< ours\r\nx\r\n=======\r\ny\r\n>>>>>>> theirs\r\n"


def test_sides_that_parse_alone_and_not_together_are_doubted() -> None:
    base = b"try:\n    a()\n    b()\n    c()\nfinally:\n    d()\n"
    ours = base.replace(b"try:", b"with x:").replace(b"finally:", b"if y:")
    theirs = base.replace(b"    b()\n", b"    b()\nexcept E:\n    e()\n")
    merged = merge(base, ours, theirs, "a.py")
    assert [(each.kind, each.line) for each in merged.findings] == [("parse", 4)]
