"""What a function may raise: by what it says, by what it does, and by what it calls."""

from collections.abc import Mapping

from coroom.checks.program import Program
from coroom.syntax import Class, Function, Module, Term, is_test, not_nested, walk

CANDIDATE_FILES_MAX = 60
"""In so many files at most are the classes looked for that have some attributes."""


class Raising:
    """One program, asked for what its functions call and raise."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._raises: dict[tuple[str, str], frozenset[str]] = {}
        self._with: dict[frozenset[str], list[Class]] = {}
        self._named: dict[str, Class | None] = {}
        self._titled: dict[str, list[Class]] = {}

    def raises(self, function: Function, depth: int = 0) -> frozenset[str]:
        """Names of the exceptions that a function, or what it calls, raises and does not catch."""
        at = (function.path, f"{function.qualname}:{function.line}")
        if at in self._raises or depth > 3:
            return self._raises.get(at, frozenset())
        self._raises[at] = frozenset()
        found = self.raised_in(function.body, function, depth + 1)
        # Who asks first whether it is there does not run into its absence.
        asks = any(each.kind == "compare" and each.text in {"in", "not in"} for each in walk(function.body))
        said = {
            each.parts[0].text or each.parts[0].parts[0].text
            for each in walk(function.body)
            if each.kind == "raise" and each.parts and (each.parts[0].text or each.parts[0].parts)
        }
        self._raises[at] = found - ({"KeyError", "IndexError"} - said) if asks else found
        return self._raises[at]

    def raised_in(self, body: Term, function: Function | None, depth: int = 0) -> frozenset[str]:
        """The same for a stretch of a function."""
        found: set[str] = set()
        stack = [body]
        while stack:
            each = stack.pop()
            if each.kind == "try":
                inner = self.raised_in(each.parts[0], function, depth)
                handlers = [part for part in each.parts if part.kind == "handler"]
                named = {word.text for part in handlers for held in part.parts[:-1] for word in walk(held)}
                if len(named & _BY_KEY) == 1:
                    # Who expects the one knows whether it is a table or a list that is asked.
                    inner -= _BY_KEY - named
                found |= {name for name in inner if not any(self.catches(part, name, function) for part in handlers)}
                stack.extend(part for part in each.parts[1:])
                continue
            if each.kind == "raise" and each.parts:
                value = each.parts[0]
                held = value.parts[0] if value.kind == "call" else value
                found.add(held.text)
            elif each.kind == "index" and each.parts[1].kind != "slice" and depth > 0:
                found |= {"KeyError", "IndexError"}
            elif each.kind == "call":
                found |= (
                    _IMPLIED.get(each.parts[0].text, frozenset()) if len(each.parts) == 2 and depth else frozenset()
                )
                for callee in self.callees(each, function):
                    found |= self.raises(callee, depth + 1)
            if not_nested(each):
                stack.extend(each.parts)
        return frozenset(name for name in found if name)

    def callees(self, call: Term, function: Function | None) -> list[Function]:
        """The functions of this tree that a call reaches, where its name alone says so."""
        called = call.parts[0]
        path = function.path if function is not None else ""
        module = self.program.module(path)
        if module is None:
            return []
        if called.kind == "name":
            meant = self.program.meaning(called.text, module)
            if isinstance(meant, Class):
                init = meant.methods.get("__init__") or meant.methods.get("constructor")
                return [init] if init is not None else []
            return [meant] if isinstance(meant, Function) else []
        if called.kind == "member" and called.parts[0].kind == "name":
            holder = called.parts[0].text
            owner = module.classes.get(function.owner) if function is not None and holder in {"self", "cls"} else None
            if owner is not None:
                member = self.program.member(owner, called.text)
                return [member] if isinstance(member, Function) else []
            there = self.program.meaning(holder, module)
            if isinstance(there, Module):
                meant = self.program.meaning(called.text, there)
                return [meant] if isinstance(meant, Function) else []
            if there is None and called.text not in COMMON:
                found = self.classes_with(frozenset({called.text}))
                member = self.program.member(found[0], called.text) if len(found) == 1 else None
                return [member] if isinstance(member, Function) else []
        return []

    def catches(self, handler: Term, name: str, function: Function | None) -> bool:
        """Whether a handler catches an exception of this name; a handler without types catches everything."""
        types = handler.parts[:-1]
        if not types:
            return True
        module = self.program.module(function.path) if function is not None else None
        return any(self._is_a(name, each.text, module) for each in types)

    def _is_a(self, name: str, caught: str, module: Module | None) -> bool:
        if caught in {name, "Exception", "BaseException"}:
            return True
        found = self._find_class(name, module)
        if found is None:
            builtin = _BUILT_IN_ERRORS.get(name, ())
            return caught in builtin
        names = {base.text for each in (found, *self.program.bases_of(found)[0]) for base in each.bases}
        return caught in names or any(caught in _BUILT_IN_ERRORS.get(each, ()) for each in names)

    def _find_class(self, name: str, module: Module | None) -> Class | None:
        meant = self.program.meaning(name, module) if module is not None else None
        if isinstance(meant, Class):
            return meant
        if name not in self._named:
            self._named[name] = self._class_called(name)
        return self._named[name]

    def _class_called(self, name: str) -> Class | None:
        wanted = b"class " + name.encode()
        for path, text in self.program.texts.items():
            if wanted in text:
                other = self.program.module(path)
                if other is not None and name in other.classes:
                    return other.classes[name]
        return None

    def called_like(self, name: str, used: frozenset[str]) -> list[Class]:
        """The class that a value is named after, where it alone has this name and has all that is asked of the value:
        `world.get(key)` is asked of a `World`.
        """
        word = name.rpartition(".")[2].strip("_")
        title = "".join(each.capitalize() for each in word.split("_"))
        if not word.islower() or not word.replace("_", "").isalpha() or len(word) < 4 or "(" in name:
            return []
        if title not in self._titled:
            wanted = b"class " + title.encode()
            near = [path for path, text in self.program.texts.items() if wanted in text and not is_test(path)]
            read = [self.program.module(path) for path in near[:CANDIDATE_FILES_MAX]]
            self._titled[title] = [each.classes[title] for each in read if each is not None and title in each.classes]
        found = self._titled[title]
        fits = len(found) == 1 and all(self.program.member(found[0], each) is not None for each in used)
        return found if fits else []

    def classes_with(self, names: frozenset[str]) -> list[Class]:
        """The classes of the tree that have all these attributes, without those that inherit them from another one."""
        if names not in self._with:
            self._with[names] = self._classes_with(names)
        return self._with[names]

    def _classes_with(self, names: frozenset[str]) -> list[Class]:
        raw = [name.encode() for name in names]
        paths = [path for path, text in self.program.texts.items() if all(name in text for name in raw)]
        longest = max(raw, key=len, default=b"")
        near = [path for path in self.program.texts if longest in self.program.texts[path]]
        if len(paths) > CANDIDATE_FILES_MAX or len(near) > CANDIDATE_FILES_MAX:
            return []
        found: list[Class] = []
        for path in near:
            module = self.program.module(path)
            owners = module.classes.values() if module is not None else ()
            found += [each for each in owners if all(self.program.member(each, name) is not None for name in names)]
        refs = {(each.path, each.name) for each in found}
        return [
            each for each in found if not any((base.path, base.name) in refs for base in self.program.bases_of(each)[0])
        ]


_BY_KEY = frozenset({"KeyError", "IndexError"})

EVERYWHERE = frozenset(
    [
        "name",
        "value",
        "id",
        "type",
        "text",
        "data",
        "close",
        "open",
        "read",
        "write",
        "run",
        "send",
        "log",
        "on",
        "emit",
        "test",
        "match",
        "group",
        "path",
        "exists",
        "start",
        "stop",
        "put",
        "get",
        "set",
        "add",
        "items",
        "keys",
    ]
)
COMMON = (
    frozenset(name for kind in (dict, list, set, str, bytes, int, tuple, BaseException) for name in dir(kind))
    | EVERYWHERE
)
"""Attributes that values of other libraries have, too: seeing one says nothing about whose it is."""

_BUILT_IN_ERRORS: Mapping[str, tuple[str, ...]] = {
    name: tuple(base.__name__ for base in value.__mro__)
    for name, value in vars(__import__("builtins")).items()
    if isinstance(value, type) and issubclass(value, BaseException)
}

_IMPLIED: Mapping[str, frozenset[str]] = {
    "int": frozenset({"ValueError"}), "float": frozenset({"ValueError"}), "next": frozenset({"StopIteration"}),
    "index": frozenset({"ValueError"}), "remove": frozenset({"ValueError", "KeyError"}),
    "pop": frozenset({"KeyError", "IndexError"}),
    "loads": frozenset({"ValueError"}), "open": frozenset({"OSError"}),
}  # fmt: skip
