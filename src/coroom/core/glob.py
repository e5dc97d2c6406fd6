"""Path patterns: `*` and `?` within a part, `[…]` classes, `**` for any number of parts."""

from functools import lru_cache

_MAGIC = frozenset("*?[")


def is_literal(pattern: str) -> bool:
    """Whether the pattern can match one path only."""
    return not _MAGIC & set(pattern)


def globs_meet(a: str, b: str, *, a_literal: bool = False, b_literal: bool = False) -> bool:
    """Whether some path matches both patterns; exact for `*`, `?` and `**`, towards true for classes.

    A pattern marked literal is a path: its special characters stand for themselves.
    """
    if a_literal and b_literal:
        return a == b
    return _parts_meet(_parts(a, literal=a_literal), _parts(b, literal=b_literal))


def covers_glob(a: str, b: str, *, b_literal: bool = False) -> bool:
    """Whether every path that b matches is matched by a; false when that is not plain to see."""
    if a == b and not b_literal:
        return True
    if b_literal:
        return globs_meet(a, b, b_literal=True)
    if a == "**":
        return True
    prefix, _, rest = a.rpartition("/")
    return rest == "**" and is_literal(prefix) and b.startswith(prefix + "/")


_Part = tuple[str, bool]


def _parts(pattern: str, *, literal: bool) -> tuple[_Part, ...]:
    return tuple((part, literal) for part in pattern.split("/"))


@lru_cache(maxsize=4096)
def _parts_meet(a: tuple[_Part, ...], b: tuple[_Part, ...]) -> bool:
    row = [False] * (len(b) + 1)
    row[len(b)] = True
    for j in range(len(b) - 1, -1, -1):
        row[j] = _any_depth(b[j]) and row[j + 1]
    for i in range(len(a) - 1, -1, -1):
        below = row
        row = [False] * (len(b) + 1)
        row[len(b)] = _any_depth(a[i]) and below[len(b)]
        for j in range(len(b) - 1, -1, -1):
            if _any_depth(a[i]) or _any_depth(b[j]):
                row[j] = below[j] or row[j + 1] or below[j + 1]
            else:
                row[j] = below[j + 1] and _part_meets(a[i], b[j])
    return row[0]


def _any_depth(part: _Part) -> bool:
    return part == ("**", False)


def _part_meets(a: _Part, b: _Part) -> bool:
    if a[0] == b[0] and a[1] == b[1]:
        return True
    return _tokens_meet(_tokens(*a), _tokens(*b))


def _tokens(text: str, literal: bool) -> tuple[str, ...]:  # noqa: FBT001
    """One token a character; '*' any run, '?' (also for a class) any one, '=c' exactly c."""
    if literal:
        return tuple("=" + c for c in text)
    tokens: list[str] = []
    i = 0
    while i < len(text):
        closing = text.find("]", i + 2) if text[i] == "[" else -1
        if closing > 0:
            tokens.append("?")
            i = closing
        else:
            tokens.append(text[i] if text[i] in "*?" else "=" + text[i])
        i += 1
    return tuple(tokens)


def _tokens_meet(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    row = [set(b[j:]) <= {"*"} for j in range(len(b) + 1)]
    for i in range(len(a) - 1, -1, -1):
        below = row
        row = [False] * (len(b) + 1)
        row[len(b)] = a[i] == "*" and below[len(b)]
        for j in range(len(b) - 1, -1, -1):
            if a[i] == "*" or b[j] == "*":
                row[j] = below[j] or row[j + 1]
            else:
                one = a[i] == "?" or b[j] == "?" or a[i] == b[j]
                row[j] = one and below[j + 1]
    return row[0]
