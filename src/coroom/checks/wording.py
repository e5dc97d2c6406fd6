"""Words that tie programs together without a name that resolves: keys, events, routes, soft look-ups."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from coroom.checks.finding import Finding
from coroom.checks.sides import Changed, Four, Side, Texts, functions_of
from coroom.checks.uses import parents_in
from coroom.syntax import Module, Term, walk

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_NAMING = re.compile(r"[\w./:@-]{2,80}\Z")
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
_TEST = re.compile(r"(^|/)(tests?|__tests__|specs?)/|(^|/)test_[^/]*$|[._](test|spec)\.\w+$|(^|/)conftest\.py$")


def is_test(path: str) -> bool:
    """Whether a path is that of a test."""
    return _TEST.search(path) is not None


def wording(four: Four) -> Iterator[Finding]:
    """Literals that one side took away or spelled otherwise, and the other newly counts on."""
    for side in four.sides:
        yield from _gone(four, side)
        yield from _soft(four, side)
    yield from _spelled(four)
    yield from _channels(four)
    yield from _registered_twice(four)
    yield from _same_value(four)
    yield from _same_number(four)


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
        above = parents_in(changed.term)
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
    raw = (f'"{word}"'.encode(), f"'{word}'".encode(), f"`{word}`".encode())
    return any(any(each in text for each in raw) for path, text in texts.items() if not is_test(path))


def _gone(four: Four, side: Side) -> Iterator[Finding]:
    """A literal that the other side took out of the whole program, and that this side newly says."""
    other = side.other
    taken = {text: ref for text, ref in _taken_out(other) if _NAMING.match(text) and text not in _PLAIN}
    for said in new_strings(side) if taken else ():
        if said.text in taken and not _mentions(other.tree.texts, said.text):
            ref, line = taken[said.text], said.term.line
            yield four.finding(
                side, "removed-name-used", said.changed.module.path, line, said.text,
                f'"{said.text}" is said nowhere on the other side any more', about=(ref,), sure=0.9,
            )  # fmt: skip
            return


def _taken_out(side: Side) -> Iterator[tuple[str, str]]:
    """The strings that a side no longer says in a place where they name something."""
    for path in side.paths:
        if is_test(path):
            continue
        before, after = side.base.module(path), side.tree.module(path)
        if before is None:
            continue
        if after is not None:
            for name in _names_in(before) - _names_in(after):
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


# One thing under two names.


def words_of(name: str) -> tuple[str, ...]:
    """The words that a name is made of, in lower case: `maxRetries` and `max_retries` have the same."""
    return tuple(each.lower() for each in _WORD.findall(name))


def _plain(name: str) -> str:
    words = [each for each in words_of(name) if each not in {"is", "get", "has"}]
    return "".join(words)


def _spelled(four: Four) -> Iterator[Finding]:
    """Both sides newly say the same words, written in two ways."""
    ours, theirs = ({each.text: each for each in _telling(side)} for side in four.sides)
    known = {_plain(text): text for text in ours}
    for text, said in theirs.items():
        other = known.get(_plain(text))
        if other is None or other == text or text in ours or other in theirs or len(_plain(text)) < 4:
            continue
        if not four.base_says(text) and not four.base_says(other):
            mine = ours[other]
            yield four.finding(
                four.theirs, "diverging-name", said.changed.module.path, said.term.line, text,
                f'"{text}" here and "{other}" on the other side are one name written in two ways',
                about=(f"{mine.changed.module.path}#{mine.changed.within}",), sure=0.88,
            )  # fmt: skip
            return


def _telling(side: Side) -> Iterator[Said]:
    for said in new_strings(side):
        if (
            _NAMING.match(said.text)
            and said.around is not None
            and said.around.kind in {"call", "pair", "index", "compare"}
        ):
            yield said


def _new_names(side: Side) -> frozenset[str]:
    """Names of functions, members, keys and values that a side defines and the base did not."""
    found: set[str] = set()
    for path in side.paths:
        after, before = side.tree.module(path), side.base.module(path)
        if after is None or is_test(path):
            continue
        found |= _names_in(after) - (_names_in(before) if before is not None else set())
    return frozenset(found)


def _names_in(module: Module) -> set[str]:
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


def _soft(four: Four, side: Side) -> Iterator[Finding]:
    """A look-up that forgives a missing name, of a name that nobody defines, beside a new name like it."""
    fresh = _new_names(side.other)
    for changed in side.changed if fresh else ():
        if is_test(changed.module.path):
            continue
        new = {id(each) for each in changed.new_terms()}
        for each in walk(changed.term):
            name = soft_name(each) if id(each) in new else None
            if name is None or name in fresh or len(name) < 3:
                continue
            if _defines(side.tree.texts, name, but=changed.module.path) or four.base_says(name):
                continue
            alike = [other for other in sorted(fresh) if _alike(name, other)]
            if alike:
                yield four.finding(
                    side, "diverging-name", changed.module.path, each.line, name,
                    f"{name} is looked for here and nobody defines it; the other side adds {alike[0]}", sure=0.86,
                )  # fmt: skip
                return


def soft_name(term: Term) -> str | None:
    """The name that a forgiving look-up asks for: `getattr(x, "n", 0)`, `d.get("n")`, `hasattr(x, "n")`, `"n" in d`."""
    if term.kind == "call":
        called, given = term.parts[0], term.parts[1:]
        if called.text == "getattr" and len(given) == 3 and given[1].kind == "string":
            return given[1].text
        if called.text == "hasattr" and len(given) == 2 and given[1].kind == "string":
            return given[1].text
        if (
            called.kind == "member"
            and called.text in {"get", "pop", "setdefault"}
            and given
            and given[0].kind == "string"
        ):
            return given[0].text
    if term.kind == "compare" and term.text in {"in", "not in"} and term.parts[0].kind == "string":
        return term.parts[0].text
    if term.kind == "or" and term.parts[0].kind in {"member", "index"}:
        held = term.parts[0]
        return held.text if held.kind == "member" else held.parts[1].text if held.parts[1].kind == "string" else None
    if term.kind == "member" and "optional" in term.flags:
        return term.text
    return None


def _defines(texts: Texts, name: str, but: str) -> bool:
    raw = name.encode()
    pattern = re.compile(rb"\b" + re.escape(raw) + rb"\b")
    return any(
        raw in text and pattern.search(text) for path, text in texts.items() if path != but and not is_test(path)
    )


_EMPTY = frozenset(
    [
        "is",
        "has",
        "get",
        "set",
        "the",
        "to",
        "of",
        "for",
        "in",
        "as",
        "on",
        "by",
        "a",
        "an",
        "new",
        "do",
        "can",
        "max",
        "min",
        "num",
        "count",
        "name",
        "value",
    ]
)


def _alike(one: str, other: str) -> bool:
    """Whether two names share what they are about."""
    if _plain(one) == _plain(other):
        return True
    mine = {_stem(each) for each in words_of(one)} - _EMPTY
    yours = {_stem(each) for each in words_of(other)} - _EMPTY
    return any(len(each) > 3 for each in mine & yours) or any(
        len(a) > 3 and len(b) > 3 and (a.startswith(b) or b.startswith(a)) for a in mine for b in yours
    )


_GROUPS = (
    "email mail", "delet remov drop", "creat add new made", "don finish complet clos end", "colour color",
    "size length len", "start begin", "fail error", "save stor", "timeout limit", "max limit", "retri attempt tri",
    "user account", "discount rebate", "amount sum total", "label title caption", "enabl activ",
)  # fmt: skip
_LIKE = {word: group.split()[0] for group in _GROUPS for word in group.split()}


def _stem(word: str) -> str:
    found = _bare(word)
    return _LIKE.get(found, found)


def _bare(word: str) -> str:
    for end in ("ies", "ing", "ed", "es", "s"):
        if word.endswith(end) and len(word) - len(end) > 2:
            return word[: -len(end)]
    return word


def _channels(four: Four) -> Iterator[Finding]:
    """One side sends under a new name, the other listens for another new name that shares a word with it."""
    spoken = [
        [(said, _callee(said)) for said in new_strings(side) if said.around is not None and said.around.kind == "call"]
        for side in four.sides
    ]
    for mine, one in spoken[0]:
        for yours, two in spoken[1]:
            if not one or not two or one == two or one.partition("#")[0] != two.partition("#")[0]:
                continue
            if mine.text == yours.text or four.base_says(mine.text) or four.base_says(yours.text):
                continue
            shared = {_stem(each) for each in words_of(mine.text)} & {_stem(each) for each in words_of(yours.text)}
            if any(len(each) > 2 for each in shared) and _first(mine) and _first(yours):
                said = f'"{mine.text}" and "{yours.text}" seem to be one name: nobody else says either'
                yield four.finding(
                    four.theirs, "diverging-name", yours.changed.module.path, yours.term.line, yours.text, said,
                    about=(f"{mine.changed.module.path}#{mine.changed.within}",), sure=0.8,
                )  # fmt: skip
                return


def _first(said: Said) -> bool:
    return said.around is not None and len(said.around.parts) > 1 and said.around.parts[1] is said.term


def _callee(said: Said) -> str:
    """`path#function` of the function of the tree that a string is given to."""
    called = said.around.parts[0] if said.around is not None else None
    module = said.changed.module
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


# The same thing twice.


def _registered_twice(four: Four) -> Iterator[Finding]:
    """Both sides newly register different things under the same literal with the same call."""
    found = []
    for side in four.sides:
        table: dict[tuple[str, int], tuple[str, int, str]] = {}
        for name, path, mark in _registrations(side):
            table.setdefault(
                (mark.parts[0].text, hash(tuple(each.key for each in mark.parts[1:]))), (path, mark.line, name)
            )
        found.append(table)
    for at, (path, line, name) in found[1].items():
        mine = found[0].get(at)
        if mine is not None and (mine[0], mine[2]) != (path, name):
            said = f"{at[0]} is given the same name for {mine[2]} in {mine[0]} and for {name} here"
            yield four.finding(
                four.theirs,
                "duplicate-registration",
                path,
                line,
                name,
                said,
                about=(f"{mine[0]}#{mine[2]}",),
                sure=0.92,
            )


def _registrations(side: Side) -> Iterator[tuple[str, str, Term]]:
    for changed in side.changed:
        if is_test(changed.module.path):
            continue
        if changed.function is not None and changed.before is None:
            for mark in changed.function.term.marks:
                if mark.kind == "call" and _is_registration(mark):
                    yield changed.function.name, changed.module.path, mark
        elif changed.function is None:
            old = {each.key for each in changed.old.parts} if changed.old is not None else set()
            for each in changed.term.parts:
                if each.kind == "call" and each.key not in old and _is_registration(each):
                    yield f"line {each.line}", changed.module.path, each


_STACKING = re.compile(
    r"patch|mark|param|skip|option|argument|given|deprec|setting|fixture|filter|print|warn|log|import|append|version|requires",
    re.IGNORECASE,
)


def _is_registration(call: Term) -> bool:
    given = call.parts[1:]
    named = bool(given) and given[0].kind == "string"
    literal = all(
        each.kind in {"string", "number", "bool", "keyword", "tuple", "list", "name", "member"} for each in given
    )
    return named and literal and not _STACKING.search(call.parts[0].text)


def _same_value(four: Four) -> Iterator[Finding]:
    """Both sides add a member with another name and the same value to one enumeration or family of constants."""
    for path in set(four.ours.paths) & set(four.theirs.paths):
        base, mine, yours = four.base.module(path), four.ours.tree.module(path), four.theirs.tree.module(path)
        if base is None or mine is None or yours is None:
            continue
        for scope, olds, ones, others in _families(base, mine, yours):
            values = list(olds.values())
            fresh = {text: name for name, text in ones.items() if name not in olds}
            if len(values) < 2 or len(set(values)) != len(values):
                continue
            for name, text in others.items():
                if name not in olds and text in fresh and fresh[text] != name:
                    said = f"{name} and {fresh[text]} of {scope} were given the same value, one by each side"
                    line = next((each.line for each in walk(yours.block) if each.text == name), 1)
                    yield four.finding(
                        four.theirs, "duplicate-value", path, line, name, said, about=(f"{path}#{scope}",), sure=0.93
                    )


_NUMBERED = re.compile(r"(^|/)(\d{2,})[_-][^/]*\Z")


def _same_number(four: Four) -> Iterator[Finding]:
    """Both sides add a file of a numbered series under one number."""
    tables = []
    for side in four.sides:
        new = [path for path in side.paths if path in side.tree.texts and path not in four.base.texts]
        tables.append({(path.rpartition("/")[0], match[2]): path for path in new if (match := _NUMBERED.search(path))})
    for at in tables[0].keys() & tables[1].keys():
        mine, yours = tables[0][at], tables[1][at]
        if mine != yours:
            said = f"{mine} and {yours} have one number, one from each side"
            yield four.finding(four.theirs, "duplicate-value", yours, 1, at[1], said, about=(f"{mine}#",), sure=0.88)


_Values = dict[str, tuple[str, str]]


def _families(base: Module, mine: Module, yours: Module) -> Iterator[tuple[str, _Values, _Values, _Values]]:
    for name, each in base.classes.items():
        if each.is_enum and name in mine.classes and name in yours.classes:
            olds, ones, others = (
                {
                    field: (term.parts[0].kind, term.parts[0].text)
                    for field, term in held.fields.items()
                    if term.parts and term.parts[0].kind in {"string", "number"}
                }
                for held in (each, mine.classes[name], yours.classes[name])
            )
            yield name, olds, ones, others
    tables = [_constants(each) for each in (base, mine, yours)]
    for prefix in {name.split("_")[0] for name in tables[0] if "_" in name}:
        olds, ones, others = (
            {name: value for name, value in table.items() if name.startswith(f"{prefix}_")} for table in tables
        )
        yield f"{prefix}_…", olds, ones, others


def _constants(module: Module) -> _Values:
    return {
        name: (each.parts[1].kind, each.parts[1].text)
        for name, each in module.values.items()
        if name.isupper() and len(each.parts) > 1 and each.parts[1].kind in {"string", "number"}
    }
