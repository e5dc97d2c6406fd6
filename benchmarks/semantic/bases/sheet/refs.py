import re

CELL = re.compile(r"([A-Z]+)([0-9]+)$")


class BadRef(ValueError):
    pass


def column_number(letters):
    n = 0
    for ch in letters:
        n = n * 26 + ord(ch) - 64
    return n


def column_letters(n: int) -> str:
    out = ""
    while n:
        n, rest = divmod(n - 1, 26)
        out = chr(65 + rest) + out
    return out


def split_ref(ref: str):
    m = CELL.match(ref)
    if m is None:
        raise BadRef(ref)
    return column_number(m.group(1)), int(m.group(2))


def expand(first: str, last: str):
    c1, r1 = split_ref(first)
    c2, r2 = split_ref(last)
    return [column_letters(c) + str(r) for r in range(r1, r2 + 1) for c in range(c1, c2 + 1)]
