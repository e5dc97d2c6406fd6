"""Things of one family that all changed in one way on one side, and a new one of the old kind on the other."""

from collections.abc import Iterator

from coroom.checks.behaviour.descent import descent
from coroom.checks.behaviour.uses import changed_functions
from coroom.checks.finding import Finding
from coroom.checks.inference.shapes import UNKNOWN, Shape
from coroom.checks.sides import Four, Side, functions_of
from coroom.checks.wording import callee_of
from coroom.syntax import Class, Function, Module, Term, shown, walk

Family = tuple[str, str]
_DECORATED = "decorated with"


def families(four: Four) -> Iterator[Finding]:
    """Siblings left behind, overrides that override nothing any more, and callbacks that are called otherwise."""
    for side in four.sides:
        yield from _left_behind(four, side)
        yield from _sent_other(four, side)
        yield from _overriding(four, side)
        yield from _called_back(four, side)
        yield from _handed_over(four, side)
        yield from descent(four, side)


def _kin(function: Function, module: Module) -> Iterator[Family]:
    for mark in function.term.marks:
        called = mark.parts[0] if mark.kind == "call" else mark
        if called.text not in _ORDINARY:
            yield _DECORATED, called.text
    owner = module.classes.get(function.owner)
    if owner is not None and not function.name.startswith("__"):
        for base in owner.bases:
            yield f"{base.text}.{function.name} of", base.text


_ORDINARY = frozenset(
    [
        "property",
        "staticmethod",
        "classmethod",
        "abstractmethod",
        "override",
        "dataclass",
        "cached_property",
        "lru_cache",
        "cache",
        "wraps",
        "overload",
        "setter",
        "contextmanager",
        "fixture",
        "parametrize",
    ]
)


def _left_behind(four: Four, side: Side) -> Iterator[Finding]:
    fresh = [each for each in side.changed if each.before is None and each.function is not None]
    kindred = any(True for each in fresh if each.function is not None for _ in _kin(each.function, each.module))
    moved = _moved(four, side.other) if kindred else {}
    for changed in fresh if moved else ():
        function = changed.function
        assert function is not None
        for kin in _kin(function, changed.module):
            if kin not in moved:
                continue
            (old_count, new_count), (old_shape, new_shape), names, gained = moved[kin]
            count = len(function.parameters)
            lacks = gained and not any(each.text == gained for each in function.parameters)
            shape = _form(side.reading.returns(function))
            if (
                old_count != new_count
                and count == old_count
                and not any("rest" in each.flags for each in function.parameters)
            ):
                said = f"{function.name} takes {count}; all else that is {kin[0]} {kin[1]} takes {new_count} now"
            elif old_shape != new_shape and shape == old_shape:
                said = (
                    f"{function.name} returns {old_shape}; all else that is {kin[0]} {kin[1]} returns {new_shape} now"
                )
            elif lacks and not any("rest" in each.flags for each in function.parameters):
                said = f"{function.name} does not take {gained}; all else that is {kin[0]} {kin[1]} is given it now"
            else:
                continue
            yield four.finding(side, "interface-drift", changed.module.path, function.line, function.name, said,
                               about=names, sure=0.9)  # fmt: skip
            break


_Moved = tuple[tuple[int, int], tuple[str, str], tuple[str, ...], str]
"""How many parameters, what is returned, who shows it, and the parameter that a changed decorator fills now."""


def _moved(four: Four, side: Side) -> dict[Family, _Moved]:
    """The families whose members a side all changed in the same way."""
    found: dict[Family, list[tuple[Function, Function]]] = {}
    for path in _python_or_script(four, side):
        base, after = four.base.module(path), side.tree.module(path)
        if base is None or after is None:
            continue
        news = functions_of(after)
        for name, old in functions_of(base).items():
            for kin in _kin(old, base):
                new = news.get(name)
                if new is not None:
                    found.setdefault(kin, []).append((old, new))
    result: dict[Family, _Moved] = {}
    decorators = {each.function.name for each in side.changed if each.function is not None and each.before is not None}
    for kin, pairs in found.items():
        if not any(old.term.key != new.term.key for old, new in pairs):
            continue
        counts = {(len(old.parameters), len(new.parameters)) for old, new in pairs}
        shapes = {(_form(four.before.returns(old)), _form(side.reading.returns(new))) for old, new in pairs}
        count = counts.pop() if len(counts) == 1 else (0, 0)
        shape = shapes.pop() if len(shapes) == 1 else ("", "")
        shape = ("", "") if "" in shape or "unknown" in shape else shape
        gained = _gained(pairs) if kin[0] == _DECORATED and kin[1] in decorators else ""
        if count[0] != count[1] or shape[0] != shape[1] or gained:
            result[kin] = (count, shape, tuple(f"{new.path}#{new.qualname}" for _, new in pairs[:3]), gained)
    return result


def _gained(pairs: list[tuple[Function, Function]]) -> str:
    """The parameter that each of these newly demands, at one place in all of them; nothing where there is none."""
    fresh = [
        {(place, each.text) for place, each in enumerate(new.parameters) if "required" in each.flags
         and all(each.text != one.text for one in old.parameters)}
        for old, new in pairs
    ]  # fmt: skip
    return min((name for _, name in set.intersection(*fresh)), default="") if len(pairs) > 1 else ""


def _python_or_script(four: Four, side: Side) -> Iterator[str]:
    yield from side.paths
    # The rest of a family may stand in files that the side did not touch.
    marks = {
        mark.parts[0].text if mark.kind == "call" else mark.text
        for path in side.paths
        if (m := four.base.module(path)) is not None
        for f in m.every_function()
        for mark in f.term.marks
    }
    raw = [mark.encode() for mark in marks - _ORDINARY if mark]
    for path, text in four.base.texts.items() if raw else ():
        if path not in side.paths and any(mark in text for mark in raw):
            yield path


def _form(shape: Shape) -> str:
    """A shape as far as its kind and size go."""
    if shape == UNKNOWN:
        return ""
    sizes = {len(each.of) for each in shape.options if each.kind == "tuple" and each.of}
    if len(sizes) == 1 and all(each.kind == "tuple" for each in shape.options):
        return f"a tuple of {sizes.pop()}"
    return "" if shape.kind in {"union", "never"} else str(Shape(shape.kind, shape.ref))


def _overriding(four: Four, side: Side) -> Iterator[Finding]:
    """New methods that override what is gone, and new members that both sides gave one name up and down a class."""
    for changed in side.changed:
        function = changed.function
        if function is None or not function.owner or changed.before is not None or function.name.startswith("__"):
            continue
        own_module = side.tree.module(changed.module.path)
        mine = own_module.classes.get(function.owner) if own_module is not None else None
        both = changed.module.classes.get(function.owner)
        if mine is None or both is None:
            continue
        then = _above(side, mine, function.name)
        bases, _ = four.merged.bases_of(both)
        now = next((base for base in bases if function.name in base.methods), None)
        if then is not None and now is None and then in {base.name for base in bases}:
            said = f"{function.qualname} overrides nothing any more: {then} has no {function.name}"
            yield four.finding(side, "interface-drift", changed.module.path, function.line, function.qualname, said,
                               about=tuple(f"{base.path}#{base.name}" for base in bases), sure=0.93)  # fmt: skip
        elif then is None and now is not None and side.base.class_at(f"{now.path}#{now.name}") is not None:
            said = f"{function.qualname} overrides {now.name}.{function.name}, which the other side added meanwhile"
            yield four.finding(side, "interface-drift", changed.module.path, function.line, function.qualname, said,
                               about=(f"{now.path}#{now.name}.{function.name}",), sure=0.85)  # fmt: skip


def _above(side: Side, owner: Class, name: str) -> str | None:
    return next((base.name for base in side.tree.bases_of(owner)[0] if name in base.methods), None)


def _called_back(four: Four, side: Side) -> Iterator[Finding]:
    """Functions newly handed to a module that now calls what it is handed with other arguments."""
    other = side.other
    for path in other.paths if _hands_functions(side) else ():
        base, after = four.base.module(path), other.tree.module(path)
        if base is None or after is None:
            continue
        olds, news = _hands_on(base), _hands_on(after)
        if olds == news:
            yield from _handed_other(four, side, path)
        if len(olds) != 1 or len(news) != 1 or olds == news:
            continue
        (old,), (new,) = olds, news
        names = {*after.functions, *(name for each in after.classes.values() for name in each.methods)}
        for changed in side.changed:
            yield from _handed(four, side, changed.module, changed.new_terms(), names, old, new, path)


def _hands_functions(side: Side) -> bool:
    """Whether a side newly gives a function, or something under a name, to what it calls."""
    return any(
        part.kind in {"function", "name"} for each in side.changed for term in each.new_terms() if term.kind == "call"
        for part in term.parts[1:]
    )  # fmt: skip


def _handed_other(four: Four, side: Side, path: str) -> Iterator[Finding]:
    """Functions newly handed to a module that now gives a part of what it gave, or what it gave as a part, to them."""
    base, after = four.base.module(path), side.other.tree.module(path)
    assert base is not None
    assert after is not None
    olds, news = _given_on(base), _given_on(after)
    gone, come = (
        [each for key, each in one.items() if key not in other] for one, other in ((olds, news), (news, olds))
    )
    if len(gone) != 1 or len(come) != 1 or not _is_part(gone[0], come[0]):
        return
    names = {*after.functions, *(name for each in after.classes.values() for name in each.methods)}
    for changed in side.changed:
        for each in changed.new_terms():
            if each.kind != "call" or each.parts[0].text not in names:
                continue
            for function in [given for given in each.parts[1:] if given.kind == "function" and given.parts]:
                first = function.parts[0]
                asked = first.kind == "parameter" and any(
                    part.kind in {"member", "index"} and part.parts[0].text == first.text for part in walk(function)
                )
                if asked or (first.kind == "parameter" and first.marks):
                    said = f"what {each.parts[0].text}() is given is called with {shown(come[0])} now"
                    yield four.finding(
                        side, "callback-drift", changed.module.path, each.line, each.parts[0].text, said,
                        about=(f"{path}#{each.parts[0].text}",), sure=0.88,
                    )  # fmt: skip
                    return


def _sent_other(four: Four, side: Side) -> Iterator[Finding]:
    """Something else is sent under a name now, and a new listener for that name works with what was sent before."""
    sent: dict[tuple[str, str], tuple[Term, str]] = {}
    for each in side.other.changed:
        if each.function is None or each.before is None:
            continue
        had, known = dict(_sendings(each.module, each.before)), {part.key for part in walk(each.before.body)}
        for at, now in _sendings(each.module, each.function):
            was = had.get(at)
            # What was there before under its own name is no other name for the same thing.
            if was is not None and was.key != now.key and now.key in known:
                sent[at] = (now, f"{each.module.path}#{each.within}")
    for changed in side.changed if sent else ():
        calls = [term for term in walk(changed.term) if term.kind == "call"]
        for call in calls:
            listened = _first_literal(changed.module, call)
            if listened is None or listened not in sent:
                continue
            # A decorator's handler, or one that is handed over by a call of what was given.
            around = next((outer for outer in calls if outer.parts[0] is call), call)
            if any(_works_with(part) for part in around.parts[1:] if part.kind == "function" and part.parts):
                now, ref = sent[listened]
                said = f'{shown(now)} is sent under "{listened[1]}" now; this listener works with what was sent before'
                yield four.finding(
                    side, "callback-drift", changed.module.path, call.line, listened[1], said, about=(ref,), sure=0.82
                )
                return


def _sendings(module: Module, function: Function) -> Iterator[tuple[tuple[str, str], Term]]:
    """What a function hands over under a literal, to a function of another file, where it is one thing."""
    for each in walk(function.body):
        at = _first_literal(module, each) if each.kind == "call" and len(each.parts) == 3 else None
        if at is not None:
            given = each.parts[2]
            yield at, given.parts[0] if given.kind == "keyword" else given


def _first_literal(module: Module, call: Term) -> tuple[str, str] | None:
    """The file whose function is called and the literal that it is given first."""
    holder = callee_of(call, module).partition("#")[0]
    literal = call.parts[1] if len(call.parts) > 1 and call.parts[1].kind == "string" else None
    return (holder, literal.text) if holder and literal is not None else None


def _works_with(function: Term) -> bool:
    """Whether a function asks its first parameter for something, or calculates with it."""
    first = function.parts[0]
    return first.kind == "parameter" and any(
        each.kind in {"member", "index", "binary", "compare"} and any(part.text == first.text for part in each.parts)
        for each in walk(function)
    )


def _is_part(old: Term, new: Term) -> bool:
    """Whether the one is a member or an entry of the other, or holds it."""
    return any(
        held.kind in {"member", "index", "dict", "list", "tuple"} and any(each.key == one.key for each in walk(held))
        for one, held in ((old, new), (new, old))
        if one.key != held.key
    )


def _given_on(module: Module) -> dict[int, Term]:
    """What a module gives first to what it was handed, by the key of the term."""
    found: dict[int, Term] = {}
    for function in module.every_function():
        for call in _calls_of_handed(function):
            if len(call.parts) == 2:
                found[call.parts[1].key] = call.parts[1]
    return found


def _handed(
    four: Four, side: Side, module: Module, terms: Iterator[Term], names: set[str], old: int, new: int, path: str
) -> Iterator[Finding]:
    for each in terms:
        if each.kind != "call" or each.parts[0].text not in names:
            continue
        for given in each.parts[1:]:
            function = given if given.kind == "function" else None
            if given.kind == "name" and given.text in module.functions:
                function = module.functions[given.text].term
            if function is None:
                continue
            parameters = [part for part in function.parts[:-1] if part.kind == "parameter"]
            if any(part.flags & {"rest"} for part in parameters):
                continue
            if len(parameters) == old and (len(parameters) != new):
                said = f"what {each.parts[0].text}() is given is called with {new} arguments now, and takes {old}"
                sure = 0.9 if module.language == "python" or len(parameters) > new else 0.7
                yield four.finding(
                    side, "callback-drift", module.path, given.line or each.line, each.parts[0].text, said,
                    about=(f"{path}#{each.parts[0].text}",), sure=sure,
                )  # fmt: skip
                return


_ARRAY = frozenset({"map", "forEach", "filter", "flatMap", "some", "every", "find", "findIndex"})


def _handed_over(four: Four, side: Side) -> Iterator[Finding]:
    """A function newly handed to another one by its name, which needs other arguments now."""
    moved = {ref: pair for ref, pair in changed_functions(side.other).items() if not pair[1].owner}
    for changed in side.changed if moved else ():
        for call in changed.new_terms():
            for given in call.parts[1:] if call.kind == "call" else ():
                value = given.parts[0] if given.kind == "keyword" else given
                meant = four.merged.meaning(value.text, changed.module) if value.kind == "name" else None
                ref = f"{meant.path}#{meant.qualname}" if isinstance(meant, Function) else ""
                if ref not in moved:
                    continue
                old, new = (sum("required" in each.flags for each in part.parameters) for part in moved[ref])
                filled = (
                    call.parts[0].text in _ARRAY and len(moved[ref][1].parameters) > len(moved[ref][0].parameters) == 1
                )
                if new > old or (filled and changed.module.language == "script"):
                    name = moved[ref][1].name
                    said = f"{name} is handed to {call.parts[0].text}() and takes other arguments now"
                    yield four.finding(side, "stale-call", changed.module.path, value.line, name, said,
                                       about=(ref,), sure=0.9)  # fmt: skip
                    return


def _hands_on(module: Module) -> set[int]:
    """With how many arguments a module calls what it was handed: parameters, and what its collections hold."""
    return {len(call.parts) - 1 for function in module.every_function() for call in _calls_of_handed(function)}


def _calls_of_handed(function: Function) -> Iterator[Term]:
    """The calls of a function's parameters, and of what its loops and inner functions take out of collections."""
    names = {each.text for each in function.parameters}
    for each in walk(function.body):
        if each.kind == "for" and each.parts:
            names |= {part.text for part in walk(each.parts[0]) if part.kind == "name"}
        elif each.kind == "function":
            names |= {part.text for part in each.parts[:-1]}
    for each in walk(function.body):
        called = each.kind == "call" and each.parts[0].kind == "name" and each.parts[0].text in names
        if called and not any(part.kind == "spread" for part in each.parts[1:]):
            yield each
