"""JavaScript and TypeScript as terms."""

from tree_sitter import Node

from coroom.syntax.script_declarations import DECLARATIONS
from coroom.syntax.script_expressions import EXPRESSIONS
from coroom.syntax.script_reader import Reader
from coroom.syntax.script_statements import STATEMENTS
from coroom.syntax.terms import Term

_STEPS = {**EXPRESSIONS, **STATEMENTS, **DECLARATIONS}


def script_terms(root: Node) -> Term:
    """The module as one block."""
    return Reader(_STEPS).block(root)
