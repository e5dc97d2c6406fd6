"""The only files that know tree-sitter: parsing, definitions and references, by language."""

from coroom.syntax.additive import Element, Import, Literal, imports_in, literal_at
from coroom.syntax.definitions import MODULE, Definition, definitions, every, symbols_touched
from coroom.syntax.imported import Imported
from coroom.syntax.inventory import Inventory, ScopedCall, Symbol, Use, inventory_of
from coroom.syntax.languages import grammar_of
from coroom.syntax.parse import first_error, parses
from coroom.syntax.references import Facts, facts_of
from coroom.syntax.signatures import Call, Parameter, fits, means_the_same

__all__ = [
    "MODULE",
    "Call",
    "Definition",
    "Element",
    "Facts",
    "Import",
    "Imported",
    "Inventory",
    "Literal",
    "Parameter",
    "ScopedCall",
    "Symbol",
    "Use",
    "definitions",
    "every",
    "facts_of",
    "first_error",
    "fits",
    "grammar_of",
    "imports_in",
    "inventory_of",
    "literal_at",
    "means_the_same",
    "parses",
    "symbols_touched",
]
