"""The same thing twice: both sides register, number or value different things alike."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from coroom.checks.finding import Finding
from coroom.checks.sides import Four, Side
from coroom.syntax import Function, Module, Term, is_test, walk


def doubled(four: Four) -> Iterator[Finding]:
    """What both sides add under one name, value or number."""
    yield from _registered_twice(four)
    yield from _written_twice(four)
    yield from _same_value(four)
    yield from _same_number(four)


def _registered_twice(four: Four) -> Iterator[Finding]:
    """Both sides newly register different things under the same literal with the same call."""
    found = []
    for side in four.sides:
        table: dict[tuple[str, int], tuple[str, int, str]] = {}
        for name, path, mark in _registrations(side):
            if _keeps_several(side, path, mark):
                continue
            table.setdefault(
                (mark.parts[0].text, hash(tuple(each.key for each in mark.parts[1:]))), (path, mark.line, name)
            )
        found.append(table)
    for at, (path, line, name) in found[1].items():
        mine = found[0].get(at)
        if mine is not None and (mine[0], mine[2]) != (path, name):
            said = f"{at[0]} is given the same name for {mine[2]} in {mine[0]} and for {name} here"
            yield four.finding(
                four.theirs,
                "duplicate-registration",
                path,
                line,
                name,
                said,
                about=(f"{mine[0]}#{mine[2]}",),
                sure=0.92,
            )


def _registrations(side: Side) -> Iterator[tuple[str, str, Term]]:
    for changed in side.changed:
        if is_test(changed.module.path):
            continue
        if changed.function is not None and changed.before is None:
            for mark in changed.function.term.marks:
                if mark.kind == "call" and _is_registration(mark):
                    yield changed.function.name, changed.module.path, mark
        elif changed.function is None:
            old = {each.key for each in changed.old.parts} if changed.old is not None else set()
            for each in changed.term.parts:
                if each.kind == "call" and each.key not in old and _is_registration(each):
                    yield f"line {each.line}", changed.module.path, each


_ADDING = frozenset({"append", "add", "insert", "appendleft", "extend"})


def _keeps_several(side: Side, path: str, mark: Term) -> bool:
    """Whether what registers keeps everything that it is given under a name: `kept.setdefault(name, []).append(it)`."""
    module, called = side.tree.module(path), mark.parts[0]
    if module is None:
        return False
    held = side.tree.meaning(called.parts[0].text, module) if called.kind == "member" else None
    meant = side.tree.meaning(called.text, held if isinstance(held, Module) else module)
    return isinstance(meant, Function) and any(
        each.kind == "call"
        and each.parts[0].kind == "member"
        and each.parts[0].text in _ADDING
        and _is_entry(each.parts[0].parts[0])
        for each in walk(meant.body)
    )


def _is_entry(term: Term) -> bool:
    """Whether a term is what a table holds under one key."""
    if term.kind == "call" and term.parts[0].kind == "member":
        return term.parts[0].text in {"setdefault", "get"}
    return term.kind == "index"


def _written_twice(four: Four) -> Iterator[Finding]:
    """One key that is written twice in one table of the merged tree, and in neither side's."""
    for path in sorted(set(four.ours.paths) & set(four.theirs.paths)):
        merged = four.merged.module(path)
        if merged is None or is_test(path):
            continue
        known = {key for side in four.sides for key in _keys_twice(side.tree.module(path))}
        for (key, _), term in _keys_twice(merged).items():
            if (key, _) not in known:
                said = f'"{key}" is written twice in one table, once by each side, and the later one holds'
                yield four.finding(
                    four.theirs, "duplicate-definition", path, term.line, key, said, about=(f"{path}#",), sure=0.95
                )


def _keys_twice(module: Module | None) -> dict[tuple[str, int], Term]:
    """The keys that stand twice in one table: the key, how often, and where."""
    found: dict[tuple[str, int], Term] = {}
    for table in walk(module.block) if module is not None else ():
        if table.kind != "dict":
            continue
        keys = [each.parts[0] for each in table.parts if each.kind == "pair" and each.parts[0].kind == "string"]
        counts = Counter(each.text for each in keys)
        found.update({(each.text, counts[each.text]): each for each in keys if counts[each.text] > 1})
    return found


_STACKING = re.compile(
    r"patch|mark|param|skip|option|argument|given|deprec|setting|fixture|filter|print|warn|log|import|append|version|requires",
    re.IGNORECASE,
)


def _is_registration(call: Term) -> bool:
    given = call.parts[1:]
    named = bool(given) and given[0].kind == "string"
    literal = all(
        each.kind in {"string", "number", "bool", "keyword", "tuple", "list", "name", "member"} for each in given
    )
    return named and literal and not _STACKING.search(call.parts[0].text)


def _same_value(four: Four) -> Iterator[Finding]:
    """Both sides add a member with another name and the same value to one enumeration or family of constants."""
    for path in set(four.ours.paths) & set(four.theirs.paths):
        base, mine, yours = four.base.module(path), four.ours.tree.module(path), four.theirs.tree.module(path)
        if base is None or mine is None or yours is None:
            continue
        for scope, olds, ones, others in _families(base, mine, yours):
            values = list(olds.values())
            fresh = {text: name for name, text in ones.items() if name not in olds}
            if len(values) < 2 or len(set(values)) != len(values):
                continue
            for name, text in others.items():
                if name not in olds and text in fresh and fresh[text] != name:
                    said = f"{name} and {fresh[text]} of {scope} were given the same value, one by each side"
                    line = next((each.line for each in walk(yours.block) if each.text == name), 1)
                    yield four.finding(
                        four.theirs, "duplicate-value", path, line, name, said, about=(f"{path}#{scope}",), sure=0.93
                    )


_NUMBERED = re.compile(r"(^|/)(\d{2,})[_-][^/]*\Z")


def _same_number(four: Four) -> Iterator[Finding]:
    """Both sides add a file of a numbered series under one number."""
    tables = []
    for side in four.sides:
        new = [path for path in side.paths if path in side.tree.texts and path not in four.base.texts]
        tables.append({(path.rpartition("/")[0], match[2]): path for path in new if (match := _NUMBERED.search(path))})
    for at in tables[0].keys() & tables[1].keys():
        mine, yours = tables[0][at], tables[1][at]
        if mine != yours:
            said = f"{mine} and {yours} have one number, one from each side"
            yield four.finding(four.theirs, "duplicate-value", yours, 1, at[1], said, about=(f"{mine}#",), sure=0.88)


_Values = dict[str, tuple[str, str]]


def _families(base: Module, mine: Module, yours: Module) -> Iterator[tuple[str, _Values, _Values, _Values]]:
    for name, each in base.classes.items():
        if each.is_enum and name in mine.classes and name in yours.classes:
            olds, ones, others = (
                {
                    field: (term.parts[0].kind, term.parts[0].text)
                    for field, term in held.fields.items()
                    if term.parts and term.parts[0].kind in {"string", "number"}
                }
                for held in (each, mine.classes[name], yours.classes[name])
            )
            yield name, olds, ones, others
    tables = [_constants(each) for each in (base, mine, yours)]
    for prefix in {name.split("_")[0] for name in tables[0] if "_" in name}:
        olds, ones, others = (
            {name: value for name, value in table.items() if name.startswith(f"{prefix}_")} for table in tables
        )
        yield f"{prefix}_…", olds, ones, others
    yield from _kin(*tables)


def _kin(olds: _Values, ones: _Values, others: _Values) -> Iterator[tuple[str, _Values, _Values, _Values]]:
    """Constants of a module without a common beginning: signs of one letter, and numbers that count up or double."""
    signs = {name for name, (kind, text) in olds.items() if kind == "string" and len(text) == 1}
    if len(signs) > 2 and len(signs) > len([each for each in olds if each not in signs and olds[each][0] == "string"]):
        found = [
            {name: value for name, value in table.items() if value[0] == "string"} for table in (olds, ones, others)
        ]
        yield f"the signs beside {min(signs)}", found[0], found[1], found[2]
    numbers = {name: int(text) for name, (kind, text) in olds.items() if kind == "number" and text.isdigit()}
    following = _next_of(list(numbers.values()))
    if following:
        fitting = {*(str(each) for each in numbers.values()), following}
        found = [
            {name: value for name, value in table.items() if value[1] in fitting} for table in (olds, ones, others)
        ]
        yield f"the numbers beside {next(iter(numbers))}", found[0], found[1], found[2]


def _next_of(numbers: list[int]) -> str:
    """What comes after numbers that count up or double in their order, 0, 1, 2 or 1, 2, 4; empty for others."""
    pairs = list(pairwise(numbers))
    if len(numbers) < 3:
        return ""
    if all(b == a + 1 for a, b in pairs):
        return str(numbers[-1] + 1)
    return str(numbers[-1] * 2) if numbers[0] > 0 and all(b == a * 2 for a, b in pairs) else ""


def _constants(module: Module) -> _Values:
    bound = [(name, each.parts[1]) for name, each in module.values.items() if len(each.parts) > 1]
    for each in module.block.parts:
        targets, values = each.parts if each.kind == "assign" and len(each.parts) == 2 else (each, each)
        if targets.kind == values.kind == "tuple" and len(targets.parts) == len(values.parts):
            bound += [(name.text, value) for name, value in zip(targets.parts, values.parts, strict=True)]
    return {
        name: (value.kind, value.text) for name, value in bound if name.isupper() and value.kind in {"string", "number"}
    }
