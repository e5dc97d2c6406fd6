"""Definitions are found with their whole text, in every language, and a broken text is told from a whole one."""

import pytest

from coroom.syntax import definitions, every, is_test, parses, symbols_touched

SAMPLES = {
    "a.py": ("@mark\n# about\ndef f(a, *, b=1): ...\n\n\nclass C:\n    def m(self): ...\n", ["f", "C", "C.m"]),
    "a.js": (
        "/** doc */\nexport function f(a) {}\nconst g = (x) => x;\nclass C {\n  m() {}\n}\n",
        ["f", "g", "C", "C.m"],
    ),
    "a.jsx": ("const V = () => <b>x</b>;\n", ["V"]),
    "a.ts": (
        "interface I {\n  a: string;\n}\ntype T = I;\nexport class C {\n  m(): void {}\n}\n",
        ["I", "T", "C", "C.m"],
    ),
    "a.tsx": ("export const V = (p: P) => <b>x</b>;\n", ["V"]),
    "a.go": (
        "package p\n\n// F does.\nfunc F(a, b int) {}\n\ntype S struct{}\n\nfunc (s *S) M() {}\n",
        ["F", "S", "S.M"],
    ),
    "a.rs": (
        "/// doc\n#[inline]\nfn f(a: u8) {}\nstruct S;\nimpl S {\n    fn m(&self) {}\n}\n",
        ["f", "S", "S", "S.m"],
    ),
    "A.java": ("/** doc */\nclass A {\n    void m(int a) {}\n    void m() {}\n}\n", ["A", "A.m", "A.m"]),
}


@pytest.mark.parametrize("path", SAMPLES)
def test_each_language_names_its_definitions(path: str) -> None:
    text, names = SAMPLES[path]
    assert [each.qualname for each in every(definitions(text.encode(), path))] == names
    assert parses(text, path) is True


@pytest.mark.parametrize(
    ("path", "opening"), [("a.py", "@mark"), ("a.js", "/** doc"), ("a.rs", "/// doc"), ("A.java", "/**")]
)
def test_a_definition_takes_its_decorators_and_leading_comment_along(path: str, opening: str) -> None:
    text = SAMPLES[path][0].encode()
    first = definitions(text, path)[0]
    assert text[first.start : first.end].decode().startswith(opening)


def test_parameters_say_what_a_call_must_give() -> None:
    (found,) = definitions(b"def f(a, /, b, *rest, c, d=1, **more): ...\n", "a.py")
    assert [(each.name, each.kind, each.required) for each in found.parameters or ()] == [
        ("a", "positional", True),
        ("b", "plain", True),
        ("rest", "rest", False),
        ("c", "keyword", True),
        ("d", "keyword", False),
        ("more", "options", False),
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "def f(:\n"),
        ("a.py", "def f():\n    a()\n        b()\n"),
        ("a.ts", "function f( {\n"),
        ("a.go", "package p\nfunc {"),
        ("a.rs", "fn f( {"),
        ("A.java", "class {"),
    ],
)
def test_a_broken_text_does_not_parse(path: str, text: str) -> None:
    assert parses(text, path) is False


def test_of_an_unknown_language_nothing_is_said() -> None:
    assert parses("(", "a.txt") is None
    assert definitions(b"def f(): ...", "a.txt") == ()


def test_the_symbols_that_a_write_touches_are_those_whose_text_differs() -> None:
    before = "def f(): ...\n\n\nclass C:\n    def m(self): ...\n\n    def n(self): ...\n"
    after = before.replace("def m(self): ...", "def m(self): return 1") + "\n\ndef g(): ...\n"
    assert symbols_touched("a.py", before, after) == {"C.m", "g"}
    assert symbols_touched("a.py", before, "# moved\n\n" + before) == {"<module>"}
    assert symbols_touched("a.py", before, "\n\n\n" + before) == frozenset()


@pytest.mark.parametrize(
    ("after", "touched"),
    [
        ("class C(dict):\n    def m(self): ...\n\n    def n(self): return 3\n", {"C", "C.n"}),
        ("class C:\n    x = 1\n\n    def m(self): ...\n\n    def n(self): ...\n", {"C"}),
        ("class C:\n    def m(self): ...\n", {"C.n"}),
        ("class C:\n    def m(self): ...\n\n    def n(self): ...\n\nC.m = C.n\n", {"<module>", "C.m"}),
        ("class C:\n    def m(self): ...\n\n    def n(self): ...\n\nC.x: int = 1\n", {"<module>", "C"}),
        ("class C:\n    def m(self): ...\n\n    def n(self): ...\n\nassert C.m == C.n\n", {"<module>"}),
    ],
)
def test_a_write_touches_the_definition_around_and_what_it_binds_from_outside(after: str, touched: set[str]) -> None:
    before = "class C:\n    def m(self): ...\n\n    def n(self): ...\n"
    assert symbols_touched("a.py", before, after) == touched


@pytest.mark.parametrize(
    ("path", "is_it"),
    [
        ("tests/a.py", True),
        ("pkg/test_a.py", True),
        ("test_apps/app.py", False),
        ("test_server/test_app.py", True),
        ("src/app_spec.js", True),
        ("src/app_spec.mts", True),
        ("src/inspec.js", False),
        ("conftest.py", True),
        ("a/b_test.go", True),
        ("src/a.spec.ts", True),
        ("src/add/test.ts", True),
        ("src/__tests__/add.js", True),
        ("spec/add.js", True),
        ("src/latest/a.py", False),
        ("src/contest.py", False),
        ("src/testing/a.py", False),
        ("llm/model_prompt_spec.py", False),
    ],
)
def test_what_holds_tests_is_told_by_its_path(path: str, is_it: bool) -> None:
    assert is_test(path) is is_it
