"""What a text binds, uses and calls: the facts that a semantic check compares."""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache

from tree_sitter import Node

from coroom.core.quick import dataclass
from coroom.syntax.languages import Grammar, grammar_of
from coroom.syntax.parse import tree_of
from coroom.syntax.python_scopes import PythonWalk
from coroom.syntax.signatures import Call, call_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What one text says.

    `unbound` maps each name that is used but bound nowhere it could be seen from to the first line of such a use
    (built-in names are among them: only the difference of two texts means something). `wildcard` says that names
    can come from elsewhere unseen. `imported` maps a local name to where it is imported from, `assigned` counts
    assignments by scope and name, `fields` are attributes that the text defines outside `def`, `members` counts the
    attribute names it uses, `entries` counts the keys that one literal mapping gives more than once, by what
    it is assigned to.
    """

    unbound: Mapping[str, int]
    wildcard: bool
    imported: Mapping[str, frozenset[str]]
    assigned: Counter[tuple[str, str]]
    fields: frozenset[str]
    members: Counter[str]
    member_lines: Mapping[str, tuple[tuple[int, str], ...]]
    entries: Counter[tuple[str, str]]
    calls: tuple[Call, ...]


def facts_of(text: bytes, path: str) -> Facts | None:
    """The facts of a text, kept for the last texts asked for; None for an unknown language."""
    return _facts(text, path) if grammar_of(path) is not None else None


@lru_cache(maxsize=64)
def _facts(text: bytes, path: str) -> Facts:
    grammar, root = grammar_of(path), tree_of(text, path)
    assert grammar is not None
    assert root is not None
    seen = _Seen(root, grammar)
    if grammar.name == "python":
        return _python_facts(root, seen)
    declared, used = _names(root, grammar)
    return Facts(
        unbound={name: line for name, line in used.items() if name not in declared},
        wildcard=False,
        imported={},
        assigned=seen.assigned,
        fields=frozenset(seen.fields),
        members=seen.counted(),
        member_lines=seen.lines(),
        entries=seen.entries,
        calls=tuple(seen.calls),
    )


def _python_facts(root: Node, seen: "_Seen") -> Facts:
    """Python's scopes are known, so what is bound, imported and assigned is told by a walk through them."""
    walk = PythonWalk(root)
    return Facts(
        unbound=walk.unbound(),
        wildcard=walk.wildcard,
        imported={name: frozenset(origins) for name, origins in walk.imported.items()},
        assigned=Counter(walk.assigned),
        fields=frozenset(walk.fields),
        members=seen.counted(),
        member_lines=seen.lines(),
        entries=seen.entries,
        calls=tuple(seen.calls),
    )


class _Seen:
    """What one pass over a tree sees, whatever its language."""

    def __init__(self, root: Node, grammar: Grammar) -> None:
        self.calls: list[Call] = []
        self.entries: Counter[tuple[str, str]] = Counter()
        self.fields: set[str] = set()
        self.assigned: Counter[tuple[str, str]] = Counter()
        self._members: dict[str, list[tuple[int, str]]] = {}
        for node in _walk(root):
            self._see(node, grammar)

    def _see(self, node: Node, grammar: Grammar) -> None:
        kind = node.type
        if kind in grammar.calls:
            call = call_of(node, grammar)
            self.calls += [call] if call is not None else []
        if kind in _MEMBERS:
            for name, line, holder in _member(node):
                self._members.setdefault(name, []).append((line, holder))
        elif kind in _MAPPINGS:
            self.entries.update(_repeated(node, grammar))
        elif kind in _FIELDS:
            names = [_text(name) for name in node.children_by_field_name("name")]
            self.fields.update(names, (_text(name) for name in node.children_by_field_name("property")))
            self.assigned.update((_owner(node), name) for name in names)

    def counted(self) -> Counter[str]:
        return Counter({name: len(found) for name, found in self._members.items()})

    def lines(self) -> dict[str, tuple[tuple[int, str], ...]]:
        return {name: tuple(found) for name, found in self._members.items()}


def _walk(root: Node) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(node.named_children))


_MEMBERS = {
    "attribute": ("object", "attribute"),
    "member_expression": ("object", "property"),
    "selector_expression": ("operand", "field"),
    "field_expression": ("value", "field"),
    "field_access": ("object", "field"),
    "method_invocation": ("object", "name"),
}


def _member(node: Node) -> Iterator[tuple[str, int, str]]:
    fields = _MEMBERS[node.type]
    holder, member = node.child_by_field_name(fields[0]), node.child_by_field_name(fields[1])
    if holder is not None and member is not None and not _is_store(node):
        yield _text(member), member.start_point[0] + 1, _text(holder)


def _is_store(node: Node) -> bool:
    parent = node.parent
    return parent is not None and parent.type == "assignment" and parent.child_by_field_name("left") == node


_FIELDS = frozenset(
    {"field_declaration", "public_field_definition", "field_definition", "property_signature", "method_signature"}
)


def _owner(node: Node) -> str:
    """The name of the nearest named thing around a node."""
    above = node.parent
    while above is not None:
        name = above.child_by_field_name("name")
        if name is not None:
            return _text(name)
        above = above.parent
    return ""


_MAPPINGS = frozenset({"dictionary", "object", "literal_value"})


def _repeated(node: Node, grammar: Grammar) -> Iterator[tuple[str, str]]:
    """The literal keys that a mapping gives more than once, each as often as it does."""
    keys = Counter[str]()
    for each in node.named_children:
        key = each.child_by_field_name(grammar.pairs[each.type]) if each.type in grammar.pairs else None
        if key is not None and key.type in {*grammar.strings, "identifier", "property_identifier", "integer"}:
            keys[_text(key)] += 1
    repeated = [key for key, count in keys.items() if count > 1]
    if repeated:
        target = node.parent
        owner = target.child_by_field_name("left") or target.child_by_field_name("name") if target else None
        yield from ((_text(owner) if owner is not None else "", key) for key in keys.elements() if key in repeated)


def _names(root: Node, grammar: Grammar) -> tuple[set[str], dict[str, int]]:
    """The names declared anywhere in a text, and those used anywhere with the first line of a use."""
    declared: set[str] = set()
    used: dict[str, int] = {}
    stack = [(root, False)]
    while stack:
        node, binding = stack.pop()
        kind = node.type
        if kind in grammar.identifiers:
            if binding:
                declared.add(_text(node))
            else:
                used.setdefault(_text(node), node.start_point[0] + 1)
            continue
        if kind == "import_spec":
            declared.update(_go_import(node))
        fields = grammar.binds.get(kind)
        bound = [] if not fields else [each for name in fields for each in node.children_by_field_name(name)]
        skipped = [] if binding else _skipped(node)
        inner = [each for each in node.named_children if each not in skipped]
        stack.extend((child, binding or fields == () or child in bound) for child in inner)
    return declared, used


def _go_import(node: Node) -> Iterator[str]:
    path = node.child_by_field_name("path")
    if node.child_by_field_name("name") is None and path is not None:
        parts = _text(path).strip('"').split("/")
        yield from (parts[-1], parts[-1].split(".")[0], parts[-1].rsplit("-", 1)[-1].removeprefix("go"))
        if len(parts) > 1:
            yield parts[-2]


_PATHS = {
    "scoped_identifier": "name",
    "scoped_type_identifier": "name",
    "qualified_type": "name",
    "field_access": "field",
    "nested_identifier": "property",
    "nested_type_identifier": "name",
}


def _skipped(node: Node) -> list[Node]:
    """Children that name a part of something else rather than a thing in scope."""
    field = _PATHS.get(node.type)
    if node.type == "method_invocation" and node.child_by_field_name("object") is not None:
        field = "name"
    return node.children_by_field_name(field) if field else []


def _text(node: Node) -> str:
    return (node.text or b"").decode(errors="replace")
