"""What differs between languages, as tables: node types, field names, and how a definition shows."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import tree_sitter_go
import tree_sitter_java
import tree_sitter_javascript
import tree_sitter_python
import tree_sitter_rust
import tree_sitter_typescript

Fields = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """One language's tables.

    `definitions` maps a node type to the kind of thing it defines; `containers` are the kinds whose bodies hold
    further definitions with order of no meaning; `wrappers` are node types around a definition (decorators, export);
    `leaders` are sibling node types that belong to the definition that follows them. `binds` maps a node type to the
    fields in which identifiers are declared (an empty tuple: everywhere beneath). `collections` are the bracketed
    nodes whose elements may be added by two sides without meeting.
    """

    name: str
    extensions: Fields
    load: Callable[[], object]
    definitions: Mapping[str, str]
    containers: frozenset[str] = frozenset({"class", "interface", "impl", "module", "trait"})
    wrappers: frozenset[str] = frozenset()
    leaders: frozenset[str] = frozenset({"comment"})
    identifiers: frozenset[str] = frozenset({"identifier"})
    binds: Mapping[str, Fields] = field(default_factory=dict)
    imports: frozenset[str] = frozenset()
    calls: Mapping[str, str] = field(default_factory=dict)
    collections: frozenset[str] = frozenset()
    pairs: Mapping[str, str] = field(default_factory=dict)
    strings: frozenset[str] = frozenset({"string"})


PYTHON = Grammar(
    name="python",
    extensions=(".py", ".pyi", ".pyw"),
    load=tree_sitter_python.language,
    definitions={"function_definition": "function", "class_definition": "class"},
    wrappers=frozenset({"decorated_definition"}),
    imports=frozenset({"import_statement", "import_from_statement", "future_import_statement"}),
    calls={"call": "function"},
    collections=frozenset({"list", "dictionary", "set", "tuple"}),
    pairs={"pair": "key"},
)

_SCRIPT_DEFINITIONS = {
    "function_declaration": "function",
    "generator_function_declaration": "function",
    "class_declaration": "class",
    "method_definition": "function",
    "lexical_declaration": "function",
}
_SCRIPT_BINDS: dict[str, Fields] = {
    "variable_declarator": ("name",),
    "function_declaration": ("name",),
    "generator_function_declaration": ("name",),
    "function_expression": ("name",),
    "class_declaration": ("name",),
    "class": ("name",),
    "formal_parameters": (),
    "arrow_function": ("parameter",),
    "catch_clause": ("parameter",),
    "for_in_statement": ("left",),
    "import_clause": (),
    "labeled_statement": ("label",),
}

JAVASCRIPT = Grammar(
    name="javascript",
    extensions=(".js", ".jsx", ".mjs", ".cjs"),
    load=tree_sitter_javascript.language,
    definitions=_SCRIPT_DEFINITIONS,
    wrappers=frozenset({"export_statement"}),
    leaders=frozenset({"comment", "decorator"}),
    identifiers=frozenset({"identifier", "shorthand_property_identifier", "shorthand_property_identifier_pattern"}),
    binds=_SCRIPT_BINDS,
    imports=frozenset({"import_statement"}),
    calls={"call_expression": "function", "new_expression": "constructor"},
    collections=frozenset({"array", "object", "named_imports"}),
    pairs={"pair": "key"},
)

_TYPED_DEFINITIONS = {
    **_SCRIPT_DEFINITIONS,
    "abstract_class_declaration": "class",
    "interface_declaration": "interface",
    "type_alias_declaration": "type",
    "enum_declaration": "type",
    "internal_module": "module",
    "function_signature": "function",
    "method_signature": "function",
    "abstract_method_signature": "function",
}
_TYPED_BINDS: dict[str, Fields] = {
    **_SCRIPT_BINDS,
    "abstract_class_declaration": ("name",),
    "interface_declaration": ("name",),
    "type_alias_declaration": ("name",),
    "enum_declaration": ("name",),
    "internal_module": ("name",),
    "function_signature": ("name",),
    "type_parameter": ("name",),
    "mapped_type_clause": ("name",),
    "required_parameter": ("pattern",),
    "optional_parameter": ("pattern",),
    "rest_pattern": (),
    "infer_type": (),
    "type_predicate": ("name",),
}
del _TYPED_BINDS["formal_parameters"]

TYPESCRIPT = Grammar(
    name="typescript",
    extensions=(".ts", ".mts", ".cts"),
    load=tree_sitter_typescript.language_typescript,
    definitions=_TYPED_DEFINITIONS,
    wrappers=frozenset({"export_statement", "ambient_declaration", "expression_statement"}),
    leaders=frozenset({"comment", "decorator"}),
    identifiers=JAVASCRIPT.identifiers | {"type_identifier"},
    binds=_TYPED_BINDS,
    imports=frozenset({"import_statement"}),
    calls=JAVASCRIPT.calls,
    collections=JAVASCRIPT.collections,
    pairs={"pair": "key"},
)

TSX = Grammar(
    name="tsx",
    extensions=(".tsx",),
    load=tree_sitter_typescript.language_tsx,
    definitions=TYPESCRIPT.definitions,
    wrappers=TYPESCRIPT.wrappers,
    leaders=TYPESCRIPT.leaders,
    identifiers=TYPESCRIPT.identifiers,
    binds=TYPESCRIPT.binds,
    imports=TYPESCRIPT.imports,
    calls=TYPESCRIPT.calls,
    collections=TYPESCRIPT.collections,
    pairs=TYPESCRIPT.pairs,
)

GO = Grammar(
    name="go",
    extensions=(".go",),
    load=tree_sitter_go.language,
    definitions={
        "function_declaration": "function",
        "method_declaration": "function",
        "type_declaration": "type",
    },
    identifiers=frozenset({"identifier", "type_identifier", "package_identifier"}),
    binds={
        "short_var_declaration": ("left",),
        "var_spec": ("name",),
        "const_spec": ("name",),
        "parameter_declaration": ("name",),
        "variadic_parameter_declaration": ("name",),
        "function_declaration": ("name",),
        "method_declaration": ("receiver",),
        "type_spec": ("name",),
        "type_alias": ("name",),
        "type_parameter_declaration": ("name",),
        "range_clause": ("left",),
        "receive_statement": ("left",),
        "type_switch_statement": ("alias",),
        "package_clause": (),
        "import_spec": ("name",),
        "labeled_statement": ("label",),
    },
    imports=frozenset({"import_declaration", "import_spec"}),
    calls={"call_expression": "function"},
    collections=frozenset({"literal_value"}),
    pairs={"keyed_element": "key"},
    strings=frozenset({"interpreted_string_literal", "raw_string_literal"}),
)

RUST = Grammar(
    name="rust",
    extensions=(".rs",),
    load=tree_sitter_rust.language,
    definitions={
        "function_item": "function",
        "function_signature_item": "function",
        "struct_item": "type",
        "enum_item": "type",
        "union_item": "type",
        "type_item": "type",
        "trait_item": "trait",
        "impl_item": "impl",
        "mod_item": "module",
        "macro_definition": "macro",
    },
    leaders=frozenset({"line_comment", "block_comment", "attribute_item"}),
    identifiers=frozenset({"identifier", "type_identifier", "shorthand_field_identifier"}),
    binds={
        "let_declaration": ("pattern",),
        "parameter": ("pattern",),
        "function_item": ("name",),
        "function_signature_item": ("name",),
        "struct_item": ("name",),
        "enum_item": ("name",),
        "enum_variant": ("name",),
        "union_item": ("name",),
        "type_item": ("name",),
        "trait_item": ("name",),
        "mod_item": ("name",),
        "macro_definition": ("name",),
        "const_item": ("name",),
        "static_item": ("name",),
        "associated_type": ("name",),
        "type_parameter": ("name",),
        "const_parameter": ("name",),
        "use_declaration": (),
        "extern_crate_declaration": (),
        "closure_parameters": (),
        "for_expression": ("pattern",),
        "let_condition": ("pattern",),
        "match_pattern": (),
        "macro_rule": (),
    },
    imports=frozenset({"use_declaration"}),
    calls={"call_expression": "function"},
    collections=frozenset({"use_list", "array_expression"}),
    strings=frozenset({"string_literal"}),
)

JAVA = Grammar(
    name="java",
    extensions=(".java",),
    load=tree_sitter_java.language,
    definitions={
        "class_declaration": "class",
        "interface_declaration": "interface",
        "enum_declaration": "type",
        "record_declaration": "class",
        "annotation_type_declaration": "type",
        "method_declaration": "function",
        "constructor_declaration": "function",
    },
    leaders=frozenset({"line_comment", "block_comment"}),
    identifiers=frozenset({"identifier", "type_identifier"}),
    binds={
        "variable_declarator": ("name",),
        "formal_parameter": ("name",),
        "spread_parameter": (),
        "catch_formal_parameter": ("name",),
        "class_declaration": ("name",),
        "interface_declaration": ("name",),
        "enum_declaration": ("name",),
        "record_declaration": ("name",),
        "annotation_type_declaration": ("name",),
        "method_declaration": ("name",),
        "constructor_declaration": ("name",),
        "enum_constant": ("name",),
        "import_declaration": (),
        "package_declaration": (),
        "lambda_expression": ("parameters",),
        "inferred_parameters": (),
        "enhanced_for_statement": ("name",),
        "resource": ("name",),
        "instanceof_expression": ("name",),
        "type_parameter": (),
        "type_pattern": (),
        "record_pattern": (),
        "labeled_statement": (),
    },
    imports=frozenset({"import_declaration"}),
    calls={"method_invocation": "name", "object_creation_expression": "type"},
    collections=frozenset({"array_initializer", "element_value_array_initializer"}),
    strings=frozenset({"string_literal"}),
)

GRAMMARS = (PYTHON, JAVASCRIPT, TYPESCRIPT, TSX, GO, RUST, JAVA)
_BY_EXTENSION = {extension: grammar for grammar in GRAMMARS for extension in grammar.extensions}


_TEST = re.compile(
    r"(^|/)(tests?|__tests__|specs?)/|(^|/)tests?_[^/]*$|_test\.\w+$|\.(test|spec)\.\w+$"
    r"|(^|[/_])spec\.[cm]?[jt]sx?$|(^|/)test\.[cm]?[jt]sx?$|(^|/)conftest\.py$"
)


def is_test(path: str) -> bool:
    """Whether a file holds tests, by its path below the root: by its name, or by a directory of tests alone."""
    return _TEST.search(path) is not None


def grammar_of(path: str) -> Grammar | None:
    """The language of a file by its name, or None when it is not one we parse."""
    name = path.rsplit("/", 1)[-1].lower()
    dot = name.rfind(".")
    return _BY_EXTENSION.get(name[dot:]) if dot > 0 else None
