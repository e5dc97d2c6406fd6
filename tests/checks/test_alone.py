"""One tree by itself: what does not parse, was left over, or names nothing."""

import pytest

from coroom.checks.alone import in_one_file, in_one_tree


def kinds(text: str, path: str) -> list[tuple[str, int, str]]:
    return [(each.kind, each.line, each.symbol) for each in in_one_file(text.encode(), path)]


WRONG = [
    ("a.tsx", "const a = 1;\nconst a = 2;\n", ("duplicate-definition", 2, "a")),
    ("a.ts", "import { x } from 'y';\nimport { x } from 'z';\nx();\n", ("duplicate-definition", 2, "x")),
    ("a.ts", "function f(a: number) {\n  let a = 2;\n  return a;\n}\n", ("duplicate-definition", 2, "a")),
    ("a.tsx", "export default () => <Box onClick={go} />;\n", ("undefined-name", 1, "Box")),
    ("a.ts", "export const f = () => {\n  { const inner = 1; }\n  return inner;\n};\n", ("undefined-name", 3, "inner")),
    ("a.tsx", "const x = 1;\n</parameter>\n", ("leaked-markup", 2, "</parameter>")),
    ("a.ts", "export const f = () => {\n  /* TODO:Sort sort the rows */\n};\n", ("placeholder", 2, "/* TODO:Sort")),
    ("a.py", "def f():\n    # ... existing code ...\n    return 1\n", ("placeholder", 2, "# ... existing code ...")),
    ("a.py", "def f():\n    return 1\n<<<<<<< ours\n", ("leaked-markup", 3, "<<<<<<<")),
    ("a.py", "def f(:\n", ("parse", 1, "")),
    ("a.py", "def f():\n    return g()\n", ("undefined-name", 2, "g")),
    ("a.py", "def f():\n    return 1\n\n\ndef f():\n    return 2\n", ("duplicate-definition", 5, "f")),
]


@pytest.mark.parametrize(("path", "text", "expected"), WRONG)
def test_what_is_wrong_with_a_file_is_found_where_it_stands(
    path: str, text: str, expected: tuple[str, int, str]
) -> None:
    assert expected in kinds(text, path)


RIGHT = [
    (
        "a.ts",
        "function f(a: string): void;\nfunction f(a: number): void;\nfunction f(a: unknown): void { console.log(a); }\n",  # noqa: E501
    ),
    ("a.ts", "interface A { x: number }\ninterface A { y: number }\nconst A = { x: 1, y: 2 };\nexport default A;\n"),
    ("a.ts", "for (let i = 0; i < 3; i++) { console.log(i); }\nfor (let i = 0; i < 3; i++) { console.log(i); }\n"),
    ("a.ts", "const { a, b: [c = 1], ...rest } = JSON.parse('{}');\nconsole.log(a, c, rest);\n"),
    (
        "a.ts",
        "try { run(); } catch ({ message }) { console.log(message); }\nfunction run() { return later; }\nconst later = 1;\n",  # noqa: E501
    ),
    (
        "a.ts",
        "switch (1 as number) { case 1: { const x = 1; console.log(x); break; } case 2: { const x = 2; console.log(x); } }\n",  # noqa: E501
    ),
    (
        "a.tsx",
        "export const A = ({ label }: { label: string }) => <div aria-label={label}><span>{label}</span></div>;\n",
    ),
    ("a.ts", 'export const s = "</parameter>";\nlabel: for (const x of [1]) { if (x) continue label; }\n'),
    ("a.js", "var a = 1;\nvar a = 2;\nmodule.exports = { a, b() { return a; } };\n"),
    ("a.py", "import sys\n\nif sys.argv:\n    def f():\n        return 1\nelse:\n    def f():\n        return 2\n"),
    ("a.py", "# TODO: make this faster\ndef f():\n    return [x for x in range(3)]\n"),
    ("a.sql", "select 1"),
]


@pytest.mark.parametrize(("path", "text"), RIGHT)
def test_a_sound_file_has_no_finding(path: str, text: str) -> None:
    assert kinds(text, path) == []


def test_the_files_of_a_tree_are_judged_in_order_of_their_paths() -> None:
    found = list(in_one_tree({"b.py": b"x = y\n", "a.py": b"def f(:\n"}))
    assert [each.path for each in found] == ["a.py", "b.py"]
