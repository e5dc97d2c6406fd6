"""What a file of Python, JavaScript or TypeScript declares: functions, classes, values and imports, as terms."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from coroom.syntax.languages import grammar_of
from coroom.syntax.last_texts import of_last_texts
from coroom.syntax.parse import tree_of
from coroom.syntax.python_terms import python_terms
from coroom.syntax.script_terms import script_terms
from coroom.syntax.terms import Term, not_nested, walk

_SCRIPT = frozenset({"javascript", "typescript", "tsx"})
_MAKERS = frozenset({"__init__", "constructor"})
_RECORDS = frozenset({"dataclass", "define", "frozen", "mutable", "dataclasses"})
_TUPLES = frozenset({"NamedTuple", "namedtuple"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function or method. `parameters` are without the one that a method is bound to."""

    name: str
    owner: str
    path: str
    term: Term
    parameters: tuple[Term, ...]

    @property
    def qualname(self) -> str:
        """Its name with that of its class before it."""
        return f"{self.owner}.{self.name}" if self.owner else self.name

    @property
    def body(self) -> Term:
        """Its statements."""
        return self.term.parts[-1]

    @property
    def line(self) -> int:
        """Where it stands, from 1."""
        return self.term.line

    @property
    def flags(self) -> frozenset[str]:
        """See `Term`."""
        return self.term.flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Class:
    """A class, interface or enum.

    `fields` are what instances have besides methods, with the term that says so; `made` are those that making one is
    given, in order, when the class makes its own maker. `slots` is None where any attribute can be set. `open` says
    that it has attributes that cannot be told (`__getattr__`, an unread base).
    """

    name: str
    path: str
    term: Term
    fields: Mapping[str, Term]
    methods: Mapping[str, Function]
    made: tuple[Term, ...] | None = None
    slots: frozenset[str] | None = None
    frozen: bool = False
    open: bool = False
    tuple_of: tuple[str, ...] = ()

    @property
    def line(self) -> int:
        """Where it stands, from 1."""
        return self.term.line

    @property
    def bases(self) -> tuple[Term, ...]:
        """What it extends."""
        return tuple(each for each in self.term.bases if each.kind != "keyword")

    @property
    def is_enum(self) -> bool:
        """Whether its fields are its members."""
        return "enum" in self.term.flags or any(each.text.endswith(("Enum", "Flag")) for each in self.bases)


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One file. `imports` maps a local name to module and name there, `values` a name of the top to what binds it.

    `exported` are the names that a script exports, None where every name can be imported.
    """

    path: str
    language: str
    block: Term
    imports: Mapping[str, tuple[str, str]]
    functions: Mapping[str, Function]
    classes: Mapping[str, Class]
    values: Mapping[str, Term]
    aliases: Mapping[str, Term]
    wildcard: bool
    extra: frozenset[str] = frozenset()
    exported: frozenset[str] | None = None

    def every_function(self) -> Iterator[Function]:
        """Functions and methods, in no order."""
        yield from self.functions.values()
        for each in self.classes.values():
            yield from each.methods.values()

    def names(self) -> frozenset[str]:
        """What another file can import from this one."""
        every = {*self.functions, *self.classes, *self.values, *self.aliases, *self.imports, *self.extra} - {"*"}
        return frozenset(every) if self.exported is None else self.exported


@dataclass(slots=True)
class _Found:
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    classes: dict[str, Class] = field(default_factory=dict)
    values: dict[str, Term] = field(default_factory=dict)
    aliases: dict[str, Term] = field(default_factory=dict)
    extra: set[str] = field(default_factory=set)
    wildcard: bool = False


KEPT_BYTES_MAX = 1 << 19
"""Of the texts whose modules are kept; a module takes some forty times what its text does."""


def module_of(text: bytes, path: str) -> Module | None:
    """The module that a text is, kept for the last ones asked for; None for a language that has no terms."""
    grammar = grammar_of(path)
    if grammar is None or grammar.name not in {"python", *_SCRIPT}:
        return None
    return _read(text, path)


@of_last_texts(KEPT_BYTES_MAX)
def _read(text: bytes, path: str) -> Module:
    grammar, root = grammar_of(path), tree_of(text, path)
    assert grammar is not None
    assert root is not None
    block = python_terms(root) if grammar.name == "python" else script_terms(root)
    found = _Found()
    _collect(block, path, found)
    return Module(
        path=path,
        language="python" if grammar.name == "python" else "script",
        block=block,
        imports=found.imports,
        functions=found.functions,
        classes=found.classes,
        values=found.values,
        aliases=found.aliases,
        wildcard=found.wildcard,
        extra=frozenset(found.extra),
        exported=_exported(block) if grammar.name != "python" else None,
    )


def _exported(block: Term) -> frozenset[str] | None:
    """The names that a script exports; None for one that exports nothing in words, as with `module.exports`."""
    found: set[str] = set()
    for each in block.parts:
        if each.kind == "exported" or (each.kind == "import" and each.note == "again"):
            found.update(part.note for part in each.parts)
        elif "default" in each.flags:
            found.add("default")
        elif "exported" in each.flags:
            found.update([each.text] if each.kind != "assign" else [part.text for part in walk(each.parts[0])])
    return frozenset(found) or None


def _collect(block: Term, path: str, found: _Found) -> None:
    for each in block.parts:
        match each.kind:
            case "import":
                _import(each, found)
            case "function":
                found.functions[each.text] = _function(each, "", path)
            case "class":
                found.classes[each.text] = _class(each, path)
            case "alias":
                found.aliases[each.text] = each
            case "assign":
                _assigned(each, path, found)
            case "exported":
                found.extra.update(part.note for part in each.parts)
            case "for" | "with" | "while" | "if" | "try" | "handler" | "block" | "finally" | "other":
                found.extra.update(_bound(each))
                _collect(each, path, found)


def _bound(term: Term) -> Iterator[str]:
    for each in walk(term, into=not_nested):
        if each.kind == "assign" or (each.kind == "for" and each.parts):
            yield from (part.text for part in walk(each.parts[0]) if part.kind == "name")


def _import(term: Term, found: _Found) -> None:
    for each in term.parts:
        if each.note == "*":
            found.wildcard = True
            found.imports[f"*{term.text}"] = (term.text, "*")
        else:
            found.imports[each.note] = (term.text, each.text)


def _assigned(term: Term, path: str, found: _Found) -> None:
    target = term.parts[0]
    if target.kind == "name":
        value = term.parts[1] if len(term.parts) > 1 else Term("other", line=term.line)
        made = _named_tuple(target.text, value, path)
        if made is not None:
            found.classes[target.text] = made
        elif target.text not in found.values or term.text == "=":
            found.values[target.text] = replace(term, parts=(target, value))
    else:
        found.extra.update(each.text for each in walk(target) if each.kind == "name")


def _named_tuple(name: str, value: Term, path: str) -> Class | None:
    """`namedtuple("Entry", ["a", "b"])` as the class that it is."""
    if value.kind != "call" or value.parts[0].text != "namedtuple" or len(value.parts) < 3:
        return None
    listed = value.parts[2]
    names = (
        [each.text for each in listed.parts]
        if listed.kind in {"list", "tuple"}
        else listed.text.replace(",", " ").split()
    )
    fields = {each: Term("field", each, line=value.line, flags=frozenset({"required"})) for each in names}
    term = Term("class", name, (Term("block"),), value.line, "", (), (Term("name", "NamedTuple"),))
    made = tuple(Term("parameter", each, line=value.line, flags=frozenset({"required"})) for each in names)
    return Class(
        name=name,
        path=path,
        term=term,
        fields=fields,
        methods={},
        made=made,
        slots=frozenset(names),
        frozen=True,
        tuple_of=tuple(names),
    )


def _function(term: Term, owner: str, path: str) -> Function:
    parameters = tuple(each for each in term.parts[:-1] if each.kind == "parameter")
    python = grammar_of(path)
    if owner and "static" not in term.flags and python is not None and python.name == "python":
        parameters = parameters[1:]
    return Function(name=term.text, owner=owner, path=path, term=term, parameters=parameters)


def _class(term: Term, path: str) -> Class:
    methods, fields, slots = _members(term, path)
    declared = dict(fields)
    for method in methods.values():
        for name, term_of in _set_by(method):
            fields.setdefault(name, term_of)
    marks = {part.text: mark for mark in term.marks for part in walk(mark) if part.kind in {"name", "member"}}
    made, frozen = _maker(term, declared, methods, marks)
    is_tuple = any(each.text in _TUPLES for each in term.bases)
    if any(part.kind == "keyword" and part.text == "slots" for mark in term.marks for part in mark.parts):
        slots = frozenset(declared)
    return Class(
        name=term.text,
        path=path,
        term=term,
        fields=fields,
        methods=methods,
        made=made,
        slots=slots,
        frozen=frozen or is_tuple,
        open=bool({"__getattr__", "__getattribute__", "__setattr__"} & methods.keys()),
        tuple_of=tuple(declared) if is_tuple else (),
    )


def _members(term: Term, path: str) -> tuple[dict[str, Function], dict[str, Term], frozenset[str] | None]:
    """What the block of a class defines: its methods, its fields, and its `__slots__` where it has them."""
    methods: dict[str, Function] = {}
    fields: dict[str, Term] = {}
    slots: frozenset[str] | None = None
    for each in _statements(term.parts[0]):
        if each.kind == "function":
            if not any(mark.text in {"setter", "deleter"} for mark in each.marks):
                methods[each.text] = _function(each, term.text, path)
        elif each.kind == "field":
            fields[each.text] = each
        elif each.kind == "class":
            fields[each.text] = Term("field", each.text, (), each.line, flags=_STATIC)
        elif each.kind == "assign" and each.parts[0].kind == "name":
            name = each.parts[0].text
            if name == "__slots__" and len(each.parts) > 1:
                slots = frozenset(part.text for part in walk(each.parts[1]) if part.kind == "string")
            else:
                fields[name] = Term("field", name, each.parts[1:], each.line, each.note, (), (), _field_flags(each))
    return methods, fields, slots


_STATIC = frozenset({"static"})


def _field_flags(assigned: Term) -> frozenset[str]:
    """A name that is only declared must be given; one without an annotation belongs to the class."""
    if len(assigned.parts) == 1:
        return frozenset({"required"})
    return frozenset() if assigned.note else _STATIC


def _statements(block: Term) -> Iterator[Term]:
    for each in block.parts:
        if each.kind in {"if", "try", "block"}:
            yield from _statements(Term("block", "", tuple(part for part in each.parts if part.kind == "block")))
        yield each


def _set_by(method: Function) -> Iterator[tuple[str, Term]]:
    """The attributes that a method sets on what it is bound to."""
    given = {each.text: each for each in method.parameters}
    for each in method.parameters:
        if "field" in each.flags:
            yield each.text, Term("field", each.text, each.parts, each.line, each.note)
    for each in walk(method.term):
        if each.kind == "assign" and each.parts[0].kind == "member" and each.parts[0].parts[0].text in {"self", "cls"}:
            value = each.parts[1:]
            note = each.note or (given[value[0].text].note if value and value[0].text in given else "")
            yield each.parts[0].text, Term("field", each.parts[0].text, value, each.line, note)
        elif each.kind == "assign" and each.parts[0].kind == "tuple":
            for part in each.parts[0].parts:
                if part.kind == "member" and part.parts[0].text == "self":
                    yield part.text, Term("field", part.text, (), each.line)


def _maker(
    term: Term, declared: Mapping[str, Term], methods: Mapping[str, Function], marks: Mapping[str, Term]
) -> tuple[tuple[Term, ...] | None, bool]:
    """What making an instance is given, where the class itself says so, and whether instances never change."""
    for name in _MAKERS & methods.keys():
        return methods[name].parameters, False
    mark = next((marks[name] for name in _RECORDS if name in marks), None)
    is_tuple = any(each.text in _TUPLES for each in term.bases)
    if mark is None and not is_tuple:
        return None, False
    options = {
        part.text: part.parts[0].text for part in (mark.parts if mark is not None else ()) if part.kind == "keyword"
    }
    keyword = frozenset({"keyword"}) if options.get("kw_only") == "True" else frozenset()
    found: list[Term] = []
    for name, each in declared.items():
        if not each.note or "ClassVar" in each.note or "static" in each.flags:
            continue
        if each.note.endswith("KW_ONLY"):
            keyword = frozenset({"keyword"})
            continue
        if each.parts and any(
            p.kind == "keyword" and p.text == "init" and p.parts[0].text == "False" for p in each.parts[0].parts
        ):
            continue
        flags = keyword | ({"required"} if _is_required(each) else frozenset())
        found.append(Term("parameter", name, each.parts, each.line, each.note, (), (), frozenset(flags)))
    return tuple(found), options.get("frozen") == "True" or (
        mark is not None and "frozen" in marks and mark.text == "frozen"
    )


def _is_required(each: Term) -> bool:
    if not each.parts:
        return True
    value = each.parts[0]
    if value.kind == "call" and value.parts[0].text == "field":
        return not any(part.kind == "keyword" and part.text in {"default", "default_factory"} for part in value.parts)
    return False
