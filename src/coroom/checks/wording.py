"""Words that tie programs together without a name that resolves, keys, events, routes: one side no longer says them."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from coroom.checks.finding import Finding
from coroom.checks.program import Program
from coroom.checks.sides import Changed, Four, Side, Texts, functions_of, parents_in, quoted
from coroom.syntax import Module, Term, is_test, walk

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
NAMING = re.compile(r"[\w./:@-]{2,80}\Z")
_KEY = re.compile(r"[\w.:-]{3,80}\Z")
_PLAIN = frozenset(
    [
        "utf-8",
        "utf8",
        "ascii",
        "r",
        "w",
        "rb",
        "wb",
        "a",
        "__main__",
        "__init__",
        "strict",
        "replace",
        "ignore",
        "id",
        "get",
        "set",
    ]
)


def wording(four: Four) -> Iterator[Finding]:
    """Literals that one side took away, and the other newly counts on."""
    for side in four.sides:
        yield from _gone(four, side)
        yield from _gone_from_calls(four, side)


@dataclass(frozen=True, slots=True)
class Said:
    """A literal that a side newly says, with what is around it."""

    text: str
    term: Term
    around: Term | None
    above: Term | None
    changed: Changed


def new_strings(side: Side) -> Iterator[Said]:
    """The strings that a side newly says outside of its tests, documentation left out."""
    for changed in side.changed:
        if is_test(changed.module.path):
            continue
        new = {id(each) for each in changed.new_terms()}
        above = changed.above
        for each in walk(changed.term):
            around = above.get(id(each))
            fresh = each.kind == "string" and (id(each) in new or _in_new(each, above, new))
            if fresh and around is not None and around.kind != "block":
                yield Said(each.text, each, around, above.get(id(around)), changed)


def _in_new(term: Term, above: dict[int, Term], new: set[int]) -> bool:
    """Whether a literal that was said before is said in a call, comparison or entry that is new."""
    around = above.get(id(term))
    return (
        around is not None
        and around.kind in {"call", "compare", "pair", "index", "list", "tuple"}
        and id(around) in new
    )


def _mentions(texts: Texts, word: str) -> bool:
    raw = quoted(word)
    return any(any(each in text for each in raw) for path, text in texts.items() if not is_test(path))


def _gone(four: Four, side: Side) -> Iterator[Finding]:
    """A literal that the other side took out of the whole program, and that this side newly says."""
    other = side.other
    news = list(new_strings(side))
    taken = {text: ref for text, ref in _taken_out(other) if NAMING.match(text) and text not in _PLAIN} if news else {}
    for said in news if taken else ():
        if said.text in taken and not _mentions(other.tree.texts, said.text):
            ref, line = taken[said.text], said.term.line
            yield four.finding(
                side, "removed-name-used", said.changed.module.path, line, said.text,
                f'"{said.text}" is said nowhere on the other side any more', about=(ref,), sure=0.9,
            )  # fmt: skip
            return


def _gone_from_calls(four: Four, side: Side) -> Iterator[Finding]:
    """A literal that the other side gives to no function of a module any more, and this side newly to one."""
    other = side.other
    taken: dict[tuple[str, str], str] = {}
    news = list(new_strings(side))
    for path in other.paths if news else ():
        before, after = other.base.module(path), other.tree.module(path)
        if before is not None and not is_test(path):
            kept = set(_given_in(after)) if after is not None else set()
            taken.update({at: path for at in _given_in(before) if at not in kept})
    for said in news if taken else ():
        holder = callee_of(said.around, said.changed.module).partition("#")[0]
        gone_from = taken.get((holder, said.text))
        if gone_from is None or said.text in _PLAIN or _is_given(other.tree, holder, said.text):
            continue
        yield four.finding(
            side, "removed-name-used", said.changed.module.path, said.term.line, said.text,
            f'"{said.text}" is given to {holder} by nobody on the other side any more',
            about=(f"{gone_from}#",), sure=0.86,
        )  # fmt: skip
        return


def _given_in(module: Module) -> Iterator[tuple[str, str]]:
    """The literals that a module gives to functions of others, each with the module that it is given to."""
    for each in walk(module.block):
        if each.kind == "call" and len(each.parts) > 1 and each.parts[1].kind == "string":
            holder = callee_of(each, module).partition("#")[0]
            if holder and holder != "?" and NAMING.match(each.parts[1].text):
                yield holder, each.parts[1].text


def _is_given(tree: Program, holder: str, text: str) -> bool:
    raw = text.encode()
    paths = [path for path, source in tree.texts.items() if raw in source and not is_test(path)]
    modules = (tree.module(path) for path in paths)
    return any((holder, text) in _given_in(module) for module in modules if module is not None)


def _taken_out(side: Side) -> Iterator[tuple[str, str]]:
    """The strings that a side no longer says in a place where they name something."""
    for path in side.paths:
        if is_test(path):
            continue
        before, after = side.base.module(path), side.tree.module(path)
        if before is None:
            continue
        if after is not None:
            for name in names_in(before) - names_in(after):
                if len(name) > 3 and not side.defines(name):
                    yield name, f"{path}#"
        olds = Counter(text for text, _ in _naming_strings(before.block))
        news = Counter(text for text, _ in _naming_strings(after.block)) if after is not None else Counter[str]()
        for text in olds:
            if not news[text]:
                yield text, f"{path}#"


def _naming_strings(block: Term) -> Iterator[tuple[str, Term]]:
    above = parents_in(block)
    for each in walk(block):
        around = above.get(id(each))
        if each.kind == "string" and around is not None and around.kind in _NAMING_PLACES:
            yield each.text, each


_NAMING_PLACES = frozenset(
    {
        "call",
        "pair",
        "index",
        "compare",
        "assign",
        "return",
        "field",
        "keyword",
        "list",
        "tuple",
        "set",
        "parameter",
        "conditional",
    }
)


def names_in(module: Module) -> set[str]:
    """The names of functions, members, values and keys that a module writes down."""
    found = {*module.functions, *module.classes, *module.values}
    for owner in module.classes.values():
        found |= {*owner.methods, *owner.fields}
    for each in module.values.values():
        found |= {part.parts[0].text for part in walk(each) if part.kind == "pair" and part.parts[0].kind == "string"}
    for function in functions_of(module).values():
        found |= {
            part.parts[0].text for part in walk(function.body) if part.kind == "pair" and part.parts[0].kind == "string"
        }
        found |= {
            each.parts[0].parts[1].text
            for each in walk(function.body)
            if each.kind == "assign" and each.parts[0].kind == "index" and each.parts[0].parts[1].kind == "string"
        }
    return found


def words_of(name: str) -> tuple[str, ...]:
    """The words that a name is made of, in lower case: `maxRetries` and `max_retries` have the same."""
    return tuple(each.lower() for each in _WORD.findall(name))


def plain(name: str) -> str:
    """A name without what sets its words apart: the same for `isClosed` and `closed`."""
    words = [each for each in words_of(name) if each not in {"is", "get", "has"}]
    return "".join(words)


def callee_of(call: Term | None, module: Module) -> str:
    """`module#function` of what is called, where the file imports it; `?#name` of a method that sends."""
    called = call.parts[0] if call is not None and call.kind == "call" else None
    if called is None:
        return ""
    if called.kind == "name" and called.text in module.imports:
        return f"{module.imports[called.text][0]}#{called.text}"
    if called.kind == "member" and called.parts[0].kind == "name" and called.parts[0].text in module.imports:
        spec, name = module.imports[called.parts[0].text]
        return f"{spec or name}#{called.text}"
    if called.kind == "member":
        return f"?#{called.text}" if called.text in _SENDERS else ""
    return ""


_SENDERS = frozenset(
    [
        "on",
        "off",
        "once",
        "emit",
        "publish",
        "subscribe",
        "send",
        "dispatch",
        "listen",
        "trigger",
        "addEventListener",
        "dispatchEvent",
        "fire",
    ]
)
