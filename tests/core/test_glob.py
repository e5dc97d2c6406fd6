from functools import cache
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coroom.core.glob import Pattern, beneath, covers, exactly, is_literal, matching, meet

PATHS = ["/".join(parts) for depth in (1, 2, 3) for parts in product(("a", "b", "ab", "ba"), repeat=depth)]
parts = st.sampled_from(("a", "b", "ab", "*", "**", "?", "a*", "*b", "?b", "a?"))
patterns = st.lists(parts, min_size=1, max_size=3).map("/".join)


def part_matches(pattern: str, part: str) -> bool:
    if not pattern:
        return not part
    if pattern[0] == "*":
        return any(part_matches(pattern[1:], part[i:]) for i in range(len(part) + 1))
    return bool(part) and pattern[0] in {"?", part[0]} and part_matches(pattern[1:], part[1:])


def path_matches(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(path_matches(pattern[1:], path[i:]) for i in range(len(path) + 1))
    return bool(path) and part_matches(pattern[0], path[0]) and path_matches(pattern[1:], path[1:])


@cache
def matched(pattern: str) -> frozenset[str]:
    """By brute force: each path of a small world that the pattern matches."""
    return frozenset(path for path in PATHS if path_matches(tuple(pattern.split("/")), tuple(path.split("/"))))


@given(patterns, patterns)
def test_two_patterns_meet_when_some_path_matches_both(a: str, b: str) -> None:
    common = matched(a) & matched(b)
    if common:
        assert meet(matching(a), matching(b))
    elif "**" not in a + b:
        assert not meet(matching(a), matching(b))
    assert meet(matching(a), matching(b)) == meet(matching(b), matching(a))


@given(patterns, st.sampled_from(PATHS))
def test_a_pattern_meets_a_path_exactly_when_it_matches_it(pattern: str, path: str) -> None:
    assert meet(matching(pattern), exactly(path)) == (path in matched(pattern))
    assert covers(matching(pattern), exactly(path)) == (path in matched(pattern))


@given(patterns, patterns)
def test_a_pattern_that_covers_another_matches_all_that_it_matches(a: str, b: str) -> None:
    if covers(matching(a), matching(b)):
        assert matched(b) <= matched(a)
        assert meet(matching(a), matching(b))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (matching("src/**/*.py"), exactly("src/a.py")),
        (matching("src/**/*.py"), exactly("src/deep/er/a.py")),
        (matching("**"), exactly("anything/at/all")),
        (matching("app/[id]/*.tsx"), exactly("app/[id]/page.tsx")),
        (matching("app/[id]/*.tsx"), exactly("app/i/page.tsx")),
        (beneath("app/[id]/"), exactly("app/[id]/page.tsx")),
        (beneath(""), exactly("a")),
        (matching("a[b"), exactly("a[b")),
        (matching("x*"), matching("*y")),
    ],
)
def test_these_meet(a: Pattern, b: Pattern) -> None:
    assert meet(a, b)
    assert meet(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (matching("src/*.py"), exactly("src/deep/a.py")),
        (matching("src/**/*.py"), exactly("test/a.py")),
        (exactly("a*"), exactly("ab")),
        (matching("a*"), matching("b*")),
        (beneath("src/"), exactly("srcs/a")),
        (matching("?"), exactly("ab")),
    ],
)
def test_these_do_not_meet(a: Pattern, b: Pattern) -> None:
    assert not meet(a, b)
    assert not meet(b, a)


def test_a_class_covers_only_itself_since_it_may_be_meant_as_it_stands() -> None:
    assert covers(matching("[ab].py"), matching("[ab].py"))
    assert not covers(matching("[ab].py"), exactly("a.py"))


def test_a_directory_covers_the_patterns_inside_it_and_no_others() -> None:
    assert covers(beneath("src/"), matching("src/*/x?.py"))
    assert not covers(beneath("src/"), matching("sr?/x.py"))
    assert not covers(matching("src/*"), matching("src/*.py"))


def test_a_literal_is_what_has_no_special_character() -> None:
    assert is_literal("src/a.py")
    assert not any(map(is_literal, ("*", "a?", "[a]")))
