"""What a query over a tree captures for an inventory: the tables that say which nodes bind, name, import and call."""

from collections.abc import Callable, Mapping, Sequence
from threading import local

from tree_sitter import Language, Node, Query, QueryCursor

from coroom.syntax.languages import Fields, Grammar

_own = local()


def captures_of(root: Node, grammar: Grammar) -> Mapping[str, Sequence[Node]]:
    """Nodes by what they are: `name`, `member` (after a dot), `bind`, `declare` (bind for good), `field` (of `self`),
    `import`, `inner` (functions and classes at any depth), `global`, `muted` and `quiet` (no use of a name).
    Each in the order of the text.
    """
    found = QueryCursor(_query("names", grammar, _query_text)).captures(root)
    return {word: sorted(nodes, key=_start) for word, nodes in found.items()}


def calls_of(root: Node, grammar: Grammar) -> Sequence[Node]:
    """The calls, in the order of the text."""
    return sorted(QueryCursor(_query("calls", grammar, _calls_text)).captures(root).get("call", ()), key=_start)


def _query(what: str, grammar: Grammar, text_of: Callable[[Grammar], str]) -> Query:
    queries: dict[tuple[str, str], Query] = _own.__dict__.setdefault("queries", {})
    at = (what, grammar.name)
    if at not in queries:
        queries[at] = Query(Language(grammar.load()), text_of(grammar))
    return queries[at]


def _start(node: Node) -> int:
    return node.start_byte


def _calls_text(grammar: Grammar) -> str:
    return "\n".join(f"({kind}) @call" for kind in sorted(grammar.calls))


def _query_text(grammar: Grammar) -> str:
    binds = _PYTHON_BINDS if grammar.name == "python" else grammar.binds
    parts = [f"({kind}) @name" for kind in sorted(grammar.identifiers)]
    parts += [f"({kind}) @import" for kind in sorted(_IMPORTS.get(grammar.name, grammar.imports))]
    parts += _OWN_PATTERNS[grammar.name]
    for kind, fields in binds.items():
        if kind in _NEVER_BIND:
            continue
        word = "declare" if kind in _DECLARES else "bind"
        parts += [f"({kind} {name}: (_) @{word})" for name in fields] or [f"({kind}) @{word}"]
    return "\n".join(parts)


_PYTHON_BINDS: Mapping[str, Fields] = {
    "assignment": ("left",),
    "augmented_assignment": ("left",),
    "named_expression": ("name",),
    "for_statement": ("left",),
    "for_in_clause": ("left",),
    "as_pattern_target": (),
    "parameters": (),
    "lambda_parameters": (),
    "function_definition": ("name",),
    "class_definition": ("name",),
    "case_pattern": (),
}
_DECLARES = frozenset(
    {"assignment", "variable_declarator", "var_spec", "const_spec", "const_item", "static_item", "enum_variant"}
    | {"enum_constant"}
)
# What these bind is told by the inventory's imports, or is nobody's name.
_NEVER_BIND = frozenset(
    {"import_clause", "import_declaration", "import_spec", "use_declaration", "package_clause", "package_declaration"}
    | {"extern_crate_declaration", "macro_rule"}
)
_IMPORTS: Mapping[str, frozenset[str]] = {"go": frozenset({"import_spec"})}
_SCRIPT = (
    "(member_expression property: (property_identifier) @member)",
    "(import_statement) @quiet",
)
_OWN_PATTERNS: Mapping[str, Sequence[str]] = {
    "python": (
        "(attribute attribute: (identifier) @member)",
        "(assignment left: (attribute attribute: (identifier) @field))",
        "(keyword_argument name: (identifier) @muted)",
        "(function_definition) @inner",
        "(class_definition) @inner",
        "(global_statement (identifier) @global)",
    ),
    "javascript": (*_SCRIPT, "(field_definition property: (property_identifier) @declare)"),
    "typescript": (*_SCRIPT, "(public_field_definition name: (property_identifier) @declare)"),
    "tsx": (*_SCRIPT, "(public_field_definition name: (property_identifier) @declare)"),
    "go": (
        "(selector_expression field: (field_identifier) @member)",
        "(qualified_type name: (type_identifier) @member)",
        "(package_clause) @quiet",
        "(import_declaration) @quiet",
    ),
    "rust": (
        "(field_expression field: (field_identifier) @member)",
        "(scoped_identifier name: (identifier) @member)",
        "(scoped_type_identifier name: (type_identifier) @member)",
    ),
    "java": (
        "(field_access field: (identifier) @member)",
        "(method_invocation object: (_) name: (identifier) @member)",
        "(package_declaration) @quiet",
    ),
}
