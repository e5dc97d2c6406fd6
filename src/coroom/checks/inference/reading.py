"""What the parts of one program are known to be: what a function returns, what a field holds."""

from typing import NamedTuple

from coroom.checks.inference.abilities import SCRIPT_ATTRIBUTES
from coroom.checks.inference.notes import Notes
from coroom.checks.inference.raising import CANDIDATE_FILES_MAX, COMMON, EVERYWHERE, Raising
from coroom.checks.inference.shapes import NONE, UNKNOWN, Shape, union
from coroom.checks.program import HARMLESS_BASES, Program
from coroom.syntax import Class, Function, Module, Term, shown, walk

_DEEPEST = 6
_SEEN_CLOSER = frozenset({("dict", "record"), ("tuple", "tuple"), ("datetime", "datetime")})
"""Kinds of which what a function returns tells more than what it is said to return."""


class Doubt(NamedTuple):
    """Something that does not hold in one tree alone; a finding is made of it when it holds on both sides.

    `about` are the functions, classes and names that it rests on, as `path#name`.
    """

    kind: str
    path: str
    within: str
    line: int
    symbol: str
    message: str
    about: tuple[str, ...] = ()
    confidence: float = 0.93


Guesses = dict[tuple[str, str, str], str]
"""What an unannotated name was taken to be, by path, function and name: a class, by the attributes used on it."""


class Reading(Raising):
    """One program, read as deep as it is asked for."""

    def __init__(self, program: Program, guesses: Guesses | None = None) -> None:
        super().__init__(program)
        self.notes = Notes(program)
        self.guesses: Guesses = {} if guesses is None else dict(guesses)
        self._fixed = guesses is not None
        self._returns: dict[tuple[str, str], Shape] = {}
        self._fields: dict[tuple[str, str], Shape] = {}
        self._records: dict[tuple[str, str], list[tuple[str, Term, frozenset[str]]]] = {}
        self._under = 0

    def module_of(self, path: str) -> Module:
        """The module at a path that is known to have one."""
        found = self.program.module(path)
        assert found is not None
        return found

    def callees(self, call: Term, function: Function | None) -> list[Function]:
        """The functions of this tree that a call reaches: by its name alone, else by what its object is said to be."""
        found, called = super().callees(call, function), call.parts[0]
        if found or function is None or called.kind != "member":
            return found
        owner = self._holder(called.parts[0], called.text, function)
        member = self.program.member(owner, called.text) if owner is not None else None
        return [member] if isinstance(member, Function) else []

    def _holder(self, holder: Term, asked: str, function: Function) -> Class | None:
        """The class of a parameter or of an attribute of `self`, by its annotation or by its name."""
        module, shape = self.module_of(function.path), UNKNOWN
        if holder.kind == "name":
            given = next((each for each in function.parameters if each.text == holder.text), None)
            if given is None:
                return None
            shape = self.notes.shape(given.note, module)
        elif holder.kind == "member" and holder.parts[0].text in {"self", "this"}:
            mine = module.classes.get(function.owner)
            shape = self.field(mine, holder.text) if mine is not None else UNKNOWN
        if shape.kind == "instance":
            return self.program.class_at(shape.ref)
        alike = self.called_like(holder.text, frozenset({asked})) if shape == UNKNOWN and holder.text else []
        return alike[0] if alike else None

    def returns(self, function: Function) -> Shape:
        """What calling a function gives."""
        at = (function.path, f"{function.qualname}:{function.line}")
        if at not in self._returns:
            self._returns[at] = UNKNOWN
            self._returns[at] = self._read_return(function)
        return self._returns[at]

    def _read_return(self, function: Function) -> Shape:
        module = self.module_of(function.path)
        said = self.notes.shape(function.term.note, module)
        if module.language == "python" and "generator" in function.flags:
            # Whatever it is said to give: what yields gives an iterator.
            made = said.of if said.kind in {"iterator", "list"} else ()
            said = Shape("stream") if "async" in function.flags else Shape("iterator", "", made)
        if said == UNKNOWN or said.kind in {"dict", "tuple", "datetime"}:
            seen = self._seen_return(function, module)
            if said == UNKNOWN or (said.kind, seen.kind) in _SEEN_CLOSER:
                said = seen
        if function.term.note in {"Self", "this"} and function.owner:
            said = Shape("instance", f"{function.path}#{function.owner}")
        wrapped = "async" in function.flags and "generator" not in function.flags
        return Shape("awaitable", "", (said,)) if wrapped and said.kind != "awaitable" else said

    def _seen_return(self, function: Function, module: Module) -> Shape:
        if self._under > _DEEPEST or function.term.flags & {"abstract"}:
            return UNKNOWN
        from coroom.checks.inference.checker import Checker  # noqa: PLC0415

        self._under += 1
        try:
            walker = Checker(self, module, function)
            walker.run()
        finally:
            self._under -= 1
        found = list(walker.returned)
        if not walker.ended:
            found.append(NONE)
        known = [each for each in found if each not in (UNKNOWN, NONE)]
        # A function gives one kind of thing: what cannot be told is taken to be like what can.
        if UNKNOWN in found and known and len({each.kind for each in known}) == 1:
            return union(known)
        return union(found) if found else Shape("never")

    def field(self, owner: Class, name: str) -> Shape:
        """What an attribute of an instance holds."""
        at = (f"{owner.path}#{owner.name}", name)
        if at not in self._fields:
            self._fields[at] = UNKNOWN
            self._fields[at] = self._read_field(owner, name)
        return self._fields[at]

    def _read_field(self, owner: Class, name: str) -> Shape:
        found = self.program.member(owner, name)
        if found is None:
            return UNKNOWN
        if isinstance(found, Function):
            if "getter" in found.flags:
                return self.returns(found)
            return Shape("function", f"{found.path}#{found.qualname}")
        home = next((each for each in (owner, *self.program.bases_of(owner)[0]) if name in each.fields), owner)
        if home.is_enum:
            return Shape("instance", f"{home.path}#{home.name}")
        module = self.module_of(home.path)
        said = self.notes.shape(found.note, module)
        if "optional" in found.flags and module.language == "script" and said != UNKNOWN:
            return union((said, NONE))
        if said == UNKNOWN and found.parts and not found.note:
            said = self._filled(
                self.constant(found.parts[0], module), list(home.methods.values()), f"self.{name}", module
            )
            if said.kind == "none" or any(each.kind == "none" for each in said.options):
                return UNKNOWN
        return said

    def constant(self, value: Term, module: Module) -> Shape:
        """What an expression outside any function is."""
        if self._under > _DEEPEST:
            return UNKNOWN
        from coroom.checks.inference.checker import Checker  # noqa: PLC0415

        self._under += 1
        try:
            return Checker(self, module, None).value(value, {})
        finally:
            self._under -= 1

    def _filled(self, kept: Shape, functions: list[Function], name: str, module: Module) -> Shape:
        """An empty collection with what functions put into it."""
        if kept.kind not in {"list", "set", "dict", "array"} or kept.of or self._under > 2:
            return kept
        found = [self._in(each, value, module) for each in functions for value in _put_into(each, name)]
        element = union(found) if found else UNKNOWN
        if element == UNKNOWN:
            return kept
        return Shape(kept.kind, "", (UNKNOWN, element) if kept.kind == "dict" else (element,))

    def _in(self, function: Function, value: Term, module: Module) -> Shape:
        from coroom.checks.inference.checker import Checker  # noqa: PLC0415

        self._under += 1
        try:
            walker = Checker(self, module, function)
            names = walker.parameters(function)
            if value.kind == "name" and value.text not in names:
                for each in walk(function.body):
                    if each.kind == "assign" and each.parts[0].text == value.text and len(each.parts) > 1:
                        return walker.value(each.parts[1], names)
            return walker.value(value, names)
        finally:
            self._under -= 1

    def named(self, name: str, module: Module) -> Shape:
        """What a name at the top of a module is."""
        meant = self.program.meaning(name, module)
        match meant:
            case None:
                return UNKNOWN
            case Function():
                return Shape("function", f"{meant.path}#{meant.qualname}")
            case Class():
                return Shape("class", f"{meant.path}#{meant.name}")
            case Module():
                return Shape("module", meant.path)
            case Term():
                return self._bound(meant, name, module)

    def _bound(self, meant: Term, name: str, module: Module) -> Shape:
        if meant.kind != "assign" or len(meant.parts) < 2:
            return UNKNOWN
        home = self.home(name, module)
        at = (f"{home.path}#", meant.parts[0].text)
        if at not in self._fields:
            self._fields[at] = UNKNOWN
            said = self.notes.shape(meant.note, home)
            if said == UNKNOWN:
                kept = self.constant(meant.parts[1], home)
                said = self._filled(kept, list(home.functions.values()), meant.parts[0].text, home)
            self._fields[at] = said
        return self._fields[at]

    def home(self, name: str, module: Module) -> Module:
        """The module that binds a name itself, rather than importing it."""
        for _ in range(8):
            taken = module.imports.get(name)
            if taken is None or name in module.values or name in module.functions or name in module.classes:
                return module
            place = self.program.place_of(taken[0], module)
            other = self.program.module(place) if place is not None else None
            if other is None:
                return module
            module, name = other, taken[1] or name
        return module

    def function_at(self, ref: str) -> Function | None:
        """The function that `path#Class.name` names."""
        path, _, qualname = ref.partition("#")
        module = self.program.module(path)
        if module is None:
            return None
        owner, _, name = qualname.rpartition(".")
        if not owner:
            return module.functions.get(name)
        held = module.classes.get(owner)
        return held.methods.get(name) if held is not None else None

    def maker(self, owner: Class) -> tuple[tuple[Term, ...] | None, Class]:
        """What an instance is made with and the class that says so; None when that is not known."""
        bases, whole = self.program.bases_of(owner)
        for each in (owner, *bases):
            if each.made is not None:
                if each is owner and not ({"__init__", "constructor"} & owner.methods.keys()) and bases:
                    inherited = [part for base in reversed(bases) for part in base.made or ()]
                    names = {part.text for part in each.made}
                    return (*[part for part in inherited if part.text not in names], *each.made), owner
                return each.made, each
        plain = whole and not owner.is_enum and not owner.term.flags & {"interface"}
        outside = any(each.text in HARMLESS_BASES - {"object", "ABC", "Generic", "Protocol"} for each in owner.bases)
        return ((), owner) if plain and not bases and not outside else (None, owner)

    def guess(
        self, path: str, within: str, name: str, used: frozenset[str], keywords: frozenset[str] = frozenset()
    ) -> Shape:
        """What an unannotated name is, told by the attributes used on it, or by what a method is called with by name;
        unknown when more than one class fits.
        """
        at = (path, within, name)
        if not self._fixed and at not in self.guesses:
            self.guesses[at] = ""
            script = not path.endswith((".py", ".pyi", ".pyw"))
            telling = used - (_COMMON_IN_SCRIPTS if script else COMMON)
            found = self.classes_with(used) if telling or keywords else []
            if len(found) != 1 and not script and (found or not telling):
                found = self.called_like(name, used) or found
            if keywords:
                found = [each for each in found if all(self._takes(each, name, keywords) for name in used)]
            same = {each.path.endswith((".py", ".pyi")) for each in found}
            if len(found) == 1 and same == {path.endswith((".py", ".pyi"))}:
                self.guesses[at] = f"{found[0].path}#{found[0].name}"
        ref = self.guesses.get(at, "")
        return Shape("instance", ref) if ref else UNKNOWN

    def _takes(self, owner: Class, name: str, keywords: frozenset[str]) -> bool:
        """Whether a method can be called with these keywords."""
        method = self.program.member(owner, name)
        given = method.parameters if isinstance(method, Function) else ()
        return keywords <= {each.text for each in given} or any("options" in each.flags for each in given)

    def guess_record(self, path: str, within: str, name: str, keys: frozenset[str]) -> Shape:
        """What an unannotated name is, told by the keys used on it: a mapping that one place of the tree writes out."""
        at = (path, within, name)
        if not self._fixed and at not in self.guesses:
            self.guesses[at] = ""
            found = self._records_with(keys)
            if len(found) == 1:
                self.guesses[at] = f"{found[0]}"
        ref = self.guesses.get(at, "")
        return self._record_at(ref) if "@" in ref else UNKNOWN

    def _records_with(self, keys: frozenset[str]) -> list[str]:
        raw = [key.encode() for key in keys]
        paths = [path for path, text in self.program.texts.items() if all(key in text for key in raw)]
        found: list[str] = []
        for path in paths if len(paths) <= CANDIDATE_FILES_MAX else ():
            module = self.program.module(path)
            for function in module.every_function() if module is not None else ():
                for target, _ in self._records_in(function, keys):
                    found.append(f"{path}@{function.qualname}@{target}")
        return found

    def _records_in(self, function: Function, keys: frozenset[str]) -> list[tuple[str, Term]]:
        """The mappings that a function writes out with at least these keys, by what they are bound to."""
        at = (function.path, f"{function.qualname}:{function.line}")
        if at not in self._records:
            self._records[at] = _records_of(function)
        return [(name, value) for name, value, said in self._records[at] if keys <= said]

    def _record_at(self, ref: str) -> Shape:
        path, qualname, target = ref.split("@")
        function = self.function_at(f"{path}#{qualname}")
        if function is None:
            return UNKNOWN
        found = [value for name, value in self._records_in(function, frozenset()) if name == target]
        return self._in(function, found[0], self.module_of(path)) if len(found) == 1 else UNKNOWN


def _records_of(function: Function) -> list[tuple[str, Term, frozenset[str]]]:
    """The mappings that a function writes out, by what they are bound to, with their keys."""
    found: list[tuple[str, Term, frozenset[str]]] = []
    for each in walk(function.body):
        value = each.parts[-1] if each.kind in {"assign", "return"} and each.parts else None
        if value is not None and value.kind == "dict" and value.parts:
            said = frozenset(part.parts[0].text for part in value.parts if part.kind == "pair")
            found.append((each.parts[0].text if each.kind == "assign" else "return", value, said))
    return found


_COMMON_IN_SCRIPTS = frozenset(name for each in SCRIPT_ATTRIBUTES.values() for name in each) | EVERYWHERE
"""Attributes that values of other libraries have, too: seeing one says nothing about whose it is."""


def keys_on(body: Term, name: str) -> frozenset[str]:
    """The keys by which a stretch asks a name."""
    return frozenset(
        each.parts[1].text
        for each in walk(body)
        if each.kind == "index"
        and each.parts[0].kind == "name"
        and each.parts[0].text == name
        and each.parts[1].kind == "string"
    )


def attributes_on(body: Term, name: str) -> frozenset[str]:
    """The attributes that a stretch uses on a name."""
    return frozenset(
        each.text
        for each in walk(body)
        if each.kind == "member" and each.parts[0].kind == "name" and each.parts[0].text == name
    )


def _put_into(function: Function, name: str) -> list[Term]:
    """What a function puts into the collection of that name."""
    found: list[Term] = []
    for each in walk(function.body):
        target = each.parts[0] if each.kind in {"call", "assign"} and len(each.parts) == 2 else None
        added = target is not None and target.kind == "member" and target.text in {"append", "add", "push"}
        stored = target is not None and target.kind == "index" and each.kind == "assign"
        if target is None or not (added or stored):
            continue
        holder = target.parts[0]
        if shown(holder) == name:
            found.append(each.parts[1])
        elif added and holder.kind == "call" and holder.parts[0].text == "setdefault" and len(holder.parts) == 3:
            # `kept.setdefault(key, []).append(value)`
            kept, empty = holder.parts[0], holder.parts[2]
            if kept.kind == "member" and shown(kept.parts[0]) == name and empty.kind == "list" and not empty.parts:
                found.append(Term("list", "", (each.parts[1],), each.line))
    return found
