"""A module of a script: what it takes from others, what it gives to them, and what it does at its top."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tree_sitter import Node

from coroom.checks.enactment.budget import CannotGoOn
from coroom.checks.enactment.script import asking, classes, expressions, flowing, loops  # noqa: F401 - they tell what they know
from coroom.checks.enactment.script.expressions import literal
from coroom.checks.enactment.script.patterns import names_in
from coroom.checks.enactment.script.reading import field, parts, statement_of, text_of, tokens
from coroom.checks.enactment.script.statements import (
    FUNCTIONS,
    NO_STATEMENTS,
    hoisted,
    lexical_names,
    open_scope,
    var_names,
)
from coroom.checks.enactment.script.values import UNDEFINED, Scope


@dataclass(frozen=True, slots=True)
class Taken:
    """What a module takes from another: names there and here; `*` there is all of it as one object.

    With `again` it gives them on without having them itself, with `star` all of them.
    """

    spec: str
    names: tuple[tuple[str, str], ...]
    again: bool = False
    star: bool = False
    only_types: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """A module, ready to be acted out. `exported` are names here and there."""

    taken: tuple[Taken, ...]
    exported: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    run: Callable[[Scope], None]


def of_module(root: Node, path: str) -> Program:
    """A module, from its tree."""
    nodes = parts(root)
    names, functions = lexical_names(nodes), hoisted(nodes, path)
    acts = [statement_of(each, path) for each in nodes if each.type not in FUNCTIONS and each.type not in NO_STATEMENTS]
    variables = var_names(root)

    declared = [*names, *(name for name, _ in functions)]
    twice = len(set(declared)) < len(declared)

    def run(scope: Scope) -> None:
        if twice:
            raise CannotGoOn("a name that is declared twice")
        scope.names.update(dict.fromkeys(variables, UNDEFINED))
        open_scope(scope, names, functions)
        for each in acts:
            scope.m.step()
            each(scope)

    return Program(
        tuple(taken for each in nodes if (taken := _taken(each)) is not None),
        tuple(pair for each in nodes if each.type == "export_statement" for pair in _exported(each)),
        (*names, *(name for name, _ in functions)),
        run,
    )


def _taken(node: Node) -> Taken | None:
    source = field(node, "source")
    if source is None or node.type not in {"import_statement", "export_statement"}:
        return None
    spec = literal(source)
    if "type" in tokens(node):
        return Taken(spec, (), only_types=True)
    if node.type == "import_statement":
        return _imported(spec, node)
    inside = next((each for each in parts(node) if each.type in {"export_clause", "namespace_export"}), None)
    if inside is None:
        return Taken(spec, (), star=True)
    if inside.type == "namespace_export":
        return Taken(spec, (("*", text_of(parts(inside)[0])),), again=True)
    return Taken(spec, tuple(_specifiers(inside)), again=True)


def _imported(spec: str, node: Node) -> Taken:
    clause = next((each for each in parts(node) if each.type == "import_clause"), None)
    found: list[tuple[str, str]] = []
    for each in parts(clause):
        if each.type == "identifier":
            found.append(("default", text_of(each)))
        elif each.type == "namespace_import":
            found.append(("*", text_of(parts(each)[0])))
        else:
            found.extend(_specifiers(each))
    return Taken(spec, tuple(found))


def _specifiers(node: Node) -> Iterator[tuple[str, str]]:
    for each in parts(node):
        if "type" not in tokens(each):
            yield text_of(field(each, "name")), text_of(field(each, "alias") or field(each, "name"))


def _exported(node: Node) -> Iterator[tuple[str, str]]:
    if field(node, "source") is not None or "type" in tokens(node):
        return
    declared = field(node, "declaration")
    name = text_of(field(declared, "name")) if declared is not None else ""
    if "default" in tokens(node):
        yield (name or "*default*", "default")
    elif declared is not None and declared.type in {"lexical_declaration", "variable_declaration"}:
        for each in parts(declared):
            target = field(each, "name")
            for one in names_in(target) if target is not None else ():
                yield one, one
    elif declared is not None and declared.type not in NO_STATEMENTS:
        yield name, name
    for each in parts(node):
        if each.type == "export_clause":
            yield from _specifiers(each)


def of_imports(root: Node) -> tuple[dict[str, tuple[str, str]], tuple[str, ...]]:
    """What a module takes from others, types among it: by its name here the module and the name there; and the modules
    of which it gives on everything.
    """
    found: dict[str, tuple[str, str]] = {}
    stars: list[str] = []
    for each in parts(root):
        source = field(each, "source")
        if source is None:
            continue
        spec = literal(source)
        if each.type == "export_statement":
            clause = next((one for one in parts(each) if one.type == "export_clause"), None)
            if clause is None:
                stars.append(spec)
            for one in parts(clause):
                there = text_of(field(one, "name"))
                found[text_of(field(one, "alias")) or there] = (spec, there)
            continue
        for one in parts(next((part for part in parts(each) if part.type == "import_clause"), None)):
            if one.type == "identifier":
                found[text_of(one)] = (spec, "default")
            for picked in parts(one) if one.type == "named_imports" else ():
                there = text_of(field(picked, "name"))
                found[text_of(field(picked, "alias")) or there] = (spec, there)
    return found, tuple(stars)
