"""Lists that grow: import statements, and literals with their elements."""

from tree_sitter import Node

from coroom.core.quick import dataclass
from coroom.syntax.languages import Grammar, grammar_of
from coroom.syntax.parse import tree_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One import statement that fills its lines; `names` are those it picks out of a module, none when it takes all."""

    key: str
    line: bytes
    names: tuple[bytes, ...]
    binds: tuple[str, ...]
    names_span: tuple[int, int]

    def with_names(self, names: list[bytes]) -> bytes:
        """The statement with other names, in its own layout."""
        start, end = self.names_span
        shown = self.line[start:end]
        row = shown.find(b"\n")
        indent = shown[row:][: len(shown[row:]) - len(shown[row:].lstrip())] if row >= 0 else b" "
        return self.line[:start] + (b"," + indent).join(names) + self.line[end:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One element of a literal; `start` and `end` count from the literal's start, `separator` stands before it."""

    text: bytes
    key: bytes
    start: int
    end: int
    separator: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A bracketed literal at `start` to `end` of a text; `frame` is what its lines hold besides it."""

    start: int
    end: int
    text: bytes
    frame: tuple[bytes, bytes]
    comments: tuple[bytes, ...]
    elements: tuple[Element, ...]


def imports_in(lines: bytes, path: str) -> tuple[Import, ...] | None:
    """The imports that make up these lines; None when anything else is among them."""
    grammar = grammar_of(path)
    if grammar is None:
        return None
    head, foot = (b"package x\nimport (\n", b"\n)\n") if grammar.name == "go" else (b"", b"")
    text = head + lines + foot
    root = tree_of(text, path)
    if root is None or root.has_error:
        return None
    nodes = root.named_children
    if grammar.name == "go":
        listed = nodes[1].named_children
        nodes = listed[0].named_children if listed and listed[0].type == "import_spec_list" else []
    found = [_import(node, text, grammar) for node in nodes]
    shown = b"".join(each.line for each in found if each is not None)
    whole = None not in found and b"".join(shown.split()) == b"".join(lines.split())
    return tuple(each for each in found if each is not None) if whole else None


def _import(node: Node, text: bytes, grammar: Grammar) -> Import | None:
    if node.type not in grammar.imports:
        return None
    start = text.rfind(b"\n", 0, node.start_byte) + 1
    end = text.find(b"\n", max(node.end_byte - 1, 0)) + 1 or len(text)
    line = text[start:end]
    picked, module = _picked(node, grammar)
    if not picked:
        return Import(key=_plain(node), line=line, names=(), binds=_whole_binds(node, grammar), names_span=(0, 0))
    return Import(
        key=f"from {module}",
        line=line,
        names=tuple(each.text or b"" for each in picked),
        binds=tuple(_plain(each).split()[-1] for each in picked),
        names_span=(picked[0].start_byte - start, picked[-1].end_byte - start),
    )


def _picked(node: Node, grammar: Grammar) -> tuple[list[Node], str]:
    if grammar.name == "python" and node.type != "import_statement":
        module = node.child_by_field_name("module_name")
        return node.children_by_field_name("name"), _plain(module) if module is not None else "__future__"
    if node.type == "import_statement" and len(node.named_children) == 2:
        clause, source = node.named_children
        if clause.type == "import_clause" and [each.type for each in clause.named_children] == ["named_imports"]:
            specifiers = clause.named_children[0].named_children
            kind = "type " if any(each.type == "type" for each in node.children) else ""
            return [each for each in specifiers if each.type == "import_specifier"], kind + _plain(source)
    return [], ""


def _whole_binds(node: Node, grammar: Grammar) -> tuple[str, ...]:
    if grammar.name == "python":
        named = [(each.child_by_field_name("alias") or each, each) for each in node.named_children]
        return tuple(_plain(alias) for alias, _ in named)
    clause = next((each for each in node.named_children if each.type == "import_clause"), None)
    return (_plain(clause) if clause is not None else _plain(node),)


def literal_at(text: bytes, path: str, start: int, end: int) -> Literal | None:
    """The innermost literal around a stretch of `text`, or the only one in it."""
    grammar, root = grammar_of(path), tree_of(text, path)
    if grammar is None or root is None:
        return None
    stretch = text[start:end]
    inner_start = start + len(stretch) - len(stretch.lstrip())
    inner_end = max(inner_start, start + len(stretch.rstrip()))
    node = root.descendant_for_byte_range(inner_start, inner_end)
    while node is not None and not (node.type in grammar.collections and _holds(node, inner_start, inner_end)):
        node = node.parent
    if node is None:
        node = _only(root, grammar, start, end)
    if node is None or (node.type == "tuple" and not _is_constant(node)):
        return None
    return _literal(node, text, grammar)


def _holds(node: Node, start: int, end: int) -> bool:
    return node.start_byte < start and end < node.end_byte + (start == end)


def _only(root: Node, grammar: Grammar, start: int, end: int) -> Node | None:
    """The one outermost literal within a stretch."""
    found: list[Node] = []
    stack = [root]
    while stack:
        node = stack.pop()
        if node.end_byte <= start or node.start_byte >= end:
            continue
        if node.type in grammar.collections and start <= node.start_byte and node.end_byte <= end:
            found.append(node)
        else:
            stack.extend(node.named_children)
    return found[0] if len(found) == 1 else None


def _is_constant(node: Node) -> bool:
    """Whether a tuple is the value of an assignment outside functions, where its length means nothing."""
    above = node.parent
    if above is None or above.type != "assignment":
        return False
    while above is not None and above.type != "function_definition":
        above = above.parent
    return above is None


def _literal(node: Node, text: bytes, grammar: Grammar) -> Literal | None:
    members = node.named_children
    comments = tuple(each.text or b"" for each in members if "comment" in each.type)
    found: list[Element] = []
    edge = node.start_byte + 1
    for each in members:
        if "comment" in each.type:
            continue
        if each.type.endswith(("comprehension", "for_in_clause")):
            return None
        key = each.child_by_field_name(grammar.pairs.get(each.type, "")) if each.type in grammar.pairs else None
        gap = text[edge : each.start_byte]
        row = gap.rfind(b"\n")
        found.append(
            Element(
                text=each.text or b"",
                key=(key or each).text or b"",
                start=each.start_byte - node.start_byte,
                end=each.end_byte - node.start_byte,
                separator=b"," + (gap[row:] if row >= 0 else b" "),
            )
        )
        edge = each.end_byte
    first = text.rfind(b"\n", 0, node.start_byte) + 1
    last = text.find(b"\n", node.end_byte)
    return Literal(
        start=node.start_byte,
        end=node.end_byte,
        text=node.text or b"",
        frame=(text[first : node.start_byte], text[node.end_byte : last if last >= 0 else len(text)]),
        comments=comments,
        elements=tuple(found),
    )


def _plain(node: Node) -> str:
    return " ".join((node.text or b"").decode(errors="replace").split())
