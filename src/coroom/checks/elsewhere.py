"""Go, Rust and Java: calls in one file of what the other side renamed, removed or gave other parameters in another."""

from collections import Counter
from collections.abc import Iterator

from coroom.checks.finding import Finding
from coroom.checks.program import Program
from coroom.checks.sides import Four, Side
from coroom.syntax import Call, Symbol, fits, grammar_of, inventory_of, parses

_READ = frozenset({"go", "rust", "java"})


def elsewhere(four: Four) -> Iterator[Finding]:
    """New calls of one side that the other side's definitions no longer answer."""
    for side in four.sides:
        olds, news = _functions(side.base, side.other.paths), _functions(side.other.tree, side.other.paths)
        if not olds:
            continue
        for path in side.paths:
            for call in _new_calls(side, path) if _is_read(path) and path not in side.other.paths else ():
                yield from _judged(four, side, path, call, olds, news)


def _is_read(path: str) -> bool:
    grammar = grammar_of(path)
    return grammar is not None and grammar.name in _READ


def _judged(
    four: Four, side: Side, path: str, call: Call, olds: dict[str, list[tuple[str, Symbol]]],
    news: dict[str, list[tuple[str, Symbol]]],
) -> Iterator[Finding]:  # fmt: skip
    before, after = olds.get(call.name, []), news.get(call.name, [])
    if len(before) != 1 or len(after) > 1:
        return
    (place, old), parameters = before[0], before[0][1].parameters
    if not after:
        if not _defined(four.merged, call.name):
            said = f"{call.name}: the other side removed or renamed it"
            yield four.finding(
                side, "removed-name-used", path, call.line, call.name, said, about=(f"{place}#",), sure=0.93
            )
        return
    new = after[0][1].parameters
    if (
        parameters is not None
        and new is not None
        and new != parameters
        and fits(call, parameters)
        and not fits(call, new)
    ):
        said = f"{old.qualname} takes other parameters since the other side's change"
        yield four.finding(side, "stale-call", path, call.line, call.name, said, about=(f"{place}#",), sure=0.93)


def _functions(tree: Program, paths: tuple[str, ...]) -> dict[str, list[tuple[str, Symbol]]]:
    found: dict[str, list[tuple[str, Symbol]]] = {}
    for path in paths:
        text = tree.texts.get(path)
        inventory = inventory_of(text, path) if text is not None and _is_read(path) and parses(text, path) else None
        for each in inventory.symbols if inventory is not None else ():
            if each.kind == "function":
                found.setdefault(each.name.rpartition(".")[2], []).append((path, each))
    return found


def _new_calls(side: Side, path: str) -> Iterator[Call]:
    text, before = side.tree.texts.get(path), side.base.texts.get(path)
    inventory = inventory_of(text, path) if text is not None and parses(text, path) else None
    known = inventory_of(before, path) if before is not None else None
    old = Counter(each.call.text for each in known.calls) if known is not None else Counter[str]()
    for each in inventory.calls if inventory is not None else ():
        if old[each.call.text] > 0:
            old[each.call.text] -= 1
        else:
            yield each.call


def _defined(tree: Program, name: str) -> bool:
    """Whether any file of the tree defines a function of this name."""
    raw = name.encode()
    for path, text in tree.texts.items():
        if raw in text and _is_read(path):
            inventory = inventory_of(text, path)
            if inventory is not None and any(each.name.rpartition(".")[2] == name for each in inventory.symbols):
                return True
    return False
