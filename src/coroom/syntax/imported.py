"""What a file takes from others: each imported name with where it comes from, by language."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from tree_sitter import Node


class Imported(NamedTuple):
    """One name that a file imports.

    `local` is the name it has here, `module` what the statement names it by (dots before a Python module say how far up
    it is looked for), `name` the name that it has there: empty when the module itself is meant, `*` for all of it.
    """

    local: str
    module: str
    name: str
    line: int


def imported_by(node: Node, language: str) -> Iterator[Imported]:
    """The names that one import statement binds; nothing for a statement that cannot be read."""
    reader = _READERS.get(language)
    if reader is not None and not node.has_error:
        yield from reader(node, node.start_point[0] + 1)


def _python(node: Node, line: int) -> Iterator[Imported]:
    module = _text(node.child_by_field_name("module_name"))
    if node.type == "future_import_statement":
        return
    if any(each.type == "wildcard_import" for each in node.named_children):
        yield Imported("*", module, "*", line)
    for each in node.children_by_field_name("name"):
        source, alias = each.child_by_field_name("name") or each, each.child_by_field_name("alias")
        name = _text(source)
        if module:
            yield Imported(_text(alias) or name, module, name, line)
        else:
            yield Imported(_text(alias) or name.split(".")[0], name, "", line)


def _script(node: Node, line: int) -> Iterator[Imported]:
    module = _text(node.child_by_field_name("source")).strip("'\"`")
    for clause in node.named_children:
        for each in clause.named_children if clause.type == "import_clause" else ():
            if each.type == "identifier":
                yield Imported(_text(each), module, "default", line)
            elif each.type == "namespace_import":
                yield Imported(_text(each.named_children[-1]), module, "", line)
            elif each.type == "named_imports":
                for one in each.named_children:
                    name, alias = one.child_by_field_name("name"), one.child_by_field_name("alias")
                    if name is not None:
                        yield Imported(_text(alias) or _text(name), module, _text(name), line)


def _go(node: Node, line: int) -> Iterator[Imported]:
    if node.type == "import_spec":
        path = _text(node.child_by_field_name("path")).strip('"`')
        last = path.rsplit("/", 1)[-1]
        guess = path.split("/")[-2] if re.fullmatch(r"v\d+", last) and "/" in path else last
        yield Imported(_text(node.child_by_field_name("name")) or guess, path, "", line)


def _rust(node: Node, line: int) -> Iterator[Imported]:
    argument = node.child_by_field_name("argument")
    if argument is not None:
        for module, name, local in _rust_tree(argument, ""):
            yield Imported(local, module, name, line)


def _rust_tree(node: Node, within: str) -> Iterator[tuple[str, str, str]]:
    match node.type:
        case "use_list":
            for each in node.named_children:
                yield from _rust_tree(each, within)
        case "scoped_use_list":
            path, listed = node.child_by_field_name("path"), node.child_by_field_name("list")
            if listed is not None:
                yield from _rust_tree(listed, _joined(within, _text(path)))
        case "use_as_clause":
            module, name = _parted(_joined(within, _text(node.child_by_field_name("path"))))
            yield module, name, _text(node.child_by_field_name("alias"))
        case "use_wildcard":
            yield _joined(within, _text(node).removesuffix("::*").removesuffix("*")), "*", "*"
        case _ if "comment" not in node.type:
            module, name = _parted(_joined(within, _text(node)))
            if name == "self":
                module, name = _parted(module)
            yield module, name, name


def _joined(within: str, path: str) -> str:
    return f"{within}::{path}" if within and path else within or path


def _parted(path: str) -> tuple[str, str]:
    module, _, name = path.rpartition("::")
    return module, name


def _java(node: Node, line: int) -> Iterator[Imported]:
    words = _text(node).rstrip(";").split()
    path = "".join(words[2:] if "static" in words[:2] else words[1:])
    module, _, name = path.rpartition(".")
    if module:
        yield Imported(name, module, name, line)


_READERS: Mapping[str, Callable[[Node, int], Iterator[Imported]]] = {
    "python": _python,
    "javascript": _script,
    "typescript": _script,
    "tsx": _script,
    "go": _go,
    "rust": _rust,
    "java": _java,
}


def _text(node: Node | None) -> str:
    return "" if node is None else (node.text or b"").decode(errors="replace")
