"""The symbols of a repository: what is defined where, and what each definition uses of the others."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from coroom.plan.modules import Modules
from coroom.syntax import Imported, Inventory, Symbol, Use, inventory_of

AMBIGUOUS_MAX = 3
"""A member of something unknown is looked up by its name alone when no more definitions than this have it."""

HOPS_MAX = 5
"""How many files a name is followed through that is imported to be handed on."""

COMMON_NAMES = frozenset(
    name for kind in (dict, list, set, str, bytes, int, tuple, BaseException) for name in dir(kind)
) | {"run", "close", "open", "read", "write", "send", "name", "get", "set", "add", "next", "map", "filter", "push"}
"""Members that say nothing about whose they are."""


class Place(NamedTuple):
    """A definition: the file and the qualified name, which is empty for what lies around all definitions of a file."""

    path: str
    symbol: str

    def __str__(self) -> str:
        return f"{self.path}#{self.symbol}" if self.symbol else self.path


class SymbolIndex:
    """Definitions, uses and imports of many files, kept up one file at a time.

    What a name means is looked up when it is asked for, so a changed file costs its own reading and nothing else.
    """

    def __init__(self) -> None:
        self._inventories: dict[str, Inventory] = {}
        self._symbols: dict[str, dict[str, Symbol]] = {}
        self._named: dict[str, set[str]] = {}
        self._used: dict[str, set[str]] = {}
        self._modules = Modules()
        self._resolved: dict[tuple[str, str], tuple[Place, ...]] = {}
        self._told: dict[tuple[str, Use], tuple[Place, ...] | None] = {}
        self._tellers: dict[tuple[Place, Place], str] = {}

    @property
    def paths(self) -> Iterable[str]:
        """The files that are in it."""
        return self._inventories.keys()

    def put(self, path: str, text: bytes) -> bool:
        """Read a file again; False when its language is not known, and it is not in the index."""
        found = inventory_of(text, path)
        if found is not None:
            self.put_inventory(path, found)
        return found is not None

    def put_inventory(self, path: str, found: Inventory) -> None:
        """The same, of a file that has been read already."""
        if path in self._inventories:
            self._forget(path)
        else:
            self._modules.add(path)
        self._forget_answers()
        self._inventories[path] = found
        self._symbols[path] = {each.qualname: each for each in reversed(found.symbols)}
        for symbol in found.symbols:
            self._named.setdefault(symbol.name, set()).add(path)
        for use in found.uses:
            self._used.setdefault(use.name, set()).add(path)

    def drop(self, path: str) -> None:
        """A file that has gone."""
        if path in self._inventories:
            self._forget(path)
            self._modules.remove(path)
            self._forget_answers()
            del self._inventories[path], self._symbols[path]

    def _forget(self, path: str) -> None:
        old = self._inventories[path]
        for symbol in old.symbols:
            self._named[symbol.name].discard(path)
        for use in old.uses:
            self._used[use.name].discard(path)

    def _forget_answers(self) -> None:
        self._resolved.clear()
        self._told.clear()
        self._tellers.clear()

    def inventory(self, path: str) -> Inventory | None:
        """What the file defines and uses; None when it is not in the index."""
        return self._inventories.get(path)

    def symbol(self, place: Place) -> Symbol | None:
        """The definition at a place, None when there is none."""
        return self._symbols.get(place.path, {}).get(place.symbol)

    def symbols(self, path: str) -> Mapping[str, Symbol]:
        """The definitions of a file by their qualified names."""
        return self._symbols.get(path, {})

    def named(self, name: str) -> Iterator[Place]:
        """Every definition of that name, without a qualifier, in the order of paths."""
        for path in sorted(self._named.get(name, ())):
            yield from (Place(path, each.qualname) for each in self._symbols[path].values() if each.name == name)

    def place_at(self, path: str, line: int, name: str) -> Place | None:
        """The definition that a line names, from 1, be it one of several of that name; the file for line 0. None when
        what is defined there is none of the index, like a parameter.
        """
        if line == 0:
            return Place(path, "") if path in self._inventories else None
        symbols = self.symbols(path)
        here = [each for each in symbols.values() if each.named_line == line]
        found = next((each for each in here if each.name == name), here[0] if len(here) == 1 else None)
        if found is None:
            around = (each.qualname for each in symbols.values() if each.line <= line <= each.end_line)
            inner = max(around, key=len, default="")
            owner = inner.rpartition(".")[0]
            found = symbols.get(f"{inner}.{name}" if inner else name)
            field = symbols.get(f"{owner}.{name}")
            found = found or (field if field is not None and field.kind == "field" else None)
        return Place(path, found.qualname) if found is not None else None

    def uses_of(self, place: Place) -> frozenset[Place]:
        """The definitions that the one at `place` uses itself: not those inside it, which have uses of their own."""
        return frozenset(self._resolve(place)) - {place}

    def users_of(self, place: Place) -> frozenset[Place]:
        """The definitions that use the one at `place`; for a file, those that use anything of it."""
        if not place.symbol:
            return frozenset(
                user for each in self._symbols.get(place.path, {}) for user in self.users_of(Place(place.path, each))
            )
        name = place.symbol.rpartition(".")[2]
        found = {
            Place(path, use.scope)
            for path in self._used.get(name, ())
            for use in self._inventories[path].uses
            if use.name == name and place in self._resolve(Place(path, use.scope))
        }
        return frozenset(found) - {place}

    def open_uses(self, place: Place) -> Iterator[Use]:
        """The uses by the definition at `place` that names alone do not settle, although something has that name: a
        member of a thing of unknown type, a name that comes from where nothing is seen to hand it on.
        """
        inventory = self._inventories.get(place.path)
        for use in inventory.uses if inventory is not None else ():
            known = (place.path, use) in self._told or not self._named.get(use.name)
            if use.scope == place.symbol and not known and not any(True for _ in self._certain(place.path, use)):
                yield use

    def tell(self, path: str, use: Use, places: Iterable[Place] | None, by: str) -> None:
        """Take somebody's word for what a use means, until a file changes: `places` of the index, none for what is not
        in it, None when they do not know either. `by` is who says so.
        """
        user = Place(path, use.scope)
        self._told[path, use] = meant = tuple(places) if places is not None else None
        self._tellers.update({(user, used): by for used in meant or ()})
        self._resolved.pop(user, None)

    def told_by(self, user: Place, used: Place) -> str:
        """Who said that the one definition uses the other; empty where the index found it itself."""
        return self._tellers.get((user, used), "")

    def _resolve(self, place: Place) -> tuple[Place, ...]:
        found = self._resolved.get(place)
        if found is None:
            inventory = self._inventories.get(place.path)
            uses = [use for use in inventory.uses if use.scope == place.symbol] if inventory is not None else []
            found = tuple(dict.fromkeys(target for use in uses for target in self._meant(place.path, use)))
            self._resolved[place] = found
        return found

    def _meant(self, path: str, use: Use) -> Iterator[Place]:
        """The definitions that one use may mean."""
        told = self._told.get((path, use))
        if told is not None:
            yield from told
            return
        certain = tuple(self._certain(path, use))
        yield from certain or self._guessed(use)

    def _certain(self, path: str, use: Use) -> Iterator[Place]:
        """The definitions that one use means by the names in its file."""
        if not use.holder:
            yield from self._bare(path, use.name, HOPS_MAX)
            return
        first, *rest = use.holder.split(".")
        if first in {"self", "cls", "this", "Self", "super"} and not rest:
            owner = use.scope.rpartition(".")[0] or use.scope
            member = next(self._member(Place(path, owner), use.name, HOPS_MAX), None)
            if member is not None:
                yield member
                return
        if self._is_parameter(path, use.scope, first):
            return
        for held in [*self._bare(path, first, HOPS_MAX), *self._modules_named(path, first)]:
            yield from self._down(held, (*rest, use.name))

    def _guessed(self, use: Use) -> Iterator[Place]:
        """Of a member of what is not known, the few that have its name."""
        if use.holder and use.name not in COMMON_NAMES:
            places = [each for each in self.named(use.name) if "." in each.symbol]
            yield from places if len(places) <= AMBIGUOUS_MAX else ()

    def _is_parameter(self, path: str, scope: str, name: str) -> bool:
        """Whether a function is given that name, so that it means nothing that the file defines or imports."""
        symbol = self._symbols.get(path, {}).get(scope)
        return symbol is not None and any(each.name == name for each in symbol.parameters or ())

    def _bare(self, path: str, name: str, hops: int) -> Iterator[Place]:
        """What a name without a qualifier means in a file: its own definition, or what it is imported for."""
        if name in self._symbols.get(path, {}):
            yield Place(path, name)
            return
        for imported in self._imports(path, name):
            yield from self._imported(path, imported, name, hops)
        if self._inventories[path].language in {"go", "java"}:
            yield from self._neighbours(path, name)

    def _imports(self, path: str, name: str) -> Iterator[Imported]:
        inventory = self._inventories.get(path)
        return (each for each in (inventory.imports if inventory else ()) if each.local in {name, "*"})

    def _imported(self, path: str, imported: Imported, name: str, hops: int) -> Iterator[Place]:
        language = self._inventories[path].language
        for target, wanted in self._modules.meant(path, language, imported.module, imported.name):
            sought = name if imported.name == "*" else wanted
            if imported.name == "default":
                yield Place(target, "")
            elif sought and target != path and hops > 0 and target in self._inventories:
                yield from self._bare(target, sought, hops - 1)

    def _modules_named(self, path: str, name: str) -> Iterator[Place]:
        """The files that a name stands for where it is imported as a module."""
        language = self._inventories[path].language
        for imported in self._imports(path, name):
            for target, wanted in self._modules.meant(path, language, imported.module, imported.name):
                if not wanted:
                    yield Place(target, "")

    def _neighbours(self, path: str, name: str) -> Iterator[Place]:
        """Definitions in other files of one package, which need no import there."""
        home = path.rpartition("/")[0]
        for other in sorted(self._named.get(name, ())):
            if other.rpartition("/")[0] == home and other != path and name in self._symbols[other]:
                yield Place(other, name)

    def _down(self, place: Place, names: tuple[str, ...]) -> Iterator[Place]:
        for name in names:
            if not place.symbol:
                step = next(self._bare(place.path, name, HOPS_MAX), None) if place.path in self._inventories else None
            else:
                step = next(self._member(place, name, HOPS_MAX), None)
            if step is None:
                return
            place = step
        yield place

    def _member(self, owner: Place, name: str, hops: int) -> Iterator[Place]:
        """A member of a class, looked for in those that it extends."""
        qualname = f"{owner.symbol}.{name}"
        symbols = self._symbols.get(owner.path, {})
        if qualname in symbols:
            yield Place(owner.path, qualname)
            return
        held = symbols.get(owner.symbol)
        for base in held.bases if held is not None and hops > 0 else ():
            for place in self._bare(owner.path, base.rpartition(".")[2], HOPS_MAX):
                yield from self._member(place, name, hops - 1)
