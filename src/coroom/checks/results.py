"""What a function gives changed in a way that no type tells, and the other side newly relies on the old way."""

import re
from collections.abc import Callable, Iterator

from coroom.checks.finding import Finding
from coroom.checks.sides import Four
from coroom.checks.uses import Use, uses_between
from coroom.syntax import Function, Term, not_nested, shown, walk

_MUTATORS = frozenset(
    [
        "append",
        "extend",
        "insert",
        "remove",
        "pop",
        "clear",
        "sort",
        "reverse",
        "add",
        "update",
        "discard",
        "setdefault",
        "popitem",
        "push",
        "unshift",
        "shift",
        "splice",
        "delete",
        "set",
    ]
)
_COPIERS = frozenset(
    [
        "list",
        "dict",
        "set",
        "tuple",
        "copy",
        "deepcopy",
        "sorted",
        "slice",
        "toSorted",
        "toReversed",
        "concat",
        "from",
        "assign",
    ]
)
_MEASURES = frozenset(["len", "sum", "count", "any", "all", "max", "min"])


def results(four: Four) -> Iterator[Finding]:
    """Findings about new calls of functions that the other side changed."""
    for use in uses_between(four):
        for rule in _RULES if not use.through else (_form, _scale):
            for at, said, sure, kind in rule(use):
                yield four.finding(
                    use.side, kind, use.changed.module.path, at.line or use.call.line, use.after.name,
                    said, about=(use.ref,), sure=sure,
                )  # fmt: skip


Said = tuple[Term, str, float, str]


def _returns(function: Function) -> list[Term]:
    return [each.parts[0] for each in walk(function.body, into=not_nested) if each.kind == "return" and each.parts]


# Signals: a literal that said "no", and is said no more.


def _signal(use: Use) -> Iterator[Said]:
    gone = _literals(use.before) - _literals(use.after)
    raised = _raised(use.after) - _raised(use.before)
    if not gone or not raised:
        return
    for value, above in use.around():
        asked = above.kind in {"not", "if", "while", "and", "or", "conditional", "assert"} and above.parts[0] is value
        compared = above.kind == "compare" and any((each.kind, each.text) in gone for each in above.parts)
        if compared or (asked and any(each in _FALSE for each in gone)):
            said = f"{use.after.name}() raises {min(raised)} now where it gave {min(gone)[1]}, which is asked for here"
            yield above, said, 0.88, "exception-changed"
            return


_FALSE = frozenset({("bool", "False"), ("none", "None"), ("string", ""), ("number", "0"), ("list", ""), ("dict", "")})


def _literals(function: Function) -> frozenset[tuple[str, str]]:
    found = set()
    for each in _returns(function):
        options = each.parts[1:] if each.kind == "conditional" else (each,)
        if (
            each.kind == "call"
            and each.parts[0].kind == "member"
            and each.parts[0].text == "get"
            and len(each.parts) == 2
        ):
            found.add(("none", "None"))
        found |= {
            (one.kind, one.text)
            for one in options
            if one.kind in {"bool", "none", "number", "string"} or (one.kind in {"list", "dict"} and not one.parts)
        }
        found |= {
            ("number", f"-{one.parts[0].text}")
            for one in options
            if one.kind == "unary" and one.parts[0].kind == "number"
        }
    return frozenset(found)


def _raised(function: Function) -> frozenset[str]:
    found = set()
    for each in walk(function.body):
        if each.kind == "raise" and each.parts:
            held = each.parts[0].parts[0] if each.parts[0].kind == "call" else each.parts[0]
            found.add(held.text)
    return frozenset(found)


# Order.


def _order(use: Use) -> Iterator[Said]:
    before, after = _ordering(use.before), _ordering(use.after)
    if before == after:
        return
    for value, above in use.around():
        place = above
        inner = value
        while (
            place.kind == "call"
            and place.parts[0].text in {"list", "tuple", "iter", "enumerate"}
            and len(place.parts) == 2
        ):
            inner, place = place, use.above.get(id(place), place)
            if place is inner:
                break
        if _by_place(inner, place):
            said = f"{use.after.name}() gives its values in another order now, and {shown(place)} goes by their places"
            yield place, said, 0.86, "order-changed"
            return


def _by_place(value: Term, above: Term) -> bool:
    if above.kind == "index" and above.parts[0] is value:
        key = above.parts[1]
        measured = any(each.text in {"len", "length"} for each in walk(key))
        return measured or key.kind in {"number", "slice"} or (key.kind == "unary" and key.parts[0].kind == "number")
    if above.kind == "call" and above.parts[0].text in {"next", "zip", "bisect", "bisect_left", "groupby"}:
        return True
    if above.kind == "compare" and above.text in {"==", "!="}:
        return any(each.kind in {"list", "tuple"} for each in above.parts)
    if above.kind == "assign" and above.parts[0].kind == "tuple":
        return True
    return above.kind == "member" and above.text in {"pop", "shift", "at", "index", "indexOf", "slice"}


def _ordering(function: Function) -> frozenset[tuple[str, ...]]:
    """What gives a function's values their order, however it is written."""
    found: set[tuple[str, ...]] = set()
    for each in walk(function.body):
        if each.kind == "call" and each.parts[0].text in {"sorted", "sort", "toSorted"}:
            options = [part for part in each.parts[1:] if part.kind in {"keyword", "function"}]
            found.add(("sorted", *sorted(str(part.key) for part in options if _tells(part))))
        elif each.kind == "call" and each.parts[0].text in {"reversed", "reverse", "toReversed"}:
            found.add(("reversed",))
        elif (each.kind == "call" and each.parts[0].text in {"unshift", "appendleft"}) or (
            each.kind == "call"
            and each.parts[0].text == "insert"
            and len(each.parts) == 3
            and each.parts[1].text == "0"
        ):
            found.add(("front",))
        elif (
            each.kind == "slice"
            and any(part.kind == "unary" and part.text == "-" for part in each.parts[-1:])
            and len(each.parts) == 1
        ):
            found.add(("reversed?", str(each.key)))
        elif each.kind == "call" and each.parts[0].text in {"set", "frozenset"}:
            found.add(("set",))
    return frozenset(found)


def _tells(option: Term) -> bool:
    return not (option.kind == "keyword" and option.text == "reverse" and option.parts[0].text == "False")


# Units and scale.


def _scale(use: Use) -> Iterator[Said]:
    before, after = _factors(use.before), _factors(use.after)
    if before == after:
        return
    for value, above in use.around():
        used = above.kind in {"binary", "compare", "template"} or (
            above.kind == "call" and above.parts[0].text in {"round", "int", "format", "divmod"}
        )
        if used and not (above.kind == "compare" and any(each.kind in {"none", "bool"} for each in above.parts)):
            named = " and ".join(sorted(after ^ before))
            said = f"{use.after.name}() scales its result otherwise now ({named}); {shown(above)} counts on the old way"
            yield above, said, 0.84, "scale-changed"
            return
        del value


def _factors(function: Function) -> frozenset[str]:
    """The numbers by which a function multiplies or divides what it returns, and whether it rounds it."""
    names = {each.text for value in _returns(function) for each in walk(value) if each.kind == "name"}
    found = set()
    places = list(_returns(function))
    places += [
        each.parts[1]
        for each in walk(function.body)
        if each.kind == "assign" and len(each.parts) > 1 and each.parts[0].text in names
    ]
    for place in places:
        for each in walk(place):
            if each.kind == "binary" and each.text in {"*", "/", "//", "**"}:
                found |= {f"{each.text} {part.text}" for part in each.parts if part.kind == "number"}
            elif each.kind == "call" and each.parts[0].text in {"round", "floor", "ceil", "trunc"}:
                found.add(each.parts[0].text)
    return frozenset(found)


# The form of a text.


def _form(use: Use) -> Iterator[Said]:
    before, after = _pieces(use.before), _pieces(use.after)
    gone = before - after
    cased = _casing(use.after) - _casing(use.before)
    reading = {
        **{id(v): a for v, a in use.around()},
        **{id(v): use.above[id(v)] for v in use.elements if id(v) in use.above},
    }
    for value in (*use.values, *use.elements):
        above = reading.get(id(value))
        if above is None:
            continue
        call = use.above.get(id(above)) if above.kind == "member" else None
        literals = _asked_for(value, above, call)
        relied = [
            each
            for each in literals
            if each in gone
            or (each and any(each in piece for piece in gone) and not any(each in piece for piece in after))
        ]
        if relied:
            said = f'{use.after.name}() no longer writes "{relied[0]}", which {shown(call or above)} looks for'
            yield above, said, 0.9, "format-changed"
            return
        wrong = [each for each in literals if cased and any(_uncased(each, way) for way in cased)]
        if wrong:
            said = f'{use.after.name}() changes the case of its result now, and it is asked for "{wrong[0]}"'
            yield above, said, 0.88, "format-changed"
            return
        if (
            gone
            and after - before
            and above.kind == "index"
            and above.parts[0] is value
            and above.parts[1].kind == "slice"
        ):
            yield (
                above,
                f"{use.after.name}() writes its text in another form now, which is cut here by place",
                0.82,
                "format-changed",
            )
            return


def _asked_for(value: Term, above: Term, call: Term | None) -> list[str]:
    """The texts that a result is compared with, cut at, or searched for."""
    if above.kind == "compare":
        return [each.text for each in above.parts if each is not value and each.kind == "string"]
    if call is not None and call.kind == "call" and call.parts[0] is above:
        return [each.text for each in call.parts[1:] if each.kind == "string"] if above.text in _CUTS else []
    return []


_CUTS = frozenset(
    [
        "split",
        "rsplit",
        "partition",
        "rpartition",
        "startswith",
        "endswith",
        "index",
        "find",
        "rindex",
        "rfind",
        "replace",
        "removeprefix",
        "removesuffix",
        "count",
        "startsWith",
        "endsWith",
        "indexOf",
        "lastIndexOf",
        "includes",
        "replaceAll",
        "strip",
        "lstrip",
        "rstrip",
    ]
)


def _pieces(function: Function) -> frozenset[str]:
    """The stretches of literal text that a function puts into what it gives."""
    found: set[str] = set()
    for each in walk(function.body):
        if each.kind == "string" and not _is_document(function, each):
            found.add(each.text)
        elif each.kind == "template":
            found.update(each.text.split("\0"))
    return frozenset(piece for piece in found if piece)


def _is_document(function: Function, term: Term) -> bool:
    return any(each is term for each in function.body.parts[:1])


_CASES = {"lower": str.lower, "upper": str.upper, "title": str.title, "casefold": str.casefold,
          "capitalize": str.capitalize, "toLowerCase": str.lower, "toUpperCase": str.upper}  # fmt: skip


def _casing(function: Function) -> frozenset[str]:
    return frozenset(
        each.parts[0].text for each in walk(function.body) if each.kind == "call" and each.parts[0].text in _CASES
    )


def _uncased(text: str, way: str) -> bool:
    return bool(re.search(r"[A-Za-z]", text)) and _CASES[way](text) != text


# Copies, and what is changed in place.


def _alias(use: Use) -> Iterator[Said]:
    before, after = _holding(use.before), _holding(use.after)
    if {before, after} != {"live", "copy"}:
        return
    for value, above in use.around():
        call = use.above.get(id(above))
        mutated = (
            above.kind == "member"
            and above.text in _MUTATORS
            and call is not None
            and call.kind == "call"
            and call.parts[0] is above
        )
        stored = (
            above.kind == "index"
            and above.parts[0] is value
            and (call is not None and call.kind in {"assign", "delete"} and call.parts[0] is above)
        )
        grown = above.kind == "assign" and above.parts[0] is value and above.text not in {"=", "as"}
        if mutated or stored or grown:
            said = (
                f"{use.after.name}() gives a copy now, so this change of it is lost"
                if after == "copy"
                else f"{use.after.name}() gives its own {shown(_returns(use.after)[0])} now, which this changes"
            )
            yield above, said, 0.86, "aliasing-changed"
            return


def _holding(function: Function) -> str:
    """Whether a function gives what it keeps, or a copy of it; empty when that cannot be told."""
    found = set()
    for each in _returns(function):
        if each.kind == "member" or (each.kind == "name" and each.text.startswith("_")):
            found.add("live")
        elif (
            (each.kind in {"comprehension", "list", "dict"} and each.parts)
            or (each.kind == "call" and each.parts[0].text in _COPIERS)
            or (each.kind == "index" and each.parts[1].kind == "slice")
        ):
            found.add("copy")
        else:
            found.add("")
    return found.pop() if len(found) == 1 else ""


def _in_place(use: Use) -> Iterator[Said]:
    before, after = _changes(use.before), _changes(use.after)
    lost, gained = before - after, after - before
    if use.statement and lost and not after and _returns(use.after):
        said = f"{use.after.name}() returns its {min(lost)} now instead of changing it, and the result is thrown away"
        yield use.call, said, 0.92, "effect-changed"
        return
    names = [each.text for each in use.after.parameters]
    arguments = [each for each in use.call.parts[1:] if each.kind != "keyword"]
    for name in gained & set(names):
        place = names.index(name)
        given = arguments[place] if place < len(arguments) else None
        if given is not None and given.kind in {"name", "member"} and _used_after(use, given):
            said = f"{use.after.name}() now changes its {name} in place, and {shown(given)} is used after it"
            yield use.call, said, 0.82, "effect-changed"
            return


def _used_after(use: Use, given: Term) -> bool:
    return any(each.key == given.key and each.line > use.call.line for each in walk(use.changed.term))


def _changes(function: Function) -> frozenset[str]:
    """The parameters, and attributes of what it is bound to, that a function changes in place."""
    names = {each.text for each in function.parameters}
    found: set[str] = set()
    for each in walk(function.body):
        target: Term | None = None
        if (each.kind == "call" and each.parts[0].kind == "member" and each.parts[0].text in _MUTATORS) or (
            each.kind in {"assign", "delete"} and each.parts and each.parts[0].kind in {"index", "member"}
        ):
            target = each.parts[0].parts[0]
        if (
            target is not None
            and target.kind == "name"
            and target.text in names
            and not _rebound(function, target.text)
        ):
            found.add(target.text)
    return frozenset(found)


def _rebound(function: Function, name: str) -> bool:
    return any(
        each.kind == "assign" and each.parts[0].kind == "name" and each.parts[0].text == name
        for each in walk(function.body)
    )


# What is left out.


def _filtered(use: Use) -> Iterator[Said]:
    added = _conditions(use.after) - _conditions(use.before)
    gone = _conditions(use.before) - _conditions(use.after)
    if bool(added) == bool(gone):
        return
    way = "leaves some out now" if added else "gives more than it did"
    words = {word for _, texts in added for word in texts}
    for value in use.elements:
        above = use.above.get(id(value))
        named = above is not None and above.kind == "member" and above.text in words
        around = use.above.get(id(above)) if above is not None else None
        if (
            named
            and around is not None
            and around.kind == "compare"
            and any(each.text in words for each in around.parts if each is not above)
        ):
            yield around, f"{use.after.name}() leaves out now what {shown(around)} asks for", 0.88, "filtered-out"
            return
    for value, above in use.around():
        place = above
        while place.kind == "call" and place.parts[0].text in {"list", "tuple"} and len(place.parts) == 2:
            place = use.above.get(id(place), Term("other"))
        counted = place.kind == "call" and place.parts[0].text in _MEASURES
        sized = above.kind == "member" and above.text == "length"
        if counted or sized:
            yield above, f"{use.after.name}() {way}, and they are counted here", 0.72, "filtered-out"
            return
        if above.kind == "binary" and added:
            yield above, f"{use.after.name}() {way}, and {shown(above)} counts on all of them", 0.7, "filtered-out"
            return
        del value


def _grown(use: Use) -> Iterator[Said]:
    """Something more at the end of what is given: a terminator, a total, a header."""
    old = {each.key for each in _outer_puts(use.before)}
    new = [each for each in _outer_puts(use.after) if each.key not in old]
    grew = len(_outer_puts(use.after)) > len(_outer_puts(use.before))
    if not new or not grew or not any(_puts(each) for each in walk(use.before.body)):
        return
    for _, above in use.around():
        counted = above.kind == "call" and above.parts[0].text in _MEASURES
        if counted or (above.kind == "index" and above.parts[1].kind in {"unary", "slice"}) or above.text == "length":
            yield above, f"{use.after.name}() gives one more now: {shown(new[0])}", 0.84, "filtered-out"
            return
    if use.elements:
        yield (
            use.call,
            f"{use.after.name}() gives one more now, {shown(new[0])}, which is gone through here",
            0.72,
            "filtered-out",
        )


def _outer_puts(function: Function) -> list[Term]:
    """What a function adds to a list, or yields, once for each call of it."""
    return [each for each in function.body.parts if _puts(each)]


def _puts(term: Term) -> bool:
    adds = term.kind == "call" and term.parts[0].kind == "member" and term.parts[0].text in {"append", "push", "insert"}
    return adds or (term.kind == "yield" and not term.text)


# What is tried again.


def _tried_twice(use: Use) -> Iterator[Said]:
    if _tries(use.after.body) and not _tries(use.before.body):
        place = use.above.get(id(use.call))
        seen = set[str]()
        while place is not None:
            seen.add(place.kind)
            place = use.above.get(id(place))
        again = "try" in seen and bool(seen & {"for", "while"})
        inner = use.above.get(id(use.call))
        while inner is not None and inner.kind != "function":
            inner = use.above.get(id(inner))
        handed = (
            inner is not None
            and (outer := use.above.get(id(inner))) is not None
            and outer.kind == "call"
            and _RETRY.search(shown(outer.parts[0]))
        )
        if again or handed:
            said = f"{use.after.name}() tries again by itself now, and is tried again here, too"
            yield use.call, said, 0.86, "doubled-concern"


_RETRY = re.compile(r"retr|again|attempt|tries|repeat", re.IGNORECASE)


def _tries(body: Term) -> bool:
    loops = [each for each in walk(body) if each.kind in {"for", "while"} and len(each.parts) > 1]
    return any(part.kind == "try" for each in loops for part in walk(each))


# What must be done before.


def _unready(use: Use) -> Iterator[Said]:
    """A new refusal of a method for as long as nobody has called another one."""
    old = {each.key for each in walk(use.before.body)}
    owner = use.side.other.tree.class_at(f"{use.after.path}#{use.after.owner}")
    for each in use.after.body.parts if owner is not None else ():
        if each.kind != "if" or each.key in old or not any(part.kind == "raise" for part in each.parts[1].parts):
            continue
        name = _asked_attribute(each.parts[0])
        start = owner.fields.get(name) if owner is not None and name else None
        falsy = start is not None and start.parts and (start.parts[0].kind, start.parts[0].text) in _FALSE
        if not falsy or owner is None:
            continue
        makers = {
            m.name for m in owner.methods.values() if m.name not in {"__init__", "constructor"} and _sets(m, name)
        }
        if not any(part.kind == "member" and part.text in makers for part in walk(use.changed.term)) and not _entered(
            use, makers
        ):
            first = " or ".join(sorted(makers)) or name
            said = f"{use.after.name}() refuses now until {first} is called, which is not done here"
            yield use.call, said, 0.85, "precondition-added"
            return


def _asked_attribute(test: Term) -> str:
    held = test.parts[0] if test.kind in {"not", "compare"} else test
    empty = test.kind == "not" or (
        test.kind == "compare" and test.text in {"is", "=="} and (test.parts[1].kind, test.parts[1].text) in _FALSE
    )
    return held.text if empty and held.kind == "member" and held.parts[0].text == "self" else ""


def _sets(method: Function, name: str) -> bool:
    return any(
        each.kind == "assign" and each.parts[0].kind == "member" and each.parts[0].text == name
        for each in walk(method.body)
    )


def _entered(use: Use, makers: set[str]) -> bool:
    return "__enter__" in makers and any(each.kind == "with" for each in walk(use.changed.term))


def _conditions(function: Function) -> frozenset[tuple[int, tuple[str, ...]]]:
    """The conditions under which values are taken or left out, with the attributes that they name."""
    found = set()
    for each in walk(function.body):
        tests: tuple[Term, ...] = ()
        if each.kind == "comprehension":
            tests = tuple(part for clause in each.parts[1:] if clause.kind == "if" for part in clause.parts)
        elif each.kind == "if" and len(each.parts) > 1 and any(part.kind == "jump" for part in walk(each.parts[1])):
            tests = each.parts[:1]
        elif each.kind == "call" and each.parts[0].text == "filter":
            tests = each.parts[1:2]
        for test in tests:
            words = tuple(sorted({part.text for part in walk(test) if part.kind in {"member", "string"}}))
            if words:
                found.add((test.key, words))
    return frozenset(found)


# What is not given.


def _default(use: Use) -> Iterator[Said]:
    given = {each.text for each in use.call.parts[1:] if each.kind == "keyword"}
    placed = sum(each.kind not in {"keyword", "spread"} for each in use.call.parts[1:])
    if any(each.kind == "spread" for each in use.call.parts[1:]):
        return
    olds = {each.text: each for each in use.before.parameters}
    for place, each in enumerate(use.after.parameters):
        old = olds.get(each.text)
        left_out = each.text not in given and (place >= placed or "keyword" in each.flags)
        if old is None or not old.parts or not each.parts or not left_out or old.parts[0].key == each.parts[0].key:
            continue
        was, now = old.parts[0], each.parts[0]
        if {was.kind, now.kind} <= {"number", "string", "bool", "none", "unary"}:
            said = (
                f"{use.after.name}() takes {shown(now)} for {each.text} now, not {shown(was)}, and it is not given here"
            )
            yield use.call, said, 0.62 if "none" in {was.kind, now.kind} else 0.8, "default-changed"
            return


# What must come first.


def _guarded(use: Use) -> Iterator[Said]:
    """A new refusal that this very call runs into."""
    old = {each.key for each in walk(use.before.body)}
    names = [each.text for each in use.after.parameters]
    for each in use.after.body.parts:
        if each.kind != "if" or each.key in old or not any(part.kind == "raise" for part in each.parts[1].parts):
            continue
        test = each.parts[0]
        if test.kind == "compare" and test.parts[0].kind == "name" and test.parts[0].text in names:
            place = names.index(test.parts[0].text)
            given = use.call.parts[1:][place] if place < len(use.call.parts) - 1 else None
            if given is not None and _holds(given, test.text, test.parts[1]):
                said = f"{use.after.name}() refuses {shown(given)} for its {names[place]} now"
                yield use.call, said, 0.92, "precondition-added"
                return


def _holds(left: Term, sign: str, right: Term) -> bool:
    one, other = _figure(left), _figure(right)
    if one is not None and other is not None:
        return {
            "<": one < other,
            "<=": one <= other,
            ">": one > other,
            ">=": one >= other,
            "==": one == other,
            "!=": one != other,
        }.get(sign, False)
    if (
        right.kind in {"tuple", "list", "set"}
        and left.kind == "string"
        and all(each.kind == "string" for each in right.parts)
    ):
        return (left.text in {each.text for each in right.parts}) == (sign == "in") and sign in {"in", "not in"}
    return False


def _figure(term: Term) -> float | None:
    sign = 1.0
    if term.kind == "unary" and term.text == "-":
        sign, term = -1.0, term.parts[0]
    try:
        return sign * float(term.text) if term.kind == "number" else None
    except ValueError:
        return None


_RULES: tuple[Callable[[Use], Iterator[Said]], ...] = (
    _signal, _order, _scale, _form, _alias, _in_place, _filtered, _grown, _default, _guarded, _tried_twice, _unready,
)  # fmt: skip
