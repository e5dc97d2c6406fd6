"""A walk through one function that says what each value is and what about it does not hold."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from coroom.checks.inference.abilities import has
from coroom.checks.inference.asking import Asking, names_in
from coroom.checks.inference.declared import cases_of, covers, field_set, promise, returned
from coroom.checks.inference.narrowing import asked_for, narrow, other_than
from coroom.checks.inference.reading import Reading, attributes_on, keys_on
from coroom.checks.inference.shapes import NONE, UNKNOWN, Names, Shape, union
from coroom.syntax import Class, Function, Module, Term, shown, walk

_RAISED_BY_DOING = frozenset({"KeyError", "IndexError", "LookupError", "ValueError", "StopIteration"})
"""Errors that code raises by what it does, and not only by saying so."""

_ENDS = frozenset({"return", "raise", "jump"})


class Checker(Asking):
    """One function, or with None the top of a module.

    `returned` is what it returns, `ended` whether no path falls off its end. `calls` are the calls whose meaning is
    known, with `path#name` of what they mean.
    """

    def __init__(self, reading: Reading, module: Module, function: Function | None) -> None:
        super().__init__(reading, module, function)
        self.returned: list[Shape] = []
        self.calls: list[tuple[Term, str]] = []
        self.ended = False
        self._uses: dict[str, frozenset[str]] = {}
        self.promised = UNKNOWN

    def run(self) -> None:
        """Walk the whole function."""
        if self.function is None:
            for each in self.module.block.parts:
                if each.kind not in {"import", "function", "class", "exported", "alias"}:
                    self.statement(each, {})
            return
        for each in self.function.term.marks:
            self.value(each, {})
        for each in self.function.parameters:
            for part in each.parts:
                self.value(part, {})
        names = self.parameters(self.function)
        self.promised = promise(self, self.function.term)
        self.ended = self.block(self.function.body, names)

    def parameters(self, function: Function) -> Names:
        """What a function's parameters are, by their annotations, defaults and uses."""
        names: Names = {}
        if function.owner:
            owner = f"{function.path}#{function.owner}"
            names["self"] = Shape("instance", owner)
            first = function.term.parts[0].text if function.term.parts[0].kind == "parameter" else ""
            if not self.script and "static" not in function.flags and first:
                names[first] = Shape("class" if "class" in function.flags else "instance", owner)
        for each in function.parameters:
            names[each.text] = self._parameter(each, function.body)
            for part in each.marks:
                self.bind(part, names[each.text], names)
        return names

    def _parameter(self, given: Term, body: Term) -> Shape:
        if "rest" in given.flags:
            return Shape("array" if self.script else "tuple")
        if "options" in given.flags:
            return Shape("dict")
        found = self.reading.notes.shape(given.note, self.module)
        if found == UNKNOWN and given.parts and not given.note:
            with self.silent():
                value = self.value(given.parts[0], {})
            found = value if value.kind not in {"none", "bool"} else UNKNOWN
        return self._guessed(given.text, body) if found == UNKNOWN else found

    def _guessed(self, name: str, body: Term) -> Shape:
        used = attributes_on(body, name)
        if used:
            return self.reading.guess(self.module.path, self.within, name, used)
        keys = keys_on(body, name)
        return self.reading.guess_record(self.module.path, self.within, name, keys) if keys else UNKNOWN

    # Statements: each says whether nothing that follows it is reached.

    def block(self, block: Term, names: Names) -> bool:
        """Walk statements in order; whether their end is not reached."""
        parts = block.parts if block.kind in {"block", "finally"} else (block,)
        return any(self.statement(each, names) for each in parts)

    def statement(self, term: Term, names: Names) -> bool:
        """Walk one statement."""
        step = self._STATEMENTS.get(term.kind)
        if step is None or (term.kind == "for" and len(term.parts) < 3):
            self.value(term, names)
            return False
        return step(self, term, names)

    def _return(self, term: Term, names: Names) -> bool:
        found = self.value(term.parts[0], names) if term.parts else NONE
        self.returned.append(found)
        if term.parts and self.promised != UNKNOWN:
            returned(self, term.parts[0], found)
        return True

    def _raise(self, term: Term, names: Names) -> bool:
        for each in term.parts:
            self.value(each, names)
        return True

    def _with(self, term: Term, names: Names) -> bool:
        for each in term.parts[:-1]:
            self.value(each, names)
        return self.block(term.parts[-1], names)

    def _assert(self, term: Term, names: Names) -> bool:
        self.value(term.parts[0], names)
        narrow(self.program, self.module, term.parts[0], names, holds=True)
        return False

    def _inner_function(self, term: Term, names: Names) -> bool:
        names[term.text] = Shape("callable")
        self._nested(term, names)
        return False

    def _inner_class(self, term: Term, names: Names) -> bool:
        names[term.text] = UNKNOWN
        return False

    def _if(self, term: Term, names: Names) -> bool:
        test = term.parts[0]
        self.tested(test, names)
        then, other = dict(names), dict(names)
        narrow(self.program, self.module, test, then, holds=True)
        narrow(self.program, self.module, test, other, holds=False)
        first = self.block(term.parts[1], then) if len(term.parts) > 1 else False
        second = self.block(term.parts[2], other) if len(term.parts) > 2 else False
        if first and second:
            return True
        _join(names, [each for each, ended in ((then, first), (other, second)) if not ended])
        return False

    def _switch(self, term: Term, names: Names) -> bool:
        held = self.value(term.parts[0], names)
        ends, default, after = [], False, list[Names]()
        for each in term.parts[1:]:
            inner = dict(names)
            default = default or each.kind == "default"
            if each.kind == "if":
                self.value(each.parts[0], inner)
            elif term.parts[0].kind == "name" and term.parts[0].text in inner:
                inner[term.parts[0].text] = other_than(held, cases_of(term))
            ends.append(self.block(each.parts[-1], inner))
            after += [] if ends[-1] else [inner]
        _join(names, after if default else [*after, dict(names)])
        if not default and ends and all(ends) and held.kind == "str" and held.keys:
            return covers(self, term, held.keys)
        return default and bool(ends) and all(ends)

    def _loop(self, term: Term, names: Names) -> bool:
        held = self.value(term.parts[1], names)
        element = self.iterated(term.parts[1], held)
        self._twice(names, lambda inner: self.bind(term.parts[0], element, inner), term.parts[2:])
        return False

    def _while(self, term: Term, names: Names) -> bool:
        self._twice(names, lambda _: None, term.parts)
        return bool(term.parts) and term.parts[0].kind == "bool" and not _breaks(term)

    def _twice(self, names: Names, begin: Callable[[Names], None], parts: tuple[Term, ...]) -> None:
        """A loop: once to see what it binds, then with that known. In the first round only that is doubted which holds
        whatever the later ones bind.
        """
        self._first += 1
        kept = len(self.returned), dict(self._consumed)
        once = dict(names)
        begin(once)
        for each in parts:
            self.statement(each, once)
        self._first -= 1
        del self.returned[kept[0] :]
        self._consumed = kept[1]
        _join(names, [dict(names), once])
        begin(names)
        for each in parts:
            self.statement(each, names)

    def _try(self, term: Term, names: Names) -> bool:
        before = dict(names)
        ended = self.block(term.parts[0], names)
        after = [names] if not ended else []
        for each in term.parts[1:]:
            inner = dict(before)
            if each.kind == "handler":
                self._handler(each, term.parts[0], inner)
                if not self.block(each.parts[-1], inner):
                    after.append(inner)
            elif each.kind == "block" and after:
                self.block(each, names)
            elif self.block(each, names):
                return True
        if after:
            _join(names, [dict(each) for each in after])
        return not after

    def _handler(self, handler: Term, body: Term, names: Names) -> None:
        if handler.text:
            names[handler.text] = UNKNOWN
            known = self.reading.named(handler.parts[0].text, self.module) if len(handler.parts) == 2 else UNKNOWN
            if known.kind == "class":
                names[handler.text] = Shape("instance", known.ref)
        for each in handler.parts[:-1]:
            for part in each.parts if each.kind == "tuple" else (each,):
                if part.kind == "member":
                    self.value(part, names)
        if self.script or self.is_silent:
            return
        raised = self.reading.raised_in(body, self.function or Function(
            name="", owner="", path=self.module.path, term=Term("function", "", (body,)), parameters=()))  # fmt: skip
        for each in handler.parts[:-1]:
            meant = self.program.meaning(each.text, self.module)
            if isinstance(meant, Class) or each.text in _RAISED_BY_DOING:
                only = Term("handler", "", (each, handler.parts[-1]))
                if not any(self.reading.catches(only, name, self.function) for name in raised):
                    shown = f"nothing that is tried here raises {each.text}"
                    about = (f"{meant.path}#{meant.name}",) if isinstance(meant, Class) else ()
                    self.doubt("exception-changed", handler, each.text, shown, about, 0.88)

    def _nested(self, term: Term, names: Names) -> None:
        self.closure(term, names, ())

    def guessed_member(self, member: Term) -> Shape:
        """What an attribute that nobody says more of is, by the attributes that this function uses on it."""
        if self.function is None:
            return UNKNOWN
        used = frozenset(
            each.text for each in walk(self.function.body) if each.kind == "member" and each.parts[0].key == member.key
        )
        name = f"{names_in(member.parts[0])}.{member.text}"
        return self.reading.guess(self.module.path, self.within, name, used) if used else UNKNOWN

    def told_by_use(self, member: Term) -> Shape:
        """What a part of a collection, or the result of a call, is by the attribute that is asked of it."""
        if self.function is None or self.script or member.parts[0].kind not in {"index", "call"}:
            return UNKNOWN
        name = f"{shown(member.parts[0])}.{member.text}"
        return self.reading.guess(self.module.path, self.within, name, frozenset({member.text}))

    def closure(self, term: Term, names: Names, given: tuple[Shape, ...]) -> Shape:
        """Walk a function inside this one, whose first parameters are given; what it returns."""
        inner = dict(names)
        places = [each for each in term.parts[:-1] if each.kind == "parameter"]
        for place, each in enumerate(places):
            known = self.reading.notes.shape(each.note, self.module)
            if known == UNKNOWN and place < len(given):
                known = given[place]
            if known == UNKNOWN and each.text:
                known = self._guessed(each.text, term.parts[-1])
            inner[each.text] = known
            for part in each.marks:
                self.bind(part, known, inner)
        kept, promised = self.returned, self.promised
        self.returned, self.promised = [], promise(self, term)
        self.block(term.parts[-1], inner)
        found, self.returned, self.promised = union(self.returned) if self.returned else NONE, kept, promised
        return found

    _STATEMENTS: ClassVar[Mapping[str, Callable[["Checker", Term, Names], bool]]] = {
        "return": _return, "raise": _raise, "jump": lambda _, __, ___: True, "if": _if, "for": _loop, "while": _while,
        "try": _try, "with": _with, "block": block, "finally": block, "switch": _switch, "assert": _assert,
        "function": _inner_function, "class": _inner_class,
    }  # fmt: skip

    # Names.

    def bind(self, target: Term, value: Shape, names: Names) -> None:
        """Give a target a value; a tuple of targets must have as many as the value."""
        match target.kind:
            case "name":
                if value == UNKNOWN and target.text in self._uses:
                    value = UNKNOWN
                names[target.text] = value if value != UNKNOWN else self._guess_local(target.text)
                self._consumed.pop(target.text, None)
            case "tuple":
                self._unpack(target, value, names)
            case "dict":
                for each in target.parts:
                    if each.kind == "pair":
                        self._picked(each, value, names)
                    else:
                        self.bind(each.parts[0] if each.parts else each, UNKNOWN, names)
            case "member":
                names[asked_for(target)] = NONE
                self.set_member(target, self.value(target.parts[0], names), value)
            case "index":
                held = self.value(target.parts[0], names)
                self.value(target.parts[1], names)
                self.need(held, "store", target)
                if held.kind == "record" and target.parts[0].kind == "name":
                    key = target.parts[1]
                    added = {key.text} if key.kind == "string" else None
                    keys = frozenset((held.keys or frozenset()) | added) if added is not None else None
                    grown = Shape("record", held.ref, (), keys) if keys is not None else Shape("dict")
                    names[target.parts[0].text] = grown
            case "spread":
                self.bind(target.parts[0], Shape("list"), names)

    def _picked(self, pair: Term, value: Shape, names: Names) -> None:
        key, target = pair.parts
        found = self.attribute(pair, value, key.text) if key.kind == "string" else UNKNOWN
        if target.kind == "assign":
            target, found = target.parts[0], UNKNOWN
        self.bind(target, found, names)

    def _guess_local(self, name: str) -> Shape:
        if self.function is None:
            return UNKNOWN
        return self._guessed(name, self.function.body)

    def _unpack(self, target: Term, value: Shape, names: Names) -> None:
        starred = any(each.kind == "spread" for each in target.parts)
        wanted = len(target.parts)
        for each in value.options:
            size = self.arity(each)
            if size is not None and not starred and not self.script and size != wanted:
                self.doubt("type-changed", target, names_in(target), f"{size} values are unpacked into {wanted}")
            elif each.kind == "record" and wanted > 1 and not self.script:
                said = f"{names_in(target)}: a dictionary is unpacked, which gives its keys"
                self.doubt("type-changed", target, names_in(target), said, (), 0.9)
            elif size is None and each.kind in {"int", "bool", "float", "none", "instance"}:
                self.need(each, "iterate", target)
        tuples = [each for each in value.options if each.kind == "tuple" and len(each.of) == wanted]
        for place, part in enumerate(target.parts):
            known = union(one.of[place] for one in tuples) if tuples and not starred else UNKNOWN
            self.bind(part, known, names)

    def arity(self, value: Shape) -> int | None:
        """How many values come out of it, where its shape says so."""
        if value.kind == "tuple" and value.of:
            return len(value.of)
        owner = self.program.class_at(value.ref) if value.kind == "instance" else None
        return len(owner.tuple_of) if owner is not None and owner.tuple_of else None

    def set_member(self, target: Term, held: Shape, value: Shape = UNKNOWN) -> None:
        """`held.name = …`: is there room for the name, and in a script for the value?"""
        for each in held.options:
            owner = self.program.class_at(each.ref) if each.kind == "instance" else None
            if owner is None or (self.function is not None and self.function.owner == owner.name):
                continue
            bases, whole = self.program.bases_of(owner)
            frozen = owner.frozen or any(base.frozen for base in bases)
            slots = [base.slots for base in (owner, *bases)]
            allowed = {name for part in slots for name in part or ()}
            closed = whole and all(part is not None for part in slots)
            if frozen or (closed and target.text not in allowed and target.text not in owner.methods):
                why = "can no longer be changed" if frozen else "has no room for other attributes"
                about = (f"{owner.path}#{owner.name}",)
                self.doubt(
                    "type-changed", target, target.text, f"{target.text} is set on {owner.name}, which {why}", about
                )
            elif self.script and has(each, target.text, self.program, script=True) is False:
                self.missing(target, each, target.text)
            elif self.script and target.text in owner.fields:
                field_set(self, target, owner, value)

    # Values: see `expressions`.

    def value(self, term: Term, names: Names) -> Shape:
        """What a term is."""
        from coroom.checks.inference.expressions import value  # noqa: PLC0415

        return value(self, term, names)

    def tested(self, term: Term, names: Names) -> Shape:
        """What a term is that is asked for whether it is true."""
        found = self.value(term, names)
        shown = names_in(term)
        if term.kind in {"name", "member"} and any(each.kind == "function" for each in found.options):
            self.doubt("type-changed", term, shown, f"{shown} is a function now, which is always true")
        elif term.kind in {"name", "member", "call"} and any(each.kind == "awaitable" for each in found.options):
            self.doubt("type-changed", term, shown, f"{shown} is not awaited, and so always true")
        return found


def _join(names: Names, branches: list[Names]) -> None:
    if not branches:
        return
    merged: Names = {}
    for name in {name for each in branches for name in each}:
        merged[name] = union(each.get(name, UNKNOWN) for each in branches)
    names.clear()
    names.update(merged)


def _breaks(loop: Term) -> bool:
    return any(each.kind == "jump" and each.text == "break" for each in walk(loop))
