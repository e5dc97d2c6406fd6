"""What a text binds, uses and calls is read as the language means it."""

from coroom.syntax import facts_of


def unbound(text: str, path: str = "a.py") -> set[str]:
    facts = facts_of(text.encode(), path)
    assert facts is not None
    return set(facts.unbound)


def test_python_names_are_looked_up_by_scope() -> None:
    assert unbound("def f():\n    x = 1\n\n\ndef g():\n    return x\n") == {"x"}
    assert unbound("class C:\n    x = 1\n\n    def m(self):\n        return x\n") == {"x"}
    assert unbound("x = 1\n\n\ndef f():\n    return [x + y for y in z]\n") == {"z"}


def test_every_way_to_bind_a_python_name_binds_it() -> None:
    text = (
        "import a.b, c as d\nfrom e import f as g\nfor h, (i, *j) in a: pass\nwith d as k: pass\n"
        "try: pass\nexcept g as l: pass\nif (m := 1): pass\ndef n(o, p=1, *q, **r): return o, p, q, r\n"
        "s: n = 1\nmatch s:\n    case [t, {'x': u}]: print(t, u)\nv = lambda w: w\n"
        "print(a, d, g, h, i, j, k, l, m, n, s, v)\n"
    )
    assert unbound(text) == {"print"}


def test_names_of_other_languages_are_looked_up_in_the_file() -> None:
    assert unbound("import { a } from 'm';\nconst b = (c) => a(c, d);\n", "a.ts") == {"d"}
    assert unbound('package p\n\nimport "os"\n\nfunc F(a int) { b := a; os.Exit(b + c) }\n', "a.go") >= {"c"}
    assert "b" not in unbound("package p\n\nfunc F(a int) { b := a; use(b) }\n", "a.go")


def test_calls_tell_receiver_arguments_and_keywords() -> None:
    facts = facts_of(b"a.b.put(1, 2, x=3)\nf(*z)\n", "a.py")
    assert facts is not None
    first, second = facts.calls
    assert (first.receiver, first.name, first.positional, first.keywords) == ("a.b", "put", 2, ("x",))
    assert second.spread
