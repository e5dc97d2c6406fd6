"""Python's scopes: which names are bound where, and which uses find no binding."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tree_sitter import Node


@dataclass(slots=True)
class _Scope:
    name: str
    kind: str
    parent: "_Scope | None"
    bound: set[str] = field(default_factory=set)
    used: dict[str, int] = field(default_factory=dict)


class PythonWalk:
    """One pass over a module: bindings and uses by scope."""

    def __init__(self, root: Node) -> None:
        self.wildcard = False
        self.imported: dict[str, set[str]] = {}
        self.assigned: Counter[tuple[str, str]] = Counter()
        self.fields: set[str] = set()
        self._module = _Scope("", "module", None)
        self._scopes = [self._module]
        self._stack: list[tuple[Node, _Scope]] = [(root, self._module)]
        self._steps: dict[str, Callable[[Node, _Scope], None]] = {
            "identifier": self._identifier,
            "function_definition": self._function,
            "lambda": self._lambda,
            "class_definition": self._class,
            "assignment": self._assignment,
            "augmented_assignment": self._assignment,
            "named_expression": self._named,
            "for_statement": self._for,
            "for_in_clause": self._for,
            "as_pattern": self._as,
            "import_statement": self._import,
            "import_from_statement": self._import,
            "global_statement": self._global,
            "nonlocal_statement": self._global,
            "case_pattern": self._case,
            "attribute": self._attribute,
            "keyword_argument": self._keyword,
            "type_parameter": self._case,
        }
        while self._stack:
            node, scope = self._stack.pop()
            step = self._steps.get(node.type)
            if step is not None:
                step(node, scope)
            else:
                self._push(node.named_children, scope)

    def unbound(self) -> dict[str, int]:
        """Names used where no binding of them can be seen, each with the first line of such a use."""
        found: dict[str, int] = {}
        for scope in self._scopes:
            for name, line in scope.used.items():
                if not self._visible(scope, name):
                    found[name] = min(line, found.get(name, line))
        return found

    @staticmethod
    def _visible(scope: _Scope, name: str) -> bool:
        if name in scope.bound:
            return True
        outer = scope.parent
        while outer is not None:
            if outer.kind != "class" and name in outer.bound:
                return True
            outer = outer.parent
        return False

    def _push(self, nodes: list[Node], scope: _Scope) -> None:
        self._stack.extend((node, scope) for node in reversed(nodes))

    def _inner(self, name: str, kind: str, parent: _Scope) -> _Scope:
        scope = _Scope(f"{parent.name}.{name}" if parent.name else name, kind, parent)
        self._scopes.append(scope)
        return scope

    def _identifier(self, node: Node, scope: _Scope) -> None:
        scope.used.setdefault(_text(node), node.start_point[0] + 1)

    def _function(self, node: Node, scope: _Scope) -> None:
        name = _text(node.child_by_field_name("name"))
        scope.bound.add(name)
        inner = self._inner(name, "function", scope)
        if any(self._is_type_parameters(each) for each in node.named_children):
            self._push([each for each in node.named_children if self._is_type_parameters(each)], inner)
        self._parameters(node.child_by_field_name("parameters"), inner, scope)
        self._child(node, "return_type", inner)
        self._child(node, "body", inner)

    def _lambda(self, node: Node, scope: _Scope) -> None:
        inner = self._inner("<lambda>", "function", scope)
        self._parameters(node.child_by_field_name("parameters"), inner, scope)
        self._child(node, "body", inner)

    def _class(self, node: Node, scope: _Scope) -> None:
        name = _text(node.child_by_field_name("name"))
        scope.bound.add(name)
        inner = self._inner(name, "class", scope)
        self._push([each for each in node.named_children if self._is_type_parameters(each)], inner)
        self._child(node, "superclasses", inner)
        self._child(node, "body", inner)

    @staticmethod
    def _is_type_parameters(node: Node) -> bool:
        return node.type == "type_parameter"

    def _child(self, node: Node, name: str, scope: _Scope) -> None:
        child = node.child_by_field_name(name)
        if child is not None:
            self._stack.append((child, scope))

    def _parameters(self, listed: Node | None, inner: _Scope, outer: _Scope) -> None:
        for each in listed.named_children if listed is not None else ():
            value, kind = each.child_by_field_name("value"), each.child_by_field_name("type")
            self._push([part for part in (value, kind) if part is not None], outer)
            named = each.child_by_field_name("name") or (
                each.named_children[0] if each.type == "typed_parameter" else each
            )
            inner.bound.update(_identifiers(named))

    def _assignment(self, node: Node, scope: _Scope) -> None:
        left = node.child_by_field_name("left")
        if left is not None:
            self._bind(left, scope)
            if node.type == "assignment" and left.type == "identifier" and scope.kind != "function" and _plain(node):
                self.assigned[scope.name, _text(left)] += 1
        self._child(node, "right", scope)
        self._child(node, "type", scope)

    def _named(self, node: Node, scope: _Scope) -> None:
        self._child(node, "name", scope)
        scope.bound.update(_identifiers(node.child_by_field_name("name")))
        self._child(node, "value", scope)

    def _for(self, node: Node, scope: _Scope) -> None:
        left = node.child_by_field_name("left")
        if left is not None:
            self._bind(left, scope)
        self._push([each for each in node.named_children if each != left], scope)

    def _as(self, node: Node, scope: _Scope) -> None:
        for each in node.named_children:
            if each.type == "as_pattern_target":
                for target in each.named_children:
                    self._bind(target, scope)
            elif each.type == "identifier" and each != node.named_children[0]:
                scope.bound.add(_text(each))
            else:
                self._stack.append((each, scope))

    def _import(self, node: Node, scope: _Scope) -> None:
        module = _text(node.child_by_field_name("module_name"))
        if any(each.type == "wildcard_import" for each in node.named_children):
            self.wildcard = True
        for each in node.children_by_field_name("name"):
            source = each.child_by_field_name("name") or each
            alias = each.child_by_field_name("alias")
            local = _text(alias) if alias is not None else _text(source)
            local = local if module or alias is not None else local.split(".")[0]
            origin = f"{module}:{_text(source)}" if module else _text(source) if alias is not None else local
            scope.bound.add(local)
            if scope.kind == "module" and _plain(node):
                self.imported.setdefault(local, set()).add(origin)

    def _global(self, node: Node, scope: _Scope) -> None:
        names = [_text(each) for each in node.named_children]
        scope.bound.update(names)
        if node.type == "global_statement":
            self._module.bound.update(names)

    def _case(self, node: Node, scope: _Scope) -> None:
        scope.bound.update(_identifiers(node))

    def _attribute(self, node: Node, scope: _Scope) -> None:
        self._child(node, "object", scope)

    def _keyword(self, node: Node, scope: _Scope) -> None:
        self._child(node, "value", scope)

    def _bind(self, target: Node, scope: _Scope) -> None:
        if target.type == "identifier":
            scope.bound.add(_text(target))
            if scope.kind == "class":
                self.fields.add(_text(target))
        elif target.type == "attribute":
            self.fields.add(_text(target.child_by_field_name("attribute")))
            self._stack.append((target, scope))
        elif target.type in _PATTERNS:
            for each in target.named_children:
                self._bind(each, scope)
        else:
            self._stack.append((target, scope))


_PATTERNS = frozenset(
    {"pattern_list", "tuple_pattern", "list_pattern", "list_splat_pattern", "parenthesized_expression", "tuple", "list"}
)


def _plain(node: Node) -> bool:
    """Whether a statement stands directly in a module or a class, and not under a condition."""
    above = node.parent
    if above is not None and above.type == "expression_statement":
        above = above.parent
    if above is not None and above.type == "block":
        above = above.parent
    return above is not None and above.type in {"module", "class_definition"}


def _identifiers(node: Node | None) -> list[str]:
    found: list[str] = []
    stack = [] if node is None else [node]
    while stack:
        each = stack.pop()
        if each.type == "identifier":
            found.append(_text(each))
        stack.extend(each.named_children)
    return found


def _text(node: Node | None) -> str:
    return "" if node is None else (node.text or b"").decode(errors="replace")
