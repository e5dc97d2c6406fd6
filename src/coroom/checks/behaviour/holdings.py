"""What a module or an object keeps, kept in another form now, and newly used by the other side in the old form."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from coroom.checks.behaviour.normal_forms import in_normal_form
from coroom.checks.behaviour.shared import shared
from coroom.checks.behaviour.zoned import kept_in_zones
from coroom.checks.finding import Finding
from coroom.checks.sides import Four, Side, functions_of, parents_in
from coroom.syntax import Module, Term, shown, walk

_TAKES = frozenset(["get", "pop", "setdefault"])
_PUTS = frozenset(["append", "add", "insert", "push", "unshift", "set", "setdefault", "appendleft"])


@dataclass(frozen=True, slots=True)
class Access:
    """One use of what is kept under a name: `put` and `take` with a key or none, or `all` of it. `around` is the key of
    what it is a part of, `made` what the function around binds the name to that is put.
    """

    way: str
    key: Term | None
    value: Term | None
    term: Term
    around: int
    made: Term | None = None


def holdings(four: Four) -> Iterator[Finding]:
    """New uses by one side of what the other side keeps in another form now."""
    for side in four.sides:
        other = side.other
        said = {each.text for changed in side.changed for each in walk(changed.term)}
        yield from shared(four, side)
        yield from kept_in_zones(four, side)
        yield from in_normal_form(four, side)
        for path in other.paths:
            base, after, merged = four.base.module(path), other.tree.module(path), four.merged.module(path)
            if base is None or after is None or merged is None:
                continue
            both = Uses(base.block), Uses(after.block)
            for name in sorted(_kept(base)):
                if name.removeprefix("self.") in said:
                    yield from _reformed(four, side, name, base, both)
            yield from _transformed(four, side, base, after)


def _kept(module: Module) -> set[str]:
    """The names under which a module keeps collections: of its own, and `self.x` of its classes."""
    found = {
        name
        for name, each in module.values.items()
        if len(each.parts) > 1 and each.parts[1].kind in {"dict", "list", "set", "call", "none"}
    }
    for each in module.classes.values():
        found |= {f"self.{name}" for name, term in each.fields.items() if "static" not in term.flags}
    return found


def _reformed(four: Four, side: Side, name: str, base: Module, both: tuple["Uses", "Uses"]) -> Iterator[Finding]:
    olds, news = (each.accesses(name) for each in both)
    change = _change(olds, news)
    if not change:
        return
    known = {(each.term.key, each.around) for each in olds}
    for changed in side.changed:
        near = changed.module.path == base.path or _takes_it_in(four, changed.module, name, base.path)
        if not near and not name.startswith("self."):
            continue
        fresh = {id(each) for each in changed.new_terms()}
        held = name if near else f".{name.removeprefix('self.')}"
        if held.startswith(".") and len(held) < 5:
            continue
        for each in Uses(changed.term, changed.above).accesses(held):
            new = id(each.term) in fresh or (each.term.key, each.around) not in known
            if new and _relies(each, change) and not _adapted(each, news):
                yield four.finding(
                    side, "representation-changed", changed.module.path, each.term.line, name.removeprefix("self."),
                    f"{name} is kept in another form now ({change}), and is used here in the old one",
                    about=(f"{base.path}#{name.removeprefix('self.')}",), sure=0.88,
                )  # fmt: skip
                return


def _takes_it_in(four: Four, module: Module, name: str, path: str) -> bool:
    """Whether a file imports that name from another one."""
    taken = module.imports.get(name)
    return taken is not None and taken[1] == name and four.merged.place_of(taken[0], module) == path


_CHANGES = frozenset(
    [
        "lower",
        "upper",
        "strip",
        "title",
        "casefold",
        "round",
        "int",
        "str",
        "float",
        "quantize",
        "toLowerCase",
        "toUpperCase",
        "trim",
        "toFixed",
        "Number",
        "String",
    ]
)


def _transformed(four: Four, side: Side, base: Module, after: Module) -> Iterator[Finding]:
    """A value that is changed now before it is kept, newly compared or reckoned with as it was given."""
    for name, said in _entries_changed(base, after).items():
        for changed in side.changed:
            above = changed.above
            for each in changed.new_terms():
                held = each.text if each.kind == "member" else each.parts[1].text if each.kind == "index" else ""
                around = above.get(id(each))
                if held != name or around is None or (each.kind == "index" and each.parts[1].kind != "string"):
                    continue
                if around.kind in {"compare", "binary"} and not any(
                    part.kind in {"none", "bool"} for part in around.parts
                ):
                    yield four.finding(
                        side, "representation-changed", changed.module.path, each.line, name,
                        f"{name} is kept as {said} now, and {shown(around)} takes it as it was given",
                        about=(f"{base.path}#{name}",), sure=0.8,
                    )  # fmt: skip
                    return


def _entries_changed(base: Module, after: Module) -> dict[str, str]:
    """Keys and attributes that were given a plain name and now a change of it, by name with the change."""
    found: dict[str, str] = {}
    news = functions_of(after)
    for qualname, old in functions_of(base).items():
        new = news.get(qualname)
        if new is None or new.term.key == old.term.key:
            continue
        was, now = dict(_entries(old.body)), dict(_entries(new.body))
        for name in was.keys() & now.keys():
            one, two = was[name], now[name]
            inside = (two.kind == "call" and two.parts[0].text in _CHANGES) or two.kind == "binary"
            if one.kind == "name" and inside and any(part.key == one.key for part in walk(two)):
                found[name] = shown(two)
    return found


def _entries(body: Term) -> Iterator[tuple[str, Term]]:
    for each in walk(body):
        if (each.kind == "pair" and each.parts[0].kind == "string") or (
            each.kind == "assign" and len(each.parts) > 1 and each.parts[0].kind == "member"
        ):
            yield each.parts[0].text, each.parts[1]


class Uses:
    """A stretch, asked for what is done with what is kept under names; what is around each term is found out once."""

    def __init__(self, block: Term, above: dict[int, Term] | None = None) -> None:
        self._block = block
        self._above = above

    @cached_property
    def _named(self) -> dict[str, list[Term]]:
        found: dict[str, list[Term]] = {}
        for each in walk(self._block):
            if each.kind in {"name", "member"}:
                found.setdefault(each.text, []).append(each)
        return found

    def accesses(self, name: str) -> list[Access]:
        """The uses of what is kept under a name; `.x` stands for the attribute of anything."""
        named = [each for each in self._named.get(name.rpartition(".")[2], ()) if _is(each, name)]
        if named and self._above is None:
            self._above = parents_in(self._block)
        above = self._above or {}
        found: list[Access] = []
        for each in named:
            around = above.get(id(each))
            if around is None:
                continue
            outer = above.get(id(around))
            for access in _access(each, around, outer):
                named_value = access.way == "put" and access.value is not None and access.value.kind == "name"
                made = _binding(access.value.text, each, above) if named_value and access.value is not None else None
                found.append(replace(access, made=made))
        return found


def _binding(name: str, at: Term, above: dict[int, Term]) -> Term | None:
    """What the function around a place binds a name to, where it does so once."""
    around: Term | None = at
    while around is not None and around.kind != "function":
        around = above.get(id(around))
    bound = [
        each.parts[1]
        for each in (walk(around) if around is not None else ())
        if each.kind == "assign" and len(each.parts) > 1 and each.parts[0].kind == "name" and each.parts[0].text == name
    ]
    return bound[0] if len(bound) == 1 else None


def _is(term: Term, name: str) -> bool:
    if name.startswith("self."):
        return term.kind == "member" and term.text == name[5:] and term.parts[0].text in {"self", "cls"}
    if name.startswith("."):
        return term.kind == "member" and term.text == name[1:]
    return term.kind == "name" and term.text == name


def _access(term: Term, around: Term, outer: Term | None) -> list[Access]:
    if around.kind == "index" and around.parts[0] is term:
        if outer is not None and outer.kind == "assign" and outer.parts[0] is around and len(outer.parts) > 1:
            return [Access("put", around.parts[1], outer.parts[1], outer, 0)]
        if around.parts[1].kind == "slice":
            return [Access("all", None, None, around, outer.key if outer is not None else 0)]
        return [Access("take", around.parts[1], None, around, outer.key if outer is not None else 0)]
    if around.kind == "member" and around.parts[0] is term and outer is not None and outer.kind == "call":
        given = outer.parts[1:]
        if around.text in _PUTS and given:
            keyed = around.text in {"set", "setdefault"} and len(given) == 2
            return [Access("put", given[0] if keyed else None, given[-1], outer, 0)]
        if around.text in _TAKES and given:
            return [Access("take", given[0], None, outer, 0)]
        if around.text in {"values", "items", "find", "filter", "map", "forEach"}:
            return [Access("all", None, None, outer, 0)]
        return []
    if around.kind == "compare" and around.text in {"in", "not in"} and around.parts[1] is term:
        return [Access("ask", around.parts[0], None, around, outer.key if outer is not None else 0)]
    if around.kind == "for" and len(around.parts) > 1 and around.parts[1] is term:
        return [Access("all", None, None, around, outer.key if outer is not None else 0)]
    return []


def _change(olds: list[Access], news: list[Access]) -> str:
    """In what way the form of what is kept changed: its keys, its values, or empty for neither."""
    gone = [each for each in olds if each.way == "put" and all(each.term.key != other.term.key for other in news)]
    come = [each for each in news if each.way == "put" and all(each.term.key != other.term.key for other in olds)]
    if not gone or not come or any(each.way == "put" and each not in gone for each in olds):
        return ""
    read = [each for each in olds if each.way in {"take", "all", "ask"}]
    stays = {(each.term.key, each.around) for each in news}
    adapted = any((each.term.key, each.around) not in stays for each in read)
    old, new = gone[0], come[0]
    if old.key is None and new.key is not None and old.value is not None:
        # A list that became a table: what comes out of it, and is asked for in it, are the keys.
        return "another value" if _unlike(old.value, new.key) and (adapted or not read) else ""
    if old.key is not None and new.key is not None and old.key.key != new.key.key and old.key.kind != new.key.kind:
        return "another key"
    if old.value is not None and new.value is not None and _unlike(old.value, new.value) and (adapted or not read):
        return "another value"
    if adapted and _made_of(old, new):
        return "another element"
    return ""


def _made_of(old: Access, new: Access) -> bool:
    """Whether what is put into a collection was at hand as a name, and is now what a call made of that."""
    if old.key is not None or new.key is not None or old.value is None or new.made is None:
        return False
    plain = old.value.kind == "name" and old.made is None
    return plain and new.made.kind == "call" and any(each.key == old.value.key for each in walk(new.made))


def _unlike(old: Term, new: Term) -> bool:
    """Whether two values have not the same form."""
    if old.kind == "call" and new.kind == "call":
        return old.parts[0].key != new.parts[0].key
    return old.kind != new.kind


def _relies(access: Access, change: str) -> bool:
    if change == "another key":
        return access.way in {"put", "take", "ask"} and access.key is not None
    if change == "another element":
        return access.way == "ask"
    return access.way in {"put", "take", "all"}


def _adapted(access: Access, news: list[Access]) -> bool:
    """Whether a use has the form that the other side's own uses have."""
    for each in news:
        if access.way == each.way == "put" and access.value is not None and each.value is not None:
            if not _unlike(access.value, each.value) and (
                access.key is None or each.key is None or access.key.kind == each.key.kind
            ):
                return True
        elif (
            access.key is not None
            and each.key is not None
            and access.way == each.way
            and access.key.kind == each.key.kind == "call"
        ):
            return access.key.parts[0].key == each.key.parts[0].key
    return False
