"""One name that both sides gave a meaning: of a module, by an import and a definition, or inside one function."""

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, NamedTuple

from cydifflib import SequenceMatcher

from coroom.checks.finding import Finding
from coroom.checks.sides import Four, functions_of
from coroom.syntax import Function, Module, Term, walk


def rebound(four: Four) -> Iterator[Finding]:
    """Names of Python files that one side binds anew and the other side means otherwise."""
    for path in sorted(set(four.ours.paths) & set(four.theirs.paths)):
        base, merged = four.base.module(path), four.merged.module(path)
        mine, yours = (side.tree.module(path) for side in four.sides)
        if merged is None or mine is None or yours is None or merged.language != "python":
            continue
        yield from _two_kinds(four, base, mine, yours, merged)
        if base is not None:
            yield from _in_functions(four, base, merged, path)


def _two_kinds(four: Four, base: Module | None, mine: Module, yours: Module, merged: Module) -> Iterator[Finding]:
    """A name of the module's top that is imported by one side and defined by the other."""
    known = [_bound_at_top(each) for each in (mine, yours)]
    before = _bound_at_top(base) if base is not None else {}
    for name, ways in _bound_at_top(merged).items():
        told = [each.get(name, {}).keys() for each in known]
        if len(ways) < 2 or ways.keys() in told or not all(told) or len(before.get(name, {})) > 1:
            continue
        line, other = max(ways.values()), min(ways.values())
        words = " and ".join(sorted(ways))
        said = f"{name} is {words} in one file, once by each side: the one in line {line} holds, not that in {other}"
        yield four.finding(four.theirs, "duplicate-definition", merged.path, line, name, said,
                           about=(f"{merged.path}#{name}",), sure=0.95)  # fmt: skip


def _bound_at_top(module: Module) -> dict[str, dict[str, int]]:
    """What each name at the top of a module is made by, and in which line, but under no condition."""
    found: dict[str, dict[str, int]] = {}
    statements = [
        part for each in module.block.parts for part in (each.parts if each.kind == "block" and each.parts else (each,))
    ]
    for each in statements:
        if each.kind == "import":
            for one in each.parts:
                if one.note and one.note != "*":
                    found.setdefault(one.note, {})["imported"] = one.line
        elif each.kind in {"function", "class"} and not any(mark.text == "overload" for mark in each.marks):
            found.setdefault(each.text, {})["defined"] = each.line
        elif each.kind == "assign" and each.text == "=" and len(each.parts) > 1 and each.parts[0].kind == "name":
            found.setdefault(each.parts[0].text, {})["assigned"] = each.line
    return {name: ways for name, ways in found.items() if name.strip("_")}


class _Place(NamedTuple):
    """A name where a function binds it or asks for it, and the line that it is bound or asked for in."""

    name: str
    binds: bool
    line: int


def _in_functions(four: Four, base: Module, merged: Module, path: str) -> Iterator[Finding]:
    olds, own = functions_of(base), [functions_of(m) for s in four.sides if (m := s.tree.module(path)) is not None]
    texts = [four.ours.tree.texts[path], four.theirs.tree.texts[path], four.merged.texts[path]]
    written: list[frozenset[int]] = []
    for name, function in functions_of(merged).items():
        old, sides = olds.get(name), [each.get(name) for each in own]
        if old is None or len(sides) < 2 or any(each is None or each.term.key == old.term.key for each in sides):
            continue
        written = written or _written_by(*texts)
        yield from _meeting(four, path, old, function, written)


def _written_by(ours: bytes, theirs: bytes, merged: bytes) -> list[frozenset[int]]:
    """The lines of the merged text that ours alone has, and those that theirs alone has."""
    after = merged.splitlines()
    foreign = []
    for text in (theirs, ours):
        matcher = SequenceMatcher(None, text.splitlines(), after, autojunk=False)
        same = {at for block in matcher.get_matching_blocks() for at in range(block.b + 1, block.b + block.size + 1)}
        foreign.append(frozenset(range(1, len(after) + 1)) - same)
    return [foreign[0] - foreign[1], foreign[1] - foreign[0]]


def _meeting(
    four: Four, path: str, old: Function, merged: Function, written: list[frozenset[int]]
) -> Iterator[Finding]:
    """A name new in a function, that one side asks for where the other side bound it last."""
    before = {each.name for each in _places(old.term)}
    places = [each for each in _places(merged.term) if each.name not in before]
    for name in dict.fromkeys(each.name for each in places):
        here = [(each, _owner(each, written)) for each in places if each.name == name]
        stray = _stray(here)
        if stray is None:
            continue
        place, who, other = stray
        how = "bound by the other side" if any(who == one for each, one in here if each.binds) else "local"
        said = f"{name} in {merged.qualname}() is {how} here, by what the other side wrote in line {other.line}"
        yield four.finding(four.sides[who], "duplicate-definition", path, place.line, name, said,
                           about=(f"{path}#{merged.qualname}",), sure=0.93)  # fmt: skip


def _stray(here: list[tuple[_Place, int | None]]) -> tuple[_Place, int, _Place] | None:
    """Where one side asks for a name that the other bound last, or that it does not bind itself; with who asks, and
    where the other binds it.
    """
    binders = {who for each, who in here if each.binds}
    if None in binders:
        return None
    last: int | None = None
    for each, who in here:
        if each.binds:
            last = who
        elif who is not None and binders and (last not in {None, who} if who in binders else True):
            return each, who, next(one for one, other in here if one.binds and other != who)
    return None


def _owner(place: _Place, written: list[frozenset[int]]) -> int | None:
    return next((number for number, lines in enumerate(written) if place.line in lines), None)


def _places(function: Term) -> list[_Place]:
    """The names of a function in the order in which it comes to them; those of scopes inside it are left out."""
    order = _Order()
    order.found += [
        _Place(each.text, binds=True, line=each.line or function.line)
        for each in function.parts[:-1]
        if each.kind == "parameter" and each.text
    ]
    order.gather(function.parts[-1])
    return order.found


class _Order:
    """One walk through a function; `found` grows, and names of the scopes in `inner` are not the function's."""

    def __init__(self, inner: frozenset[str] = frozenset()) -> None:
        self.found: list[_Place] = []
        self._inner = inner

    def gather(self, term: Term) -> None:
        """Take in the names of a term."""
        step = self._STEPS.get(term.kind)
        if step is not None:
            step(self, term)
            return
        for each in term.parts:
            self.gather(each)

    def _name(self, term: Term) -> None:
        if term.text not in self._inner:
            self.found.append(_Place(term.text, binds=False, line=term.line))

    def _assign(self, term: Term) -> None:
        if len(term.parts) > 1:
            self.gather(term.parts[1])
            if term.text not in {"=", "as", ":="}:
                self.gather(term.parts[0])
            self._bind(term.parts[0])

    def _for(self, term: Term) -> None:
        for each in term.parts[1:2]:
            self.gather(each)
        self._bind(term.parts[0])
        for each in term.parts[2:]:
            self.gather(each)

    def _handler(self, term: Term) -> None:
        if term.text:
            self.found.append(_Place(term.text, binds=True, line=term.line))
        for each in term.parts:
            self.gather(each)

    def _import(self, term: Term) -> None:
        self.found.extend(_Place(each.note, binds=True, line=each.line) for each in term.parts if each.note)

    def _comprehension(self, term: Term) -> None:
        within = _Order(self._inner | {part.text for each in term.parts if each.kind == "for" for part in _names(each)})
        for each in (*term.parts[1:], term.parts[0]):
            for part in each.parts[1:] if each.kind == "for" else (each,):
                within.gather(part)
        self.found += within.found

    def _nested(self, term: Term) -> None:
        """A function or class inside, with what it asks the function around it for."""
        if term.text:
            self.found.append(_Place(term.text, binds=True, line=term.line))
        for each in term.parts[:-1]:
            for part in each.parts:
                self.gather(part)
        within = _Order(self._inner)
        within.gather(term.parts[-1])
        own = {each.text for each in term.parts[:-1]} | {each.name for each in within.found if each.binds}
        self.found += [each for each in within.found if each.name not in own]

    def _bind(self, target: Term) -> None:
        if target.kind == "name":
            self.found.append(_Place(target.text, binds=True, line=target.line))
        elif target.kind in {"tuple", "list", "spread"}:
            for each in target.parts:
                self._bind(each)
        else:
            self.gather(target)

    _STEPS: ClassVar[Mapping[str, Callable[["_Order", Term], None]]] = {
        "name": _name, "assign": _assign, "for": _for, "handler": _handler, "import": _import,
        "comprehension": _comprehension, "function": _nested, "class": _nested,
    }  # fmt: skip


def _names(clause: Term) -> Iterator[Term]:
    """The names that a `for` of a comprehension binds."""
    return (each for each in walk(clause.parts[0]) if each.kind == "name")
