"""The only files that know tree-sitter. Whoever needs them imports from here.

Three depths of reading, each on top of `languages` (what differs between languages, as tables) and `parse`; what was
read of the last texts is kept by `last_texts`:

- outlines, for merging: `definitions`, `signatures`, `additive` (lists that grow), `references` with `python_scopes`
  (facts that two versions are compared by)
- inventories, for planning: `inventory` (what one file defines, names, imports and calls) with `captures` and
  `imported`
- terms, for checking: `terms` (one small language for Python and scripts), read by `python_terms`, with
  `python_patterns` (of `match`), and by `script_terms`, which puts `script_reader`, `script_expressions`,
  `script_statements` and `script_declarations` together; `modules` (what a file declares, as terms); `script_scopes`
  with `script_globals` (names that are wrong in a script)
"""

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
from coroom.syntax.languages import grammar_of, is_test
from coroom.syntax.modules import Class, Function, Module, module_of
from coroom.syntax.parse import first_error, parses
from coroom.syntax.references import Facts, facts_of
from coroom.syntax.script_scopes import Named, ScriptNames, script_names
from coroom.syntax.signatures import Call, Parameter, fits, means_the_same
from coroom.syntax.terms import Term, not_nested, shown, walk

PLAIN_ENDINGS = frozenset(
    {"", "md", "rst", "txt", "json", "yaml", "yml", "toml", "cfg", "ini", "lock", "html", "css", "svg"}
)
"""Ends of names of texts that are no programs: nobody expects their language to be read."""


def is_plain(path: str) -> bool:
    """Whether a file is, by its name, a text that is no program."""
    name = path.rpartition("/")[2]
    return (name.rpartition(".")[2] if "." in name else "") in PLAIN_ENDINGS


__all__ = [
    "INVENTORY_VERSION",
    "MODULE",
    "PLAIN_ENDINGS",
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
    "is_plain",
    "is_test",
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
