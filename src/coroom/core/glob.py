"""Path patterns: `*` and `?` within a part, `[…]` classes, `**` for any number of parts."""

from functools import lru_cache

Part = tuple[str, bool]
"""One part of a path and whether its characters stand for themselves."""

Pattern = tuple[Part, ...]
"""A set of paths, part by part."""

_DEEP: Part = ("**", False)
_MAGIC = frozenset("*?[")


def is_literal(text: str) -> bool:
    """Whether the text as a pattern can match one path only."""
    return not _MAGIC & set(text)


def exactly(path: str) -> Pattern:
    """The pattern of one path, whatever characters are in it."""
    return tuple((part, True) for part in path.split("/"))


def beneath(directory: str) -> Pattern:
    """The pattern of all that lies in a directory, which ends with '/' or is empty for the root."""
    return (*((part, True) for part in directory.split("/")[:-1]), _DEEP)


def matching(text: str) -> Pattern:
    """The pattern that somebody wrote."""
    return tuple((part, is_literal(part)) for part in text.split("/"))


def meet(a: Pattern, b: Pattern) -> bool:
    """Whether some path matches both: exact for `*`, `?` and `**`, towards true for classes, which may also be
    meant as they stand (`app/[id]/page.tsx` is a usual name).
    """
    return a == b or _parts_meet(a, b)


def covers(a: Pattern, b: Pattern) -> bool:
    """Whether every path that b matches is matched by a; false when that is not plain to see."""
    if a == b:
        return True
    if any("[" in text and not literal for text, literal in a):
        return False
    if all(literal for _, literal in b):
        return meet(a, b)
    *above, last = a
    return last == _DEEP and all(literal for _, literal in above) and b[: len(above)] == tuple(above)


@lru_cache(maxsize=4096)
def _parts_meet(a: Pattern, b: Pattern) -> bool:
    row = [False] * (len(b) + 1)
    row[len(b)] = True
    for j in range(len(b) - 1, -1, -1):
        row[j] = b[j] == _DEEP and row[j + 1]
    for i in range(len(a) - 1, -1, -1):
        below = row
        row = [False] * (len(b) + 1)
        row[len(b)] = a[i] == _DEEP and below[len(b)]
        for j in range(len(b) - 1, -1, -1):
            if _DEEP in {a[i], b[j]}:
                row[j] = below[j] or row[j + 1]
            else:
                row[j] = below[j + 1] and _part_meets(a[i], b[j])
    return row[0]


def _part_meets(a: Part, b: Part) -> bool:
    if a[1] and b[1]:
        return a[0] == b[0]
    return _tokens_meet(_tokens(*a), _tokens(*b))


def _tokens(text: str, literal: bool) -> tuple[str, ...]:  # noqa: FBT001
    """One token a character; '*' any run (also for a class), '?' any one, '=c' exactly c."""
    if literal:
        return tuple("=" + c for c in text)
    tokens: list[str] = []
    i = 0
    while i < len(text):
        closing = text.find("]", i + 2) if text[i] == "[" else -1
        if closing > 0:
            tokens.append("*")
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
