"""Constants that mean something else now: another measure, not merely another value."""

from collections.abc import Iterator

from coroom.checks.finding import Finding
from coroom.checks.sides import Four, Side
from coroom.syntax import Module, Term, is_test, walk

_LITERALS = frozenset({"number", "string", "bool", "unary", "binary"})


def constants(four: Four) -> Iterator[Finding]:
    """New uses of a constant whose value the other side changed along with how it is used.

    Who merely changes a value wants all its users to have the new one. Who also changes the arithmetic around it has
    changed what it measures, and a user who does not know that is wrong.
    """
    for side in four.sides:
        for path, name, carriers in _remeasured(side.other):
            for changed in side.changed:
                if is_test(changed.module.path):
                    continue
                used = next(
                    (each for each in changed.new_terms() if _means(four, each, changed.module, path, carriers)), None
                )
                if used is not None and not (changed.module.path == path and changed.before is not None):
                    yield four.finding(
                        side, "constant-changed", changed.module.path, used.line, used.text,
                        f"{name} has another measure now, and {used.text} is used here as before",
                        about=(f"{path}#{name}",), sure=0.86,
                    )  # fmt: skip
                    break
        yield from _entries(four, side)


def _entries(four: Four, side: Side) -> Iterator[Finding]:
    """An entry of a table that the other side gave another type, newly read here by its key and calculated with."""
    retyped = {key: (path, name, was, now) for path, name, key, was, now in _retyped(side.other)}
    for changed in side.changed if retyped else ():
        if is_test(changed.module.path):
            continue
        above = changed.above
        new = {id(each) for each in changed.new_terms()}
        for each in walk(changed.term):
            if each.kind != "string" or each.text not in retyped or id(each) not in new:
                continue
            read = above.get(id(each))
            used = above.get(id(read)) if read is not None and read.kind in {"call", "index"} else None
            if used is None or used.kind not in {"binary", "compare", "call", "for", "unary", "index", "member"}:
                continue
            path, name, was, now = retyped[each.text]
            yield four.finding(
                side, "type-changed", changed.module.path, each.line, each.text,
                f'"{each.text}" of {name} was a {was} and is a {now} now, and is used here as before',
                about=(f"{path}#{name}",), sure=0.86,
            )  # fmt: skip
            return


def _retyped(side: Side) -> Iterator[tuple[str, str, str, str, str]]:
    """Entries of tables at the top of a file whose literal is of another type now."""
    for path in side.paths:
        base, after = side.base.module(path), side.tree.module(path)
        for name, old in base.values.items() if base is not None and after is not None else ():
            new = after.values.get(name) if after is not None else None
            if new is None or len(old.parts) < 2 or len(new.parts) < 2:
                continue
            was, now = (_entries_of(each.parts[1]) for each in (old, new))
            for key in was.keys() & now.keys():
                if was[key] != now[key] and "none" not in {was[key], now[key]}:
                    yield path, name, key, was[key], now[key]


def _entries_of(table: Term) -> dict[str, str]:
    kinds = {"number": "number", "unary": "number", "string": "text", "bool": "bool", "none": "none",
             "list": "list", "tuple": "tuple", "dict": "table"}  # fmt: skip
    pairs = [each for each in table.parts if each.kind == "pair"] if table.kind == "dict" else []
    return {each.parts[0].text: kinds[each.parts[1].kind] for each in pairs if each.parts[1].kind in kinds}


def _remeasured(side: Side) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Constants that a side gave another value and other arithmetic, with the names that carry their values on."""
    for path in side.paths:
        base, after = side.base.module(path), side.tree.module(path)
        if base is None or after is None:
            continue
        for name, old in base.values.items():
            new = after.values.get(name)
            if new is None or name.startswith("__") or not _other_value(old, new):
                continue
            carriers = _carriers(base, after, name)
            if _adapted(side, carriers):
                yield path, name, carriers


def _other_value(old: Term, new: Term) -> bool:
    if len(old.parts) < 2 or len(new.parts) < 2 or old.parts[1].key == new.parts[1].key:
        return False
    before, after = old.parts[1], new.parts[1]
    if before.kind == after.kind == "dict":
        was = {each.parts[0].key: each.parts[1].key for each in before.parts if each.kind == "pair"}
        now = {each.parts[0].key: each.parts[1].key for each in after.parts if each.kind == "pair"}
        common = was.keys() & now.keys()
        return bool(common) and all(was[key] != now[key] for key in common)
    return before.kind in _LITERALS and after.kind in _LITERALS


def _carriers(base: Module, after: Module, name: str) -> frozenset[str]:
    """The constant, and functions of its file that hand it on unchanged."""
    found = {name}
    for each in base.functions.values():
        new = after.functions.get(each.name)
        same = new is not None and new.term.key == each.term.key
        if same and any(part.kind == "name" and part.text == name for part in walk(each.body)):
            found.add(each.name)
    return frozenset(found)


def _adapted(side: Side, carriers: frozenset[str]) -> bool:
    """Whether the side wrote new arithmetic with a number around what carries the constant."""
    for changed in side.changed:
        for each in changed.new_terms():
            numbers = each.kind == "binary" and any(part.kind == "number" for part in each.parts)
            if numbers and any(part.kind in {"name", "member"} and part.text in carriers for part in walk(each)):
                return True
    return False


def _means(four: Four, term: Term, module: Module, path: str, carriers: frozenset[str]) -> bool:
    if term.text not in carriers:
        return False
    if term.kind == "name":
        if module.path == path:
            return True
        taken = module.imports.get(term.text)
        return taken is not None and four.merged.place_of(taken[0], module) == path
    if term.kind == "member" and term.parts[0].kind == "name":
        taken = module.imports.get(term.parts[0].text)
        return taken is not None and path in {
            four.merged.place_of(taken[0], module),
            four.merged.place_of(f"{taken[0]}.{taken[1]}", module),
        }
    return False
