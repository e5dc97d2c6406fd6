"""The index says what each definition uses of the others, across files and languages, and is kept up file by file."""

import pytest

from coroom.plan.index import Place, SymbolIndex


def index(files: dict[str, str]) -> SymbolIndex:
    found = SymbolIndex()
    for path, text in files.items():
        assert found.put(path, text.encode())
    return found


def used(found: SymbolIndex, path: str, symbol: str) -> set[str]:
    return {str(place) for place in found.uses_of(Place(path, symbol))}


PYTHON = {
    "src/pkg/__init__.py": "from .core import Parser as Parser\n",
    "src/pkg/core.py": (
        "from .base import Base\n\n\nclass Parser(Base):\n    def parse(self):\n"
        "        return self.step(LIMIT)\n\n\nLIMIT = 3\n"
    ),
    "src/pkg/base.py": "class Base:\n    def step(self, n):\n        return n\n",
    "app.py": (
        "import pkg\nfrom pkg import Parser\nfrom pkg import core as c\n\n\ndef main():\n"
        "    Parser().parse()\n    return pkg.Parser, c.LIMIT\n"
    ),
}


def test_python_names_are_followed_through_imports_packages_and_base_classes() -> None:
    found = index(PYTHON)
    assert used(found, "src/pkg/core.py", "Parser.parse") == {"src/pkg/core.py#LIMIT", "src/pkg/base.py#Base.step"}
    assert used(found, "src/pkg/core.py", "Parser") == {"src/pkg/base.py#Base"}
    assert used(found, "app.py", "main") == {
        "src/pkg/core.py#Parser",
        "src/pkg/core.py#Parser.parse",
        "src/pkg/core.py#LIMIT",
    }


def test_who_uses_a_definition_is_told() -> None:
    found = index(PYTHON)
    assert {str(each) for each in found.users_of(Place("src/pkg/base.py", "Base.step"))} == {
        "src/pkg/core.py#Parser.parse"
    }
    assert {str(each) for each in found.users_of(Place("src/pkg/base.py", ""))} == {
        "src/pkg/core.py#Parser",
        "src/pkg/core.py#Parser.parse",
    }


def test_a_changed_file_changes_what_others_are_said_to_use() -> None:
    found = index(PYTHON)
    assert used(found, "app.py", "main")
    found.put("src/pkg/core.py", b"def parse(): pass\n")
    assert used(found, "app.py", "main") == set()
    found.put("src/pkg/core.py", PYTHON["src/pkg/core.py"].encode())
    assert "src/pkg/core.py#LIMIT" in used(found, "app.py", "main")
    found.drop("src/pkg/base.py")
    assert used(found, "src/pkg/core.py", "Parser") == set()
    assert list(found.named("Base")) == []


def test_a_member_that_many_have_is_nobodys() -> None:
    files = {f"m{n}.py": f"class C{n}:\n    def spin(self): pass\n" for n in range(4)}
    assert used(index({**files, "a.py": "def f(x):\n    x.spin()\n"}), "a.py", "f") == set()
    del files["m3.py"]
    assert len(used(index({**files, "a.py": "def f(x):\n    x.spin()\n"}), "a.py", "f")) == 3


@pytest.mark.parametrize(
    ("files", "path", "symbol", "expected"),
    [
        (
            {
                "src/m.ts": "export function go(n: number) { return n }\n",
                "src/a.ts": "import { go as run } from './m.js';\nimport * as all from './m';\n"
                "function f() { run(1); all.go(2) }\n",
            },
            "src/a.ts",
            "f",
            {"src/m.ts#go"},
        ),
        (
            {
                "lib/thing/t.go": "package thing\n\nfunc Do() {}\n",
                "lib/thing/u.go": "package thing\n\nfunc Use() { Do() }\n",
                "main.go": 'package main\n\nimport "example.com/m/lib/thing"\n\nfunc main() { thing.Use() }\n',
            },
            "main.go",
            "main",
            {"lib/thing/u.go#Use"},
        ),
        (
            {
                "lib/thing/t.go": "package thing\n\nfunc Do() {}\n",
                "lib/thing/u.go": "package thing\n\nfunc Use() { Do() }\n",
            },
            "lib/thing/u.go",
            "Use",
            {"lib/thing/t.go#Do"},
        ),
        (
            {
                "src/a/b.rs": "pub fn go() {}\npub const N: u8 = 1;\n",
                "src/main.rs": "use crate::a::b;\nuse crate::a::b::N;\n\n"
                "fn main() {\n    b::go();\n    let x = N;\n}\n",
            },
            "src/main.rs",
            "main",
            {"src/a/b.rs#go", "src/a/b.rs#N"},
        ),
        (
            {
                "src/p/C.java": "package p;\npublic class C {\n  static int go() { return 1; }\n}\n",
                "src/q/A.java": "package q;\nimport p.C;\nclass A {\n  int run() { return C.go(); }\n}\n",
            },
            "src/q/A.java",
            "A.run",
            {"src/p/C.java#C", "src/p/C.java#C.go"},
        ),
    ],
    ids=["typescript", "go", "go-package", "rust", "java"],
)
def test_other_languages_resolve_across_files(
    files: dict[str, str], path: str, symbol: str, expected: set[str]
) -> None:
    assert used(index(files), path, symbol) == expected


def test_a_language_nobody_knows_is_not_in_the_index() -> None:
    found = SymbolIndex()
    assert not found.put("a.cobol", b"MOVE A TO B.")
    assert list(found.paths) == []
    found.drop("a.cobol")
    assert found.uses_of(Place("a.cobol", "x")) == frozenset()


def test_a_go_method_is_found_by_its_own_name() -> None:
    files = {
        "store.go": "package shop\n\ntype Store struct{}\n\nfunc (s *Store) Add(row int) int {\n\treturn row\n}\n",
        "order.go": 'package shop\n\nfunc Pay(all map[string]Store) int {\n\treturn all["a"].Add(1)\n}\n',
    }
    found = index(files)
    assert [str(each) for each in found.named("Add")] == ["store.go#Store.Add"]
    assert used(found, "order.go", "Pay") >= {"store.go#Store.Add"}
