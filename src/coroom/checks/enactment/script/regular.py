"""Regular expressions of a script, as patterns of Python whose matching takes a time that is known."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.python import native
from coroom.checks.enactment.script.values import LARGEST, UNDEFINED, Fun, Native, Obj, Regular, Value

if TYPE_CHECKING:
    from coroom.checks.enactment.script.machine import Machine

_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
_ODD = re.compile(r"\\[cpPk1-9]|\\u\{|\[\^?\]|\(\?<[=!]")


def regular(m: Machine, source: str, flags: str) -> Regular:
    """A regular expression."""
    if set(flags) - set("gimsu") or _ODD.search(source):
        raise CannotGoOn("a pattern of an odd kind")
    wanted = re.ASCII
    for each in flags:
        wanted |= _FLAGS.get(each, re.ASCII)
    text = _translated(source, multiline="m" in flags)
    try:
        pattern = native.pattern(text, wanted)
    except re.error as fault:
        raise CannotGoOn("a pattern of an odd kind") from fault
    return Regular(m.builtins["RegExp"], source, flags, pattern)


def _translated(source: str, *, multiline: bool) -> str:
    found: list[str] = []
    at, inside = 0, False
    while at < len(source):
        each = source[at]
        if each == "\\":
            found.append(source[at : at + 2])
            at += 2
            continue
        if inside and each in "[&|~":
            found.append(f"\\{each}")
        elif inside and source[at : at + 2] == "--":
            raise CannotGoOn("a pattern of an odd kind")
        elif not inside and source[at : at + 3] == "(?<":
            found.append("(?P<")
            at += 3
            continue
        elif not inside and each == "$":
            found.append("$" if multiline else r"\Z")
        else:
            found.append(each)
        inside = each == "[" or (inside and each != "]")
        at += 1
    return "".join(found)


def search(m: Machine, held: Regular, text: str, start: int = 0) -> re.Match[str] | None:
    """The first match from a place on."""
    m.step(1 + len(text) // 16)
    repeated = min(6, len(re.findall(r"[*+]|\{\d*,", held.source)))
    if (len(text) + 1) ** max(1, repeated) > 10_000_000:
        raise CannotGoOn("a match that may take long")
    found: re.Match[str] | None = held.pattern.search(text, start)
    return found


def every(m: Machine, held: Regular, text: str) -> list[re.Match[str]]:
    """All matches of a pattern that is said to be global, the first one of another."""
    found: list[re.Match[str]] = []
    at = 0
    while at <= len(text):
        match = search(m, held, text, at)
        if match is None:
            break
        found.append(match)
        if len(found) > LARGEST:
            raise CannotGoOn("too large")
        if "g" not in held.flags:
            break
        at = match.end() + (match.end() == match.start())
    return found


def told(m: Machine, match: re.Match[str]) -> Value:
    """A match as a script sees it."""
    made = m.array([match[0], *(UNDEFINED if each is None else each for each in match.groups())])
    made.own["index"] = float(match.start())
    made.own["input"] = match.string
    named = match.groupdict()
    made.own["groups"] = (
        Obj(None, {name: UNDEFINED if each is None else each for name, each in named.items()}) if named else UNDEFINED
    )
    return made


def executed(m: Machine, held: Regular, text: str) -> Value:
    """`exec`."""
    start = held.last if "g" in held.flags else 0
    match = search(m, held, text, start) if start <= len(text) else None
    held.last = match.end() if match is not None and "g" in held.flags else 0
    return None if match is None else told(m, match)


_MARK = re.compile(r"\$(\$|&|`|'|\d{1,2}|<\w+>)")


def replaced(m: Machine, text: str, sought: Value, by: Value, *, everywhere: bool) -> str:
    """`replace` and `replaceAll`."""
    if isinstance(sought, Regular):
        matches = every(m, sought, text)
    else:
        plain = re.escape(m.text(sought))
        matches = list(re.finditer(plain, text))[: None if everywhere else 1]
    make: Callable[[re.Match[str]], str]
    if isinstance(by, Fun | Native):

        def make(match: re.Match[str]) -> str:
            groups = [UNDEFINED if each is None else each for each in match.groups()]
            more = [told(m, match).own["groups"]] if match.groupdict() else []
            return m.text(m.call(by, UNDEFINED, [match[0], *groups, float(match.start()), text, *more]))

    else:
        said = m.text(by)

        def make(match: re.Match[str]) -> str:
            return _MARK.sub(lambda mark: _marked(match, mark), said)

    found: list[str] = []
    at = 0
    for match in matches:
        m.step()
        found.extend((text[at : match.start()], make(match)))
        at = match.end()
        if sum(len(each) for each in found) > LARGEST:
            raise CannotGoOn("too large")
    return "".join((*found, text[at:]))


def _marked(match: re.Match[str], mark: re.Match[str]) -> str:
    said = mark[1]
    if said == "$":
        return "$"
    if said == "&":
        return match[0]
    if said == "`":
        return match.string[: match.start()]
    if said == "'":
        return match.string[match.end() :]
    if said[0] == "<":
        return match.groupdict().get(said[1:-1]) or ""
    number = int(said)
    return (match[number] or "") if 0 < number <= len(match.groups()) else mark[0]
