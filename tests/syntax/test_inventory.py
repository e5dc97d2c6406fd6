"""What a file defines, names, imports and calls is told with the scope of each, in five languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coroom.syntax import Inventory, inventory_of


def inventory(text: str, path: str = "a.py") -> Inventory:
    found = inventory_of(text.encode(), path)
    assert found is not None
    return found


def symbols(found: Inventory) -> dict[str, str]:
    return {each.qualname: each.kind for each in found.symbols}


def used(found: Inventory, scope: str) -> set[str]:
    return {f"{each.holder}.{each.name}".lstrip(".") for each in found.uses if each.scope == scope}


PYTHON = """\
import os, a.b as ab
from .x import y as z
try:
    import json
except ImportError:
    json = None
LIMIT = 3


class C(Base, metaclass=M):
    size: int = 0

    def __init__(self, q: Type = DEFAULT):
        self.q = q
        for i, (j, k) in enumerate(q):
            z.load(ab.c, i, mode=j)

    @property
    def p(self):
        return self._go(LIMIT).later
"""


def test_python_classes_methods_variables_and_fields_are_symbols_with_their_scopes_and_bases() -> None:
    found = inventory(PYTHON)
    assert symbols(found) == {
        "C": "class",
        "C.__init__": "function",
        "C.p": "function",
        "json": "variable",
        "LIMIT": "variable",
        "C.size": "variable",
        "C.q": "field",
    }
    by_name = {each.qualname: each for each in found.symbols}
    assert by_name["C"].bases == ("Base",)
    assert (by_name["C.p"].line, by_name["C.p"].named_line, by_name["C.p"].end_line) == (18, 19, 20)
    assert by_name["C.p"].decorators == ("@property",)
    assert [each.name for each in by_name["C.__init__"].parameters or ()] == ["self", "q"]


def test_python_uses_leave_out_what_the_scope_binds_itself() -> None:
    found = inventory(PYTHON)
    assert used(found, "C.__init__") == {"Type", "DEFAULT", "enumerate", "z", "z.load", "ab", "ab.c", "self.q"}
    assert used(found, "C.p") == {"property", "self._go", "LIMIT", "?.later"}


def test_python_imports_and_calls_are_told() -> None:
    found = inventory(PYTHON)
    assert [tuple(each)[:3] for each in found.imports] == [
        ("os", "os", ""),
        ("ab", "a.b", ""),
        ("z", ".x", "y"),
        ("json", "json", ""),
    ]
    load = next(each for each in found.calls if each.call.name == "load")
    assert (load.scope, load.call.receiver, load.call.positional, load.call.keywords) == (
        "C.__init__",
        "z",
        2,
        ("mode",),
    )


def test_a_definition_under_a_condition_is_one_of_the_module() -> None:
    found = inventory("if X:\n    def f(a): return a\nelse:\n    class D:\n        def m(self): return g()\n")
    assert symbols(found) == {"f": "function", "D": "class", "D.m": "function"}
    assert used(found, "D.m") == {"g"}


def test_a_function_inside_a_function_belongs_to_the_one_around_it() -> None:
    found = inventory("def f(a):\n    def g(b): return a + b + c\n    return g\n")
    assert symbols(found) == {"f": "function"}
    assert used(found, "f") == {"c"}


def test_a_global_is_used_not_bound() -> None:
    assert "N" not in used(inventory("def f():\n    N = 1\n    return N\n"), "f")
    assert "N" in used(inventory("def f():\n    global N\n    N = 1\n    return N\n"), "f")


@pytest.mark.parametrize(
    ("path", "text", "names", "scope", "uses", "imports"),
    [
        (
            "a.ts",
            (
                "import D, { a as b } from './m';\nimport * as ns from 'n';\nexport const K = 3;\n"
                "class A extends B implements C {\n  size = 0;\n"
                "  run(x: Bar) { let q = b(x, K); return ns.thing(q).done }\n}\n"
            ),
            {"A": "class", "A.run": "function", "K": "variable", "A.size": "variable"},
            "A.run",
            {"Bar", "b", "K", "ns", "ns.thing", "?.done"},
            [("D", "./m", "default"), ("b", "./m", "a"), ("ns", "n", "")],
        ),
        (
            "a.go",
            (
                'package p\nimport (\n\t"fmt"\n\tx "e.com/m/thing/v2"\n)\nconst Limit = 3\ntype T struct{ N int }\n'
                "func (t *T) Run(a int) { b := t.N + Limit; fmt.Println(b, a); x.Do() }\n"
            ),
            {"T": "type", "T.Run": "function", "Limit": "variable"},
            "T.Run",
            {"int", "t.N", "Limit", "fmt", "fmt.Println", "x", "x.Do"},
            [("fmt", "fmt", ""), ("x", "e.com/m/thing/v2", "")],
        ),
        (
            "a.rs",
            (
                "use crate::a::{b, c as d, self};\nconst LIMIT: usize = 3;\nstruct S { n: usize }\n"
                "impl S {\n    fn run(&self) { b::go(self.n, LIMIT); d(); }\n}\n"
            ),
            {"S": "impl", "S.run": "function", "LIMIT": "variable"},
            "S.run",
            {"b", "b.go", "self.n", "LIMIT", "d"},
            [("b", "crate::a", "b"), ("d", "crate::a", "c"), ("a", "crate", "a")],
        ),
        (
            "A.java",
            (
                "package p;\nimport a.b.C;\nimport static a.b.D.go;\npublic class A extends B implements I {\n"
                "  private int size = 3;\n  int run(C c) { int q = go(size); return c.d.e(q); }\n}\n"
            ),
            {"A": "class", "A.run": "function", "A.size": "variable"},
            "A.run",
            {"C", "go", "size", "c.d", "c.d.e"},
            [("C", "a.b", "C"), ("go", "a.b.D", "go")],
        ),
    ],
    ids=["typescript", "go", "rust", "java"],
)
def test_other_languages_are_told_in_the_same_words(
    path: str,
    text: str,
    names: dict[str, str],
    scope: str,
    uses: set[str],
    imports: list[tuple[str, str, str]],
) -> None:
    found = inventory(text, path)
    assert symbols(found) == names
    assert used(found, scope) == uses
    assert [tuple(each)[:3] for each in found.imports] == imports
    assert any(each.scope == scope for each in found.calls)


def test_a_text_that_does_not_parse_has_the_inventory_of_what_can_be_read() -> None:
    found = inventory("def f():\n    return 1\n\ndef g(:\n")
    assert not found.whole
    assert "f" in symbols(found)
    assert inventory_of(b"x", "a.unknown") is None


@given(
    st.text(alphabet="abC()[]{}:=,.\n \tdefclasimport#'\"", max_size=200),
    st.sampled_from(["a.py", "a.ts", "a.go", "a.rs", "A.java"]),
)
def test_any_text_has_an_inventory_whose_spans_lie_in_it(text: str, path: str) -> None:
    found = inventory(text, path)
    lines = text.count("\n") + 1
    assert all(1 <= each.line <= each.named_line <= each.end_line <= lines for each in found.symbols)
    assert all(1 <= line <= lines for use in found.uses for line in use.lines)
