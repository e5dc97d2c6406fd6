"""The only files that know tree-sitter: parsing, definitions and references, by language."""

from coroom.syntax.additive import Element, Import, Literal, imports_in, literal_at
from coroom.syntax.definitions import MODULE, Definition, definitions, every, symbols_touched
from coroom.syntax.imported import Imported
from coroom.syntax.inventory import (
    INVENTORY_VERSION,
    Inventory,
    ScopedCall,
    Symbol,
    Use,
    inventory_of,
    inventory_without_calls,
)
from coroom.syntax.languages import grammar_of
from coroom.syntax.modules import Class, Function, Module, module_of
from coroom.syntax.parse import first_error, parses
from coroom.syntax.references import Facts, facts_of
from coroom.syntax.script_scopes import Named, ScriptNames, script_names
from coroom.syntax.signatures import Call, Parameter, fits, means_the_same
from coroom.syntax.terms import Term, not_nested, shown, walk

__all__ = [
    "INVENTORY_VERSION",
    "MODULE",
    "Call",
    "Class",
    "Definition",
    "Element",
    "Facts",
    "Function",
    "Import",
    "Imported",
    "Inventory",
    "Literal",
    "Module",
    "Named",
    "Parameter",
    "ScopedCall",
    "ScriptNames",
    "Symbol",
    "Term",
    "Use",
    "definitions",
    "every",
    "facts_of",
    "first_error",
    "fits",
    "grammar_of",
    "imports_in",
    "inventory_of",
    "inventory_without_calls",
    "literal_at",
    "means_the_same",
    "module_of",
    "not_nested",
    "parses",
    "script_names",
    "shown",
    "symbols_touched",
    "walk",
]
