"""Text to tree, and whether a text parses at all."""

from functools import lru_cache
from threading import local

from tree_sitter import Language, Node, Parser, Tree

from coroom.syntax.languages import GRAMMARS, Grammar, grammar_of

_CACHED_TREES = 64
_own = local()


_GRAMMARS = {grammar.name: grammar for grammar in GRAMMARS}


def _parser(grammar: Grammar) -> Parser:
    parsers: dict[str, Parser] = _own.__dict__.setdefault("parsers", {})
    if grammar.name not in parsers:
        parsers[grammar.name] = Parser(Language(grammar.load()))
    return parsers[grammar.name]


@lru_cache(maxsize=_CACHED_TREES)
def _parse(text: bytes, language: str) -> Tree:
    return _parser(_GRAMMARS[language]).parse(text)


def tree_of(text: bytes, path: str) -> Node | None:
    """The root node of `text`, or None when the language is not one we parse.

    Trees of the last texts are kept, so asking again for the same text is free.
    """
    grammar = grammar_of(path)
    return None if grammar is None else _parse(text, grammar.name).root_node


def parses(text: bytes | str, path: str) -> bool | None:
    """Whether `text` has no syntax error in the language of `path`; None when that language is not known."""
    raw = text.encode() if isinstance(text, str) else text
    root = tree_of(raw, path)
    if root is None or root.has_error:
        return None if root is None else False
    grammar = grammar_of(path)
    return grammar is None or grammar.name != "python" or _is_even(root)


def _is_even(root: Node) -> bool:
    """Whether the statements of each Python block share one margin; the grammar itself forgives a wrong one."""
    stack = [root]
    while stack:
        node = stack.pop()
        children = node.named_children
        if node.type in {"block", "module"}:
            rows: dict[int, int] = {}
            for each in children:
                if each.type != "comment":
                    rows.setdefault(each.start_point[0], each.start_point[1])
            if node.type == "block" and node.parent is not None and node.start_point[0] == node.parent.start_point[0]:
                rows.pop(node.start_point[0], None)
            if len(set(rows.values())) > 1:
                return False
        stack.extend(each for each in children if each.type in _HOLDERS)
    return True


_HOLDERS = frozenset(
    {"block", "decorated_definition", "function_definition", "class_definition", "if_statement", "elif_clause"}
    | {"else_clause", "for_statement", "while_statement", "try_statement", "except_clause", "except_group_clause"}
    | {"finally_clause", "with_statement", "match_statement", "case_clause"}
)


def first_error(text: bytes, path: str) -> int:
    """The line, from 1, of the first syntax error in `text`; 1 when there is none."""
    node = tree_of(text, path)
    while node is not None and node.has_error and not (node.is_error or node.is_missing):
        inner = next((each for each in node.children if each.has_error or each.is_missing), None)
        if inner is None:
            break
        node = inner
    return node.start_point[0] + 1 if node is not None else 1
