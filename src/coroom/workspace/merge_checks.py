"""Doubts about a merged text: what holds on both sides alone and not in what they became together."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from coroom.core.quick import dataclass
from coroom.syntax import (
    Call,
    Definition,
    Facts,
    Parameter,
    definitions,
    every,
    facts_of,
    first_error,
    fits,
    grammar_of,
    means_the_same,
    parses,
)
from coroom.workspace.lines import split_lines, text_hunks

_WORD = re.compile(rb"[^\W\d]\w*")
_DEFINED = re.compile(
    rb"\b(?:def|class|func|fn|function|interface|struct|type|record|enum|trait|mod|const|let|var|as)\s+(?:\([^)]*\)\s*)?(\w+)"
    rb"|^\s*[\"']?(\w+)[\"']?\??\s*[:=](?!=)"
    rb"|(\w+)\s*\("
)
_HEADER = re.compile(
    rb"\b(?:def|func|fn|function)\s+(?:\([^)]*\)\s*)?(\w+)|^\s*(?:[\w<>\[\],]+\s+)*(\w+)\s*\([^;]*$|\b(\w+)\s*=\s*(?:async\s*)?\("
)
_OWNER = re.compile(rb"^\s*(?:[\w@]+\s+)*(?:class|struct|record)\s+(\w+)")
_MAKERS = frozenset({b"__init__", b"constructor", b"new"})
_HEADER_REACH = 40
# Attributes of the built-in types: seeing one says nothing about whose it is.
_BUILT_IN = frozenset(name for kind in (dict, list, set, str, bytes, int, tuple, BaseException) for name in dir(kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A semantic doubt. `line` counts from 1 in the merged text; `symbol` is the name it is about."""

    kind: str
    line: int
    symbol: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    found: tuple[Definition, ...]
    facts: Facts


def findings(base: bytes, ours: bytes, theirs: bytes, merged: bytes, path: str) -> tuple[Finding, ...]:
    """What is wrong with `merged` that was not wrong with `ours` or `theirs`.

    Nothing when in doubt, and nothing when the language is unknown.
    """
    if grammar_of(path) is None or merged in (ours, theirs):
        return ()
    if not parses(merged, path):
        if parses(ours, path) and parses(theirs, path):
            return (
                Finding(
                    kind="parse",
                    line=first_error(merged, path),
                    symbol="",
                    message="each side parses, the merged text does not",
                ),
            )
        return ()
    if not _may_meet(base, ours, theirs) or not all(parses(each, path) for each in (base, ours, theirs)):
        return ()
    found = _all(_side(base, path), _side(ours, path), _side(theirs, path), _side(merged, path), path)
    return tuple(sorted(set(found), key=lambda each: (each.line, each.kind, each.symbol)))


def _all(base: _Side, ours: _Side, theirs: _Side, merged: _Side, path: str) -> Iterator[Finding]:
    yield from _doubled(base, ours, theirs, merged)
    undefined = list(_undefined(base, ours, theirs, merged, path))
    yield from undefined
    for one, other in ((ours, theirs), (theirs, ours)):
        yield from _lost_members(base, one, other, merged, path)
        yield from _stale_calls(one, other, base, merged, path)


def _side(text: bytes, path: str) -> _Side:
    facts = facts_of(text, path)
    assert facts is not None
    return _Side(found=definitions(text, path), facts=facts)


def _may_meet(base: bytes, ours: bytes, theirs: bytes) -> bool:
    """Whether a name that one side drops, defines or gives other parameters is among those that the other brings.

    If none is, no rule below can speak, and the texts need not be read further.
    """
    mine, other = _touched(base, ours), _touched(base, theirs)
    return bool(
        mine.dropped & other.brought
        or other.dropped & mine.brought
        or mine.defined & other.defined
        or mine.headed & other.brought
        or other.headed & mine.brought
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Touched:
    """Words of one side's changes: used more, used less, newly defined, on heads whose parameters changed."""

    brought: frozenset[bytes]
    dropped: frozenset[bytes]
    defined: frozenset[bytes]
    headed: frozenset[bytes]


def _touched(base: bytes, side: bytes) -> _Touched:
    old, new = split_lines(base), split_lines(side)
    gone, come = Counter[bytes](), Counter[bytes]()
    defined, headed = set[bytes](), set[bytes]()
    for hunk in text_hunks(base, side):
        for line in old[hunk.start : hunk.end]:
            gone.update(_WORD.findall(line))
        for line in new[hunk.new_start : hunk.new_end]:
            words = _WORD.findall(line)
            come.update(words)
            defined.update(words if words and words[0] in {b"import", b"from", b"use"} else _groups(_DEFINED, line))
        headed.update(_heads(new, hunk.new_start, hunk.new_end))
    brought = frozenset((come - gone).keys())
    dropped = frozenset((gone - come).keys())
    return _Touched(brought=brought, dropped=dropped, defined=brought & defined, headed=frozenset(headed))


def _groups(pattern: re.Pattern[bytes], line: bytes) -> Iterator[bytes]:
    for match in pattern.finditer(line):
        yield next(group for group in match.groups() if group)


def _heads(lines: list[bytes], start: int, end: int) -> Iterator[bytes]:
    """Names of the definitions whose parameter lists a stretch is in, and of what their makers make."""
    named = [name for line in lines[start:end] for name in _groups(_HEADER, line)]
    for row in range(start - 1, max(start - _HEADER_REACH, -1), -1):
        if _HEADER.search(lines[row]):
            above = b"".join(lines[row:start])
            named += _groups(_HEADER, lines[row]) if above.count(b"(") > above.count(b")") else ()
            break
    yield from named
    if _MAKERS & set(named) or any(b":" in line and b"(" not in line for line in lines[start:end]):
        owners = (name for row in range(min(start, len(lines) - 1), -1, -1) for name in _groups(_OWNER, lines[row]))
        yield from (name for name in (next(owners, None),) if name)


# A decorator that takes one name and nothing else, unless it is known to stack (patches, marks, parameters).
_REGISTERS = re.compile(
    r"@(?!.*(?:patch|mark|parametrize|skip|option|argument|given|deprecat|setting|usefixtures))[\w.]+\([\"'][^\"',]+[\"']\)$"
)
_REPEATABLE = (
    "overload",
    ".setter",
    ".getter",
    ".deleter",
    ".register",
    "singledispatch",
    "dispatch",
    "typing.overload",
)


def _counts(side: _Side) -> Counter[str]:
    return Counter(
        full
        for full, each in _with_keys(side.found, "")
        if not any(mark.split("(")[0].endswith(_REPEATABLE) for mark in each.decorators)
        and each.kind not in {"impl", "module"}
        and (each.name.strip("_") or not each.decorators)
    )


def _with_keys(found: tuple[Definition, ...], within: str) -> Iterator[tuple[str, Definition]]:
    for each in found:
        full = f"{within}.{each.key}" if within else each.key
        yield full, each
        yield from _with_keys(each.children, full)


def _doubled(base: _Side, ours: _Side, theirs: _Side, merged: _Side) -> Iterator[Finding]:
    o, t, m = (_counts(each) for each in (ours, theirs, merged))
    lines = dict(_with_keys(merged.found, ""))
    for full, count in m.items():
        if count > max(o[full], t[full], 1):
            each = lines[full]
            message = f"{each.qualname} is defined {count} times, once by each side"
            yield Finding(kind="duplicate-definition", line=each.line, symbol=each.qualname, message=message)
    yield from _doubled_names(base, ours, theirs, merged)
    yield from _doubled_registrations(base, ours, theirs, merged)


def _registrations(side: _Side) -> dict[str, Definition]:
    """What decorators like `@register("name")` register, by the decorator's text."""
    return {mark: each for each in every(side.found) for mark in each.decorators if _REGISTERS.match(mark)}


def _doubled_registrations(base: _Side, ours: _Side, theirs: _Side, merged: _Side) -> Iterator[Finding]:
    old, mine, other = (_registrations(each) for each in (base, ours, theirs))
    for mark in (mine.keys() & other.keys()) - old.keys():
        taken = [each for each in every(merged.found) if mark in each.decorators]
        if mine[mark].name != other[mark].name and len({each.name for each in taken}) > 1:
            message = f"{mark} is on {taken[0].name} and on {taken[1].name}"
            yield Finding(kind="duplicate-definition", line=taken[1].line, symbol=taken[1].qualname, message=message)


def _doubled_names(base: _Side, ours: _Side, theirs: _Side, merged: _Side) -> Iterator[Finding]:
    facts = (base.facts, ours.facts, theirs.facts, merged.facts)
    b, o, t, m = (each.assigned for each in facts)
    for (scope, name), count in m.items():
        added = not b[scope, name] and o[scope, name] and t[scope, name] and name.strip("_")
        if added and count > max(o[scope, name], t[scope, name]):
            full = f"{scope}.{name}" if scope else name
            yield Finding(kind="duplicate-definition", line=1, symbol=full, message=f"both sides added {full}")
    b, o, t, m = (each.entries for each in facts)
    for (owner, key), count in m.items():
        if count > max(o[owner, key], t[owner, key]):
            full = f"{owner}[{key}]" if owner else key
            yield Finding(kind="duplicate-definition", line=1, symbol=full, message=f"the key {key} is given twice")
    for name, origins in merged.facts.imported.items():
        known = [each.facts.imported.get(name, frozenset()) for each in (ours, theirs)]
        if len(origins) > 1 and all(known) and origins not in known:
            shown = " and ".join(sorted(origin.split(":")[0] for origin in origins))
            yield Finding(kind="duplicate-import", line=1, symbol=name, message=f"{name} is imported from {shown}")


def _undefined(base: _Side, ours: _Side, theirs: _Side, merged: _Side, path: str) -> Iterator[Finding]:
    if merged.facts.wildcard:
        return
    known = {name for side in (base, ours, theirs) for name in side.facts.unbound}
    for name, line in merged.facts.unbound.items():
        if name in known or (grammar_name(path) == "go" and not _gone_for_good(name, base, ours, theirs)):
            continue
        was_there = any(each.name == name for each in every(base.found)) or name in base.facts.imported
        kind = "removed-name-used" if was_there else "undefined-name"
        verb = (
            "one side removed or renamed it, the other uses it" if was_there else "nothing defines it after the merge"
        )
        yield Finding(kind=kind, line=line, symbol=name, message=f"{name}: {verb}")


def grammar_name(path: str) -> str:
    """The name of the language of a path, empty when unknown."""
    grammar = grammar_of(path)
    return grammar.name if grammar is not None else ""


def _gone_for_good(name: str, base: _Side, ours: _Side, theirs: _Side) -> bool:
    """Whether a top-level name cannot just have moved to another file of its package: it was none, or was renamed."""
    olds = {each.name: each for each in base.found}
    if name not in olds:
        return True
    for side in (ours, theirs):
        names = {each.name for each in side.found}
        if name not in names:
            return any(each.name not in olds and each.parameters == olds[name].parameters for each in side.found)
    return False


def _members_of(side: _Side) -> frozenset[str]:
    inside = {each.name for each in every(side.found) if "." in each.qualname}
    return side.facts.fields | {name.rsplit(".", 1)[-1] for name in inside}


def _lost_members(base: _Side, one: _Side, other: _Side, merged: _Side, path: str) -> Iterator[Finding]:
    """Attributes that one side took away while the other began to use them."""
    lost = _members_of(base) - _members_of(one) - _members_of(merged)
    for name in lost:
        begun = other.facts.members[name] > base.facts.members[name]
        uses = merged.facts.member_lines.get(name, ())
        if (
            not begun
            or not uses
            or one.facts.members[name]
            or (grammar_name(path) in {"go", "java", "rust"} and not _renamed(name, base, one))
        ):
            continue
        holders = {"self", "cls", "this", *(holder for _, holder in base.facts.member_lines.get(name, ()))}
        own = [line for line, holder in uses if holder in holders]
        if own or name not in _BUILT_IN:
            message = f".{name}: one side removed or renamed it, the other uses it"
            yield Finding(kind="removed-name-used", line=(own or [uses[0][0]])[0], symbol=name, message=message)


def _renamed(name: str, base: _Side, one: _Side) -> bool:
    new = _members_of(one) - _members_of(base)
    return bool(new) and name not in _members_of(one)


_Signature = tuple[Parameter, ...]


def _callables(side: _Side, path: str) -> tuple[Mapping[str, _Signature], Mapping[str, _Signature]]:
    """What can be called by a bare name, and what as a member; names with more than one meaning are left out."""
    bare: dict[str, list[_Signature]] = {}
    member: dict[str, list[_Signature]] = {}
    for each in side.found:
        if each.parameters is not None and "." not in each.name:
            bare.setdefault(each.name, []).append(each.parameters)
        elif each.parameters is not None:
            member.setdefault(each.name.split(".")[-1], []).append(each.parameters)
        if each.kind == "class":
            made = _construction(each, path)
            if made is not None:
                bare.setdefault(each.name, []).append(made)
        for inner in every(each.children):
            if inner.parameters is not None and inner.kind == "function":
                member.setdefault(inner.name, []).append(_bound(inner, path))
    if grammar_name(path) == "java":
        for name, found in member.items():
            bare.setdefault(name, []).extend(found)
    return _single(bare), _single(member)


def _single(found: Mapping[str, list[_Signature]]) -> dict[str, _Signature]:
    return {name: each[0] for name, each in found.items() if len(each) == 1}


def _bound(method: Definition, path: str) -> _Signature:
    assert method.parameters is not None
    if grammar_name(path) != "python" or any(mark.endswith("staticmethod") for mark in method.decorators):
        return method.parameters
    return method.parameters[1:]


def _construction(owner: Definition, path: str) -> _Signature | None:
    if grammar_name(path) == "python":
        inits = [each for each in owner.children if each.name == "__init__" and each.parameters is not None]
        return _bound(inits[0], path) if len(inits) == 1 else None
    made = [each for each in owner.children if each.name in {"constructor", owner.name} and each.parameters is not None]
    return made[0].parameters if len(made) == 1 else None


def _stale_calls(one: _Side, other: _Side, base: _Side, merged: _Side, path: str) -> Iterator[Finding]:
    """Calls that the other side brought for a signature that this side changed."""
    before = Counter(each.text for each in base.facts.calls)
    brought = Counter(each.text for each in other.facts.calls) - before
    stood = Counter(each.text for each in one.facts.calls)
    now, then = _callables(merged, path), _callables(other, path)
    for call in merged.facts.calls:
        place = 0 if call.receiver is None else 1
        new, old = now[place].get(call.name), then[place].get(call.name)
        if new is None or old is None or new == old or not brought[call.text] or not _is_plain_call(call):
            continue
        broken = fits(call, old) and not fits(call, new)
        turned = not stood[call.text] and fits(call, new) and not means_the_same(call, old, new)
        if broken or turned:
            message = f"{call.name}() is called as it was before the other side changed its parameters"
            yield Finding(kind="stale-call", line=call.line, symbol=call.name, message=message)


def _is_plain_call(call: Call) -> bool:
    return call.receiver is None or not call.receiver.startswith(("super(", '"', "'"))
