"""Go, Rust and Java: calls of what the other side changed in another file."""

import pytest

from coroom.checks.elsewhere import elsewhere
from coroom.checks.sides import Four

GO = "package p\n\nfunc Load(name string) int { return 1 }\n"
GO_CALLER = 'package p\n\nfunc Use() int { return Load("a") }\n'
RUST = "pub fn load(name: &str) -> i32 { 1 }\n"
RUST_CALLER = 'use crate::a::load;\n\npub fn go() -> i32 { load("a") }\n'
JAVA = "class A {\n  static int load(String n) { return 1; }\n}\n"
JAVA_CALLER = 'class B {\n  int go() { return A.load("a"); }\n}\n'
OVERLOAD = "  static int load(int n) { return n; }\n}\n"

CASES = [
    ("go", GO, GO.replace("Load", "Read"), GO_CALLER, "removed-name-used"),
    ("go", GO, GO.replace("name string", "name string, deep bool"), GO_CALLER, "stale-call"),
    ("rs", RUST, RUST.replace("&str", "&str, deep: bool"), RUST_CALLER, "stale-call"),
    ("java", JAVA, JAVA.replace("load", "read"), JAVA_CALLER, "removed-name-used"),
    ("go", GO, GO.replace("1", "2") + "\nfunc More() {}\n", GO_CALLER, ""),
    ("java", JAVA, JAVA.removesuffix("}\n") + OVERLOAD, JAVA_CALLER, ""),
]


@pytest.mark.parametrize(("end", "before", "after", "caller", "kind"), CASES)
def test_a_call_in_another_file_is_held_against_what_the_other_side_made_of_it(
    end: str, before: str, after: str, caller: str, kind: str
) -> None:
    one, two = f"a.{end}", f"b.{end}"
    base = {one: before.encode()}
    ours, theirs = {one: after.encode()}, {**base, two: caller.encode()}
    found = list(elsewhere(Four(base, ours, theirs, {**ours, two: caller.encode()})))
    assert [each.kind for each in found] == ([kind] if kind else [])
