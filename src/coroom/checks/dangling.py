"""Two ends that do not meet: what one side newly provides under a name, and the other newly asks for under another."""

import re
from collections.abc import Iterator

from coroom.checks.behaviour.texts import CASES
from coroom.checks.finding import Finding
from coroom.checks.sides import Changed, Four, Side, functions_of, quoted
from coroom.checks.spelling import same_stem
from coroom.checks.wording import Said, new_strings, words_of
from coroom.syntax import Class, Module, Term, is_test, walk

_LOOKING = frozenset({"get", "has", "pop"})
_KEEPING = frozenset({"setdefault", "set"})
_HOOK = re.compile(rb"""getattr\([^,()]+,\s*(?:f?["'](\w+_)(?:["']\s*\+|\{))""")
DIVERGING = "diverging-name"


def dangling(four: Four) -> Iterator[Finding]:
    """Names that one side provides and the other asks for otherwise, in one place of the program."""
    prefixes = _prefixes(four)
    for side in four.sides:
        yield from _folded(four, side)
        yield from _among_siblings(four, side)
        yield from _in_one_role(four, side)
        yield from _hooks(four, side, prefixes)
        yield from _in_one_record(four, side)
        yield from _flags(four, side)


def _folded(four: Four, side: Side) -> Iterator[Finding]:
    """A key in mixed case for a table whose keys the other side newly folds when it looks them up."""
    folded = {
        (each.module.path, holder): fold
        for each in side.other.changed
        if each.before is not None and not is_test(each.module.path)
        for term in each.new_terms()
        for holder, fold in _folding(term)
    }
    for said in new_strings(side) if folded else ():
        for (path, holder), fold in folded.items():
            if said.text == CASES[fold](said.text) or not _is_kept(side, said, path, holder):
                continue
            yield four.finding(
                side, DIVERGING, said.changed.module.path, said.term.line, said.text,
                f'"{said.text}" is a key of {holder} here, and the other side looks keys up through {fold}()',
                about=(f"{path}#{holder}",), sure=0.92,
            )  # fmt: skip
            return


def _folding(term: Term) -> Iterator[tuple[str, str]]:
    """The name of a table and how a key is folded that is looked up in it."""
    held: Term | None = None
    key: Term | None = None
    if term.kind == "call" and len(term.parts) > 1 and term.parts[0].kind == "member":
        held, key = term.parts[0].parts[0], term.parts[1] if term.parts[0].text in _LOOKING else None
    elif term.kind == "index":
        held, key = term.parts[0], term.parts[1]
    elif term.kind == "compare" and term.text in {"in", "not in"}:
        key, held = term.parts
    if held is None or key is None or held.kind != "name" or key.kind != "call":
        return
    if key.parts[0].kind == "member" and key.parts[0].text in CASES:
        yield held.text, key.parts[0].text


def _is_kept(side: Side, said: Said, path: str, holder: str) -> bool:
    """Whether a text becomes a key of a table: by an assignment, or by a function that keeps what it is given."""
    around = said.around
    if around is None:
        return False
    if around.kind == "index":
        return said.changed.module.path == path and around.parts[0].text == holder
    if around.kind != "call" or len(around.parts) < 2 or around.parts[1] is not said.term:
        return False
    module = side.tree.module(path)
    function = functions_of(module).get(around.parts[0].text) if module is not None else None
    if function is None:
        return False
    first = next((each.text for each in walk(function.term) if each.kind == "parameter"), "")
    return any(_keeps(each, holder, first) for each in walk(function.term))


def _keeps(term: Term, holder: str, key: str) -> bool:
    """Whether a term puts something into a table under a key: `d[k] = v`, `d.setdefault(k, …)`, `d.set(k, v)`."""
    if term.kind == "assign" and term.parts[0].kind == "index":
        held, said = term.parts[0].parts[:2]
    elif term.kind == "call" and term.parts[0].kind == "member" and term.parts[0].text in _KEEPING and term.parts[1:]:
        held, said = term.parts[0].parts[0], term.parts[1]
    else:
        return False
    return held.text == holder and said.kind == "name" and said.text == key


def _keys(term: Term) -> list[str]:
    return [each.parts[0].text for each in term.parts if each.kind == "pair" and each.parts[0].kind == "string"]


def _tables(module: Module | None) -> dict[str, list[str]]:
    if module is None:
        return {}
    held = {name: each.parts[-1] for name, each in module.values.items() if each.kind == "assign"}
    return {name: keys for name, each in held.items() if each.kind == "dict" and (keys := _keys(each))}


def _times(side: Side, word: str) -> int:
    texts = [text for path, text in side.tree.texts.items() if not is_test(path)]
    return sum(text.count(each) for text in texts for each in quoted(word))


def _among_siblings(four: Four, side: Side) -> Iterator[Finding]:
    """A new table with a key that nobody says, beside keys to which the other side newly adds one that it makes."""
    added: dict[str, tuple[str, frozenset[str]]] = {}
    for path in side.other.paths:
        before, after = _tables(four.base.module(path)), _tables(side.other.tree.module(path))
        for name, keys in after.items():
            held = before.get(name, keys)
            fresh = [each for each in keys if each not in held and not four.base_quotes(each)]
            if len(fresh) == 1 and _times(side.other, fresh[0]) > 1:
                added[fresh[0]] = (f"{path}#{name}", frozenset(before[name]))
    for path in side.paths if added else ():
        old = _tables(four.base.module(path))
        for name, keys in _tables(side.tree.module(path)).items():
            if name in old or is_test(path):
                continue
            fresh = [each for each in keys if not four.base_quotes(each)]
            if len(fresh) != 1 or _times(side, fresh[0]) > 1:
                continue
            for word, (place, siblings) in added.items():
                if word in keys or not siblings & set(keys) or not set(keys) - set(fresh) <= siblings:
                    continue
                yield four.finding(
                    side, DIVERGING, path, 1, fresh[0],
                    f'"{fresh[0]}" is a key of {name} and nobody makes it; the other side makes "{word}" beside '
                    f"{', '.join(sorted(siblings & set(keys)))}", about=(place,), sure=0.86,
                )  # fmt: skip
                return


def _in_one_role(four: Four, side: Side) -> Iterator[Finding]:
    """A word that is looked for in what an attribute keeps, where the other side newly puts another new word."""
    put = {
        role: (word, each)
        for each in side.other.changed
        if not is_test(each.module.path)
        for term in each.new_terms()
        for role, word in _put_into(term)
        if not four.base_says(word) and _times(side.other, word) == 1
    }
    for each in side.changed if put else ():
        if is_test(each.module.path):
            continue
        for term in each.new_terms():
            role, word = _looked_for(term, each)
            if role not in put or put[role][0] == word or four.base_says(word) or _times(side, word) != 1:
                continue
            other, changed = put[role]
            yield four.finding(
                side, DIVERGING, each.module.path, term.line, word,
                f'"{word}" is looked for in {role} and nobody puts it there; the other side puts "{other}"',
                about=(f"{changed.module.path}#{changed.within}",), sure=0.82,
            )  # fmt: skip
            return


def _put_into(term: Term) -> Iterator[tuple[str, str]]:
    if term.kind == "binary" and term.text in {"|", "+"}:
        held, more = term.parts
        if held.kind == "member" and more.kind in {"set", "list", "tuple"}:
            yield from ((held.text, each.text) for each in more.parts if each.kind == "string")
    if term.kind == "call" and term.parts[0].kind == "member" and term.parts[0].text in {"add", "append"}:
        held = term.parts[0].parts[0]
        if held.kind == "member" and len(term.parts) == 2 and term.parts[1].kind == "string":
            yield held.text, term.parts[1].text


def _looked_for(term: Term, changed: Changed) -> tuple[str, str]:
    if term.kind == "compare" and term.text in {"in", "not in"} and term.parts[1].kind == "member":
        word = term.parts[0]
        if word.kind == "name":
            held = changed.module.values.get(word.text, word)
            word = held.parts[-1] if held.kind == "assign" else held
        if word.kind == "string" and word.text.isidentifier():
            return term.parts[1].text, word.text
    return "", ""


def _in_one_record(four: Four, side: Side) -> Iterator[Finding]:
    """A key that is asked for beside those of a record, and that nobody writes, where the other side newly writes
    another one that holds the like of what is taken in its stead.
    """
    grown = list(_grown_records(four, side.other))
    for each in side.changed if grown else ():
        new = {id(term) for term in each.new_terms()} if not is_test(each.module.path) else frozenset[int]()
        asked: dict[str, dict[str, Term]] = {}
        for term in walk(each.term) if new else ():
            holder, key = _asked_of(term)
            if holder:
                asked.setdefault(holder, {})[key] = term
        for keys in asked.values():
            for key, term in keys.items():
                if id(term) not in new or _kind_in_stead(term) == "" or four.base_quotes(key) or _times(side, key) != 1:
                    continue
                for fresh, kind, path, beside in grown:
                    shared = sorted(keys.keys() & beside)
                    others = keys.keys() - {key}
                    if fresh == key or kind != _kind_in_stead(term) or len(shared) < 2 or not others <= beside:
                        continue
                    said = f'"{key}" is asked for beside {", ".join(shared[:3])}, and nobody writes it'
                    yield four.finding(
                        side, DIVERGING, each.module.path, term.line, key,
                        f'{said}; the other side writes "{fresh}" there', about=(f"{path}#",), sure=0.84,
                    )  # fmt: skip
                    return


def _asked_of(term: Term) -> tuple[str, str]:
    """The name that is asked for a key and the key: `d["k"]`, `d.get("k", 0)`."""
    if term.kind == "index" and term.parts[0].kind == "name" and term.parts[1].kind == "string":
        return term.parts[0].text, term.parts[1].text
    called = term.parts[0] if term.kind == "call" and len(term.parts) > 1 else None
    if called is None or called.kind != "member" or called.text != "get" or term.parts[1].kind != "string":
        return "", ""
    return (called.parts[0].text, term.parts[1].text) if called.parts[0].kind == "name" else ("", "")


def _kind_in_stead(term: Term) -> str:
    """The kind of what a look-up gives in the stead of what is not there: `list` for `d.get("k", [])`."""
    return _kind_of(term.parts[2]) if term.kind == "call" and len(term.parts) == 3 else ""


def _kind_of(value: Term) -> str:
    if value.kind == "comprehension":
        return value.text
    return value.kind if value.kind in {"list", "dict", "set", "string", "number", "bool"} else ""


def _grown_records(four: Four, side: Side) -> Iterator[tuple[str, str, str, frozenset[str]]]:
    """The one new key that a side writes into a record and that nobody asks for: what it holds, where, beside which."""
    for each in side.changed:
        if is_test(each.module.path) or each.old is None:
            continue
        olds = [frozenset(_keys(term)) for term in walk(each.old) if term.kind == "dict"]
        for term in walk(each.term):
            held = {pair.parts[0].text: pair.parts[1] for pair in term.parts if pair.kind == "pair"}
            for old in olds if term.kind == "dict" else ():
                fresh = sorted(held.keys() - old)
                if len(old) < 2 or len(fresh) != 1 or not old < held.keys():
                    continue
                if not four.base_quotes(fresh[0]) and _times(side, fresh[0]) == 1:
                    yield fresh[0], _kind_of(held[fresh[0]]), each.module.path, old


_STANDING = frozenset(
    {
        "active", "inactive", "enabled", "disabled", "muted", "withdrawn", "closed", "open", "archived", "deleted",
        "removed", "hidden", "visible", "retired", "suspended", "paused", "stopped", "done", "finished", "cancelled",
        "canceled", "banned", "blocked", "locked", "expired", "dead", "alive", "gone", "present", "absent", "available",
        "live", "broken", "out", "off", "on", "left", "obsolete", "deprecated", "frozen", "void", "revoked",
        "discarded", "ignored", "excluded", "skipped", "quiet", "silenced", "resigned", "released", "sold", "taken",
        "reserved"
    }
)  # fmt: skip
"""Words for whether something still counts: a class has one of them."""


def _tells_standing(name: str) -> bool:
    return bool(_STANDING & {*words_of(name)})


def _flags(four: Four, side: Side) -> Iterator[Finding]:
    """Whether something still counts is asked for forgivingly by a word that its class does not have, and the other
    side gives the class another word for it.
    """
    for walked in four.walked(side):
        changed = walked.changed
        if is_test(changed.module.path) or not walked.own.hopes:
            continue
        new = {each.key for each in changed.new_terms()}
        for term, ref, name in walked.own.hopes:
            family = _family(side, ref) if term.key in new and term.parts[3].kind == "bool" else []
            if not _tells_standing(name) or any(name in {*each.fields, *each.methods} for each in family):
                continue
            added = sorted({one for each in family for one in _new_flags(side.other, each) if _tells_standing(one)})
            if len(added) == 1 and added[0] != name:
                lacks = f"{ref.rpartition('#')[2]} does not have it"
                yield four.finding(
                    side, DIVERGING, changed.module.path, term.line, name,
                    f"{name} is asked for here and {lacks}; the other side adds {added[0]}",
                    about=(ref,), sure=0.8,
                )  # fmt: skip
                return


def _family(side: Side, ref: str) -> list[Class]:
    """A class, what it extends and what extends it."""
    owner = side.tree.class_at(ref)
    if owner is None:
        return []
    module = side.tree.module(owner.path)
    beside = module.classes.values() if module is not None else ()
    return [owner, *side.tree.bases_of(owner)[0], *(each for each in beside if owner in side.tree.bases_of(each)[0])]


def _new_flags(side: Side, owner: Class) -> Iterator[str]:
    """The attributes that are True or False at first and that a side newly gives to a class."""
    ref = f"{owner.path}#{owner.name}"
    before, after = side.base.class_at(ref), side.tree.class_at(ref)
    if before is None or after is None:
        return
    for name, field in after.fields.items():
        if name not in before.fields and field.parts and field.parts[0].kind == "bool":
            yield name


def _prefixes(four: Four) -> frozenset[str]:
    """What the names of methods begin with that are looked up by the name of an event; nothing where none is new."""
    if not any(each.function is not None and each.before is None for side in four.sides for each in side.changed):
        return frozenset()
    return frozenset(
        found.group(1).decode()
        for path, text in four.merged.texts.items()
        if b"getattr(" in text and not is_test(path)
        for found in _HOOK.finditer(text)
    )


def _hooks(four: Four, side: Side, prefixes: frozenset[str]) -> Iterator[Finding]:
    """A method for an event that nobody tells of, beside a new event like it that nobody hears."""
    fresh = [each for each in side.changed if each.function is not None and each.before is None] if prefixes else []
    said_there = new_strings(side.other) if fresh else ()
    told = [said for said in said_there if said.around is not None and said.around.kind == "call"]
    for each in fresh:
        assert each.function is not None
        for prefix in prefixes:
            event = each.function.name.removeprefix(prefix)
            if event == each.function.name or four.base_says(event) or _times(side, event):
                continue
            for said in told:
                if said.text == event or side.defines(prefix + said.text) or not same_stem(said.text, event):
                    continue
                yield four.finding(
                    side, DIVERGING, each.module.path, each.function.line, each.function.name,
                    f'nobody tells of "{event}" that {each.function.name} hears; the other side tells of "{said.text}"',
                    about=(f"{said.changed.module.path}#{said.changed.within}",), sure=0.9,
                )  # fmt: skip
                return
