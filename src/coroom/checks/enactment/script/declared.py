"""The types that scripts declare, read to know what a parameter can be given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tree_sitter import Node

from coroom.checks.enactment.kept import TEXTS_MAX
from coroom.checks.enactment.script.program import of_imports
from coroom.checks.enactment.script.reading import CLASSES, parts, text_of
from coroom.checks.enactment.script.reading import field as part
from coroom.checks.program import Program
from coroom.syntax.last_texts import of_last_texts
from coroom.syntax.parse import tree_of

_TYPES = CLASSES | {"interface_declaration", "type_alias_declaration", "enum_declaration"}


@dataclass(frozen=True)
class Declared:
    """What one file declares: types, functions and constants by name, and what it takes from other files."""

    path: str
    types: Mapping[str, Node]
    functions: Mapping[str, Node]
    values: Mapping[str, Node]
    imports: Mapping[str, tuple[str, str]]
    stars: tuple[str, ...]
    exported: frozenset[str] = field(default_factory=frozenset)


@of_last_texts(TEXTS_MAX)
def declared_in(text: bytes, path: str) -> Declared | None:
    """What a file declares; None when it does not parse."""
    root = tree_of(text, path)
    if root is None or root.has_error:
        return None
    types: dict[str, Node] = {}
    functions: dict[str, Node] = {}
    values: dict[str, Node] = {}
    exported: set[str] = set()
    for statement in parts(root):
        each = part(statement, "declaration") if statement.type == "export_statement" else statement
        if each is None:
            exported.update(_listed(statement))
            continue
        names = list(_names(each))
        if statement.type == "export_statement":
            exported.update(names)
        if each.type in _TYPES:
            types.update(dict.fromkeys(names, each))
        elif each.type in {"function_declaration", "generator_function_declaration"}:
            functions.update(dict.fromkeys(names, each))
        elif each.type in {"lexical_declaration", "variable_declaration"}:
            for one in parts(each):
                value = part(one, "value")
                if value is not None and value.type in {"arrow_function", "function_expression"}:
                    functions[text_of(part(one, "name"))] = value
                else:
                    values[text_of(part(one, "name"))] = one
    imports, stars = of_imports(root)
    return Declared(path, types, functions, values, imports, stars, frozenset(exported))


def _listed(statement: Node) -> Iterator[str]:
    for each in parts(statement):
        if each.type == "export_clause":
            yield from (text_of(part(one, "name")) for one in parts(each))
        elif each.type == "identifier":
            yield text_of(each)


def _names(node: Node) -> Iterator[str]:
    if node.type in {"lexical_declaration", "variable_declaration"}:
        yield from (text_of(part(each, "name")) for each in parts(node))
    else:
        yield text_of(part(node, "name"))


@dataclass(frozen=True)
class Type:
    """A type as it is written, in which file, and what its parameters stand for."""

    node: Node
    path: str
    given: Mapping[str, Type] = field(default_factory=dict)


class Types:
    """The types of one tree."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def of(self, path: str) -> Declared | None:
        """What a file declares."""
        text = self.program.texts.get(path)
        return declared_in(text, path) if text is not None else None

    def find(self, name: str, path: str, depth: int = 0) -> tuple[str, Node] | None:
        """The file and the declaration of a type, through what is imported."""
        here = self.of(path)
        if here is None or depth > 6:
            return None
        if name in here.types:
            return path, here.types[name]
        if name in here.imports:
            spec, there = here.imports[name]
            place = self.place(spec, path)
            return self.find(there, place, depth + 1) if place is not None else None
        for spec in here.stars:
            place = self.place(spec, path)
            found = self.find(name, place, depth + 1) if place is not None else None
            if found is not None:
                return found
        return None

    def place(self, spec: str, path: str) -> str | None:
        """The file that an import names."""
        module = self.program.module(path)
        return self.program.place_of(spec, module) if module is not None else None

    def fields(self, wanted: Type, depth: int = 0) -> list[tuple[str, Type, bool]]:
        """The fields of an object type with what it extends: name, type, and whether it may be left out."""
        node = wanted.node
        if depth > 6:
            return []
        if node.type in {"object_type", "interface_body"}:
            return [found for each in parts(node) if (found := _field(each, wanted)) is not None]
        if node.type == "interface_declaration":
            above: list[tuple[str, Type, bool]] = []
            for each in parts(node):
                if each.type == "extends_type_clause":
                    for one in parts(each):
                        above += self.fields(Type(one, wanted.path, wanted.given), depth + 1)
            body = part(node, "body")
            own = self.fields(Type(body, wanted.path, wanted.given), depth + 1) if body is not None else []
            names = {name for name, _, _ in own}
            return [*(each for each in above if each[0] not in names), *own]
        if node.type == "intersection_type":
            return [
                one for each in parts(node) for one in self.fields(Type(each, wanted.path, wanted.given), depth + 1)
            ]
        meant = self.meant(wanted)
        return self.fields(meant, depth + 1) if meant is not None else []

    def meant(self, wanted: Type) -> Type | None:
        """What a name of a type stands for: the declaration, or the type of an alias; None for what is not known."""
        node = wanted.node
        name, arguments = node, []
        if node.type == "generic_type":
            named = part(node, "name")
            if named is None:
                return None
            name, arguments = named, parts(part(node, "type_arguments"))
        if name.type not in {"type_identifier", "identifier"}:
            return None
        said = text_of(name)
        if said in wanted.given:
            return wanted.given[said]
        found = self.find(said, wanted.path)
        if found is None:
            return None
        path, declaration = found
        names = [text_of(part(each, "name")) for each in parts(part(declaration, "type_parameters"))]
        given = {each: Type(node, wanted.path, wanted.given) for each, node in zip(names, arguments, strict=False)}
        if declaration.type == "type_alias_declaration":
            value = part(declaration, "value")
            return Type(value, path, given) if value is not None else None
        return Type(declaration, path, given)


def _field(node: Node, around: Type) -> tuple[str, Type, bool] | None:
    if node.type == "property_signature":
        kind = part(node, "type")
        name = text_of(part(node, "name")).strip("\"'")
        optional = any(each.type == "?" for each in node.children)
        return (name, Type(parts(kind)[0], around.path, around.given), optional) if kind is not None else None
    if node.type == "method_signature":
        optional = any(each.type == "?" for each in node.children)
        return text_of(part(node, "name")), Type(node, around.path, around.given), optional
    return None


def note_of(parameter: Node) -> Node | None:
    """The type that is written at a parameter, field or variable."""
    kind = part(parameter, "type")
    return parts(kind)[0] if kind is not None and parts(kind) else None
