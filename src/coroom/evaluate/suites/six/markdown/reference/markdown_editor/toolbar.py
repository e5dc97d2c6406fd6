"""The toolbar."""

import re

Selected = tuple[str, int, int]


def bold(text: str, start: int, end: int) -> Selected:
    """On or off."""
    return _marks(text, start, end, "**")


def italic(text: str, start: int, end: int) -> Selected:
    """On or off."""
    return _marks(text, start, end, "*")


def code(text: str, start: int, end: int) -> Selected:
    """On or off."""
    return _marks(text, start, end, "`")


def _marks(text: str, start: int, end: int, mark: str) -> Selected:
    size = len(mark)
    before, inner, after = text[:start], text[start:end], text[end:]
    if _ends(before, mark) and _begins(after, mark):
        return before[:-size] + inner + after[size:], start - size, end - size
    if len(inner) >= 2 * size and _begins(inner, mark) and _ends(inner, mark):
        return before + inner[size:-size] + after, start, end - 2 * size
    return before + mark + inner + mark + after, start + size, end + size


def _run(text: str, char: str) -> int:
    return len(text) - len(text.lstrip(char))


def _has(run: int, mark: str) -> bool:
    # Of a run of stars, two are bold's and one is italic's.
    return run in {2, 3} if mark == "**" else run in {1, 3} if mark == "*" else run >= 1


def _begins(text: str, mark: str) -> bool:
    return _has(_run(text, mark[0]), mark)


def _ends(text: str, mark: str) -> bool:
    return _has(_run(text[::-1], mark[0]), mark)


def heading(text: str, start: int, end: int, level: int) -> Selected:
    """On, off or another."""
    line = text.rfind("\n", 0, start) + 1
    present = re.compile(r"#{1,6} ").match(text, line)
    old = present[0] if present else ""
    new = "" if old == "#" * level + " " else "#" * level + " "
    moved = text[:line] + new + text[line + len(old) :]

    def at(place: int) -> int:
        return max(place - len(old), line) + len(new)

    return moved, at(start), at(end)


def bullets(text: str, start: int, end: int) -> Selected:
    """On or off, line by line."""
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", max(end - 1, start) if end > start else end)
    last = len(text) if last < 0 else last
    lines = text[first:last].split("\n")
    if all(line.startswith("- ") for line in lines):
        lines = [line[2:] for line in lines]
    else:
        lines = ["- " + line for line in lines]
    made = "\n".join(lines)
    return text[:first] + made + text[last:], first, first + len(made)


def link(text: str, start: int, end: int, address: str) -> Selected:
    """Round the selection."""
    before = f"{text[:start]}[{text[start:end]}]("
    return f"{before}{address}){text[end:]}", len(before), len(before) + len(address)
