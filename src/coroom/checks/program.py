"""One tree as a program: its modules, read when they are asked for, and what a name in one means in another."""

import posixpath
from collections.abc import Iterator, Mapping

from coroom.syntax import Class, Function, Module, Term, grammar_of, module_of, parses

_SCRIPT_ENDS = (
    ".ts",
    ".tsx",
    ".d.ts",
    ".js",
    ".jsx",
    ".mjs",
    ".mts",
    "/index.ts",
    "/index.tsx",
    "/index.js",
    "/index.jsx",
)
_ROOTS = ("", "src/", "lib/", "python/", "app/")
_FURTHEST = 8

BYTES_MAX = 1 << 20
"""A source file that people write is smaller; a larger one is data or generated."""

LINE_BYTES_MAX = 20_000
"""Lines that are longer come from a minifier."""

INSTALLED = frozenset({".git", ".hg", ".svn", "node_modules", ".venv", "venv", "__pycache__", ".mypy_cache", ".tox"})
"""Directories of which nothing was written by the people of a project."""

Meaning = Module | Class | Function | Term
"""What a name can mean: a file, a class, a function, or the assignment or type alias that binds it."""


Read = dict[tuple[str, bytes], Module | None]
"""What files mean, by path and text: read once for all trees that have them, None for what cannot be read."""


class Program:
    """One tree. Texts are read once; a file of an unknown language has no module."""

    def __init__(self, texts: Mapping[str, bytes], read: Read | None = None) -> None:
        self.texts = texts
        self._modules: dict[str, Module | None] = {}
        self._written: dict[str, str] = {}
        self._places: dict[tuple[str, str], str | None] = {}
        self._read: Read = {} if read is None else read

    def text(self, path: str) -> str:
        """The text at a path that is there, what cannot be decoded replaced."""
        if path not in self._written:
            self._written[path] = self.texts[path].decode(errors="replace")
        return self._written[path]

    def module(self, path: str) -> Module | None:
        """The module at a path, None when it is not there or cannot be read."""
        if path not in self._modules:
            text = self.texts.get(path)
            self._modules[path] = self._module(path, text) if text is not None else None
        return self._modules[path]

    def _module(self, path: str, text: bytes) -> Module | None:
        at = (path, text)
        if at not in self._read:
            self._read[at] = None if self.unread(path) else module_of(text, path)
        return self._read[at]

    def unread(self, path: str) -> str:
        """Why the meaning of a file is not judged; empty when it is, or when it is not there."""
        text = self.texts.get(path)
        if text is None:
            return ""
        if grammar_of(path) is None:
            return "its language is not one that is read, so only its text was looked at"
        if len(text) > BYTES_MAX:
            return f"it has {len(text):,} bytes, more than the {BYTES_MAX:,} that are read"
        if max((len(line) for line in text.splitlines()), default=0) > LINE_BYTES_MAX:
            return "its lines are those of a machine, so only its text was looked at"
        if not parses(text, path):
            return "it does not parse, so what it means was not judged"
        return ""

    def modules(self) -> Iterator[Module]:
        """Every module of the tree."""
        for path in self.texts:
            found = self.module(path)
            if found is not None:
                yield found

    def place_of(self, spec: str, importer: Module) -> str | None:
        """The path of the module that an import names, None when it is not in the tree."""
        at = (spec, importer.path)
        if at not in self._places:
            find = self._script_place if importer.language == "script" else self._python_place
            self._places[at] = find(*at)
        return self._places[at]

    def _python_place(self, spec: str, path: str) -> str | None:
        here = posixpath.dirname(path)
        dots = len(spec) - len(spec.lstrip("."))
        rest = spec[dots:].replace(".", "/")
        if dots:
            for _ in range(dots - 1):
                here = posixpath.dirname(here)
            starts = [here]
        else:
            above = here
            starts = [here]
            while above:
                above = posixpath.dirname(above)
                starts.append(above)
            starts += [root.rstrip("/") for root in _ROOTS]
        for start in starts:
            stem = posixpath.join(start, rest) if rest else start
            for place in (f"{stem}.py", f"{stem}/__init__.py" if stem else "__init__.py", f"{stem}.pyi"):
                if place in self.texts:
                    return place
        return None

    def _script_place(self, spec: str, path: str) -> str | None:
        if spec.startswith("."):
            stems = [posixpath.normpath(posixpath.join(posixpath.dirname(path), spec))]
        elif spec.startswith(("@/", "~/")):
            stems = [f"src/{spec[2:]}", spec[2:], f"app/{spec[2:]}"]
        else:
            return None
        for stem in stems:
            bare = stem[: -len(".js")] if stem.endswith((".js", ".ts")) else stem
            for place in (stem, *(bare + end for end in _SCRIPT_ENDS)):
                if place in self.texts:
                    return place
        return None

    def meaning(self, name: str, module: Module, depth: int = 0) -> Meaning | None:
        """What a name at the top of a module means, through imports; None when it is not of this tree."""
        if depth > _FURTHEST:
            return None
        tables: tuple[Mapping[str, Meaning], ...] = (module.functions, module.classes, module.values, module.aliases)
        for table in tables:
            if name in table:
                return table[name]
        taken = module.imports.get(name)
        if taken is not None:
            place = self.place_of(taken[0], module)
            other = self.module(place) if place is not None else None
            if other is None:
                return self.submodule(taken, module)
            if taken[1] == "":
                return other
            if taken[1] == "default":
                return self._default(other)
            return self.meaning(taken[1], other, depth + 1) or self.submodule(taken, module)
        for local, (spec, _) in module.imports.items():
            if local.startswith("*"):
                place = self.place_of(spec, module)
                other = self.module(place) if place is not None else None
                found = self.meaning(name, other, depth + 1) if other is not None else None
                if found is not None:
                    return found
        return None

    def submodule(self, taken: tuple[str, str], module: Module) -> Module | None:
        """`from package import module`."""
        spec = f"{taken[0].rstrip('.')}.{taken[1]}" if taken[0].strip(".") else f"{taken[0]}{taken[1]}"
        place = self.place_of(spec, module) if module.language == "python" else None
        return self.module(place) if place is not None else None

    @staticmethod
    def _default(module: Module) -> Meaning | None:
        """What a script exports as its default cannot be told from its other names unless there is one alone."""
        found: list[Function | Class] = [*module.functions.values(), *module.classes.values()]
        marked = [each for each in found if "default" in each.term.flags]
        return marked[0] if marked else found[0] if len(found) == 1 else None

    def bases_of(self, owner: Class) -> tuple[list[Class], bool]:
        """The classes that one extends, nearest first, and whether all of them could be read."""
        found: list[Class] = []
        whole = not owner.open
        stack = [owner]
        while stack and len(found) < 50:
            each = stack.pop(0)
            module = self.module(each.path)
            for base in each.bases:
                held = base.parts[0] if base.kind == "index" else base
                if held.text in HARMLESS_BASES:
                    continue
                meant = self.meaning(held.text, module) if module is not None and held.kind == "name" else None
                if held.kind == "member" and module is not None and held.parts[0].kind == "name":
                    there = self.meaning(held.parts[0].text, module)
                    meant = self.meaning(held.text, there) if isinstance(there, Module) else None
                if isinstance(meant, Class) and meant not in found and meant is not owner:
                    found.append(meant)
                    stack.append(meant)
                    whole = whole and not meant.open
                else:
                    whole = False
        return found, whole

    def member(self, owner: Class, name: str) -> Function | Term | None:
        """A method or field of a class or of what it extends."""
        for each in (owner, *self.bases_of(owner)[0]):
            if name in each.methods:
                return each.methods[name]
            if name in each.fields:
                return each.fields[name]
        return None

    def class_at(self, ref: str) -> Class | None:
        """The class that `path#Name` names."""
        path, _, name = ref.partition("#")
        module = self.module(path)
        return module.classes.get(name) if module is not None else None


HARMLESS_BASES = frozenset(
    {"object", "ABC", "Generic", "Protocol", "NamedTuple", "Exception", "ValueError", "RuntimeError", "Enum", "StrEnum"}
    | {"IntEnum", "KeyError", "LookupError", "TypeError", "OSError", "Error", "TypedDict", "ABCMeta", "BaseException"}
)
"""Bases whose attributes are known; what they add is asked for by nobody who would be wrong about it."""
