"""What each object had for itself is one for all of them now, and the other side newly changes it in place."""

from collections.abc import Iterator, Mapping

from coroom.checks.behaviour.copies import IN_PLACE, MUTATORS
from coroom.checks.behaviour.uses import classes_changed
from coroom.checks.finding import Finding
from coroom.checks.sides import Changed, Four, Side
from coroom.syntax import Class, Module, Term, walk

_MADE = frozenset({"list", "dict", "set", "defaultdict", "deque", "OrderedDict", "Counter"})


def shared(four: Four, side: Side) -> Iterator[Finding]:
    """Changes in place, newly written by one side, of what the other side made common to all objects of a class."""
    common: dict[str, str] = {}
    for before, after in classes_changed(side.other):
        was, now = side.base.module(before.path), side.other.tree.module(after.path)
        if was is None or now is None or now.language != "python":
            continue
        own = _common(before, was)
        common |= {f"{after.path}#{after.name}.{name}": why for name, why in _common(after, now).items()
                   if name not in own and name in before.fields}  # fmt: skip
    for walked in four.walked(side) if common else ():
        new = {id(each) for each in walked.changed.new_terms()}
        for held, ref in walked.both.reads:
            at = next((each for each in _above(walked.changed, held) if id(each) in new), None)
            if ref in common and at is not None and _is_changed(walked.changed, held):
                said = f"{held.text} is {common[ref]} now, which all objects share, and this changes it"
                yield four.finding(
                    side, "aliasing-changed", walked.changed.module.path, held.line or at.line, held.text, said,
                    about=(ref,), sure=0.88,
                )  # fmt: skip
                return


def _common(owner: Class, module: Module) -> Mapping[str, str]:
    """The attributes that hold one collection for all objects of a class, with what that is."""
    found: dict[str, str] = {}
    set_there: set[str] = set()
    for method in owner.methods.values():
        defaults = {each.text: each.parts[0] for each in method.parameters if each.parts}
        for each in walk(method.body):
            target = each.parts[0] if each.kind == "assign" and len(each.parts) > 1 else None
            if target is None or target.kind != "member" or target.parts[0].text not in {"self", "cls"}:
                continue
            set_there.add(target.text)
            value = each.parts[1]
            value = defaults.get(value.text, value) if value.kind == "name" else value
            if value is not each.parts[1] and _is_collection(value):
                found[target.text] = f"the default of {each.parts[1].text}"
            elif value.kind == "name" and _is_bound_to_collection(module, value.text):
                found[target.text] = value.text
    plain = not owner.bases and not owner.term.marks
    for each in owner.term.parts[-1].parts if plain else ():
        name = each.parts[0].text if each.kind == "assign" and len(each.parts) > 1 else each.text
        if each.kind in {"assign", "field"} and each.parts and name not in set_there and _is_collection(each.parts[-1]):
            found[name] = "one of the class"
    return found


def _is_collection(value: Term) -> bool:
    """Whether a value can be changed in place."""
    made = value.kind == "call" and value.parts[0].kind == "name" and value.parts[0].text in _MADE
    return (
        made or value.kind in {"list", "dict", "set"} or (value.kind == "comprehension" and value.text != "generator")
    )


def _is_bound_to_collection(module: Module, name: str) -> bool:
    bound = module.values.get(name)
    return bound is not None and len(bound.parts) > 1 and _is_collection(bound.parts[1])


def _above(changed: Changed, held: Term) -> Iterator[Term]:
    """A term with the two that are around it."""
    around: Term | None = held
    for _ in range(3):
        if around is None:
            return
        yield around
        around = changed.above.get(id(around))


def _is_changed(changed: Changed, held: Term) -> bool:
    """Whether what a term holds is changed in place."""
    _, *outer = _above(changed, held)
    around, call = [*outer, None, None][:2]
    if around is None:
        return False
    if around.kind == "member":
        return around.text in MUTATORS and call is not None and call.kind == "call" and call.parts[0] is around
    if around.kind == "index" and around.parts[0] is held:
        return call is not None and call.kind in {"assign", "delete"} and call.parts[0] is around
    if around.kind == "call":
        return around.parts[0].text in IN_PLACE and held in around.parts[1:]
    return around.kind == "assign" and around.parts[0] is held and around.text not in {"=", "as"}
