"""A text that one side brings into a normal form before it is kept, and words of the other side in another form."""

from collections.abc import Callable, Iterator, Mapping

from coroom.checks.behaviour.texts import CASES
from coroom.checks.behaviour.uses import returned_by
from coroom.checks.finding import Finding
from coroom.checks.inference.reading import Reading
from coroom.checks.program import Program
from coroom.checks.sides import Changed, Four, Side
from coroom.syntax import Class, Function, Module, Term, walk

Step = tuple[str, tuple[str, ...]]
"""What is done to a text, and with which texts."""
Form = tuple[Step, ...]
Field = tuple[str, str]
"""A class as `path#name`, and the name of a field."""

_PLAIN: Mapping[str, Callable[[str], str]] = {**CASES, "strip": str.strip, "trim": str.strip}
_WITH_TEXTS: Mapping[str, tuple[int, Callable[..., str]]] = {
    "replace": (2, str.replace),
    "replaceAll": (2, str.replace),
    "replace the first": (2, lambda text, old, new: text.replace(old, new, 1)),
    "removeprefix": (1, str.removeprefix),
    "removesuffix": (1, str.removesuffix),
    "strip": (1, str.strip),
}
_LOOKING = frozenset({"get", "has", "pop", "includes", "index"})


def in_normal_form(four: Four, side: Side) -> Iterator[Finding]:
    """New look-ups, by a field that the other side keeps in a normal form now, among words that are not in it."""
    forms = _new_forms(four, side.other) if any(_looks_up(each) for each in side.changed) else {}
    for walked in four.walked(side) if forms else ():
        new = {id(each) for each in walked.changed.new_terms()}
        for member, ref in walked.both.reads:
            owner, _, name = ref.rpartition(".")
            form = forms.get((owner, name))
            above = walked.changed.above.get(id(member))
            if form is None or above is None or id(above) not in new:
                continue
            odd = [each for each in _sought(four, walked.changed, member, above) if _applied(form, each) != each]
            if odd:
                said = f'{name} is kept as "{_applied(form, odd[0])}" now, and is looked for here as "{odd[0]}"'
                yield four.finding(
                    side, "representation-changed", walked.changed.module.path, above.line, name, said,
                    about=(ref,), sure=0.88,
                )  # fmt: skip
                return


def _looks_up(changed: Changed) -> bool:
    """Whether a function newly compares an attribute with something, or looks something up by it."""
    return any(
        part.kind == "member"
        for each in changed.new_terms()
        if each.kind in {"compare", "index"} or (each.kind == "call" and each.parts[0].text in _LOOKING)
        for part in each.parts[1 if each.kind in {"call", "index"} else 0 :]
    )


def _applied(form: Form, text: str) -> str:
    for name, given in form:
        text = _WITH_TEXTS[name][1](text, *given) if given else _PLAIN[name](text)
    return text


def _sought(four: Four, changed: Changed, value: Term, above: Term) -> list[str]:
    """The words among which a value is looked for: those that it is compared with, or the keys of a table."""
    held: Term | None = None
    if above.kind == "compare":
        other = next((each for each in above.parts if each is not value), value)
        if above.text in {"==", "!=", "===", "!=="}:
            return [other.text] if other.kind == "string" else []
        held = other
    elif above.kind == "index" and above.parts[1] is value:
        held = above.parts[0]
    elif above.kind == "call" and above.parts[0].kind == "member" and above.parts[0].text in _LOOKING:
        held = above.parts[0].parts[0]
    if held is not None and held.kind == "name":
        bound = four.merged.meaning(held.text, changed.module)
        held = bound.parts[-1] if isinstance(bound, Term) and bound.kind == "assign" else None
    keys = held.parts if held is not None and held.kind in {"dict", "set", "list", "tuple"} else ()
    words = [each.parts[0] if each.kind == "pair" else each for each in keys]
    return [each.text for each in words if each.kind == "string"]


def _new_forms(four: Four, side: Side) -> dict[Field, Form]:
    """The fields that a side, wherever it fills them in the files that it changed, fills in one normal form now, and
    that were filled in none before.
    """
    olds: dict[Field, set[Form]] = {}
    news: dict[Field, set[Form]] = {}
    for path in side.paths:
        for found, reading in ((olds, four.before), (news, side.reading)):
            module = reading.program.module(path)
            if module is not None:
                for field, value in _fillings(reading, module):
                    found.setdefault(field, set()).add(_form(reading.program, module, value))
    return {
        field: form for field, forms in news.items() for form in forms
        if form and len(forms) == 1 and olds.get(field) == {()}
    }  # fmt: skip


def _fillings(reading: Reading, module: Module) -> Iterator[tuple[Field, Term]]:
    """The fields that the functions of a module fill, with what they fill them with."""
    for function in module.every_function():
        for each in walk(function.body):
            if each.kind == "assign" and len(each.parts) > 1 and each.parts[0].kind == "member" and function.owner:
                if each.parts[0].parts[0].text in {"self", "this"}:
                    yield (f"{module.path}#{function.owner}", each.parts[0].text), each.parts[1]
            elif each.kind == "call" and each.parts[0].kind == "name":
                owner = reading.program.meaning(each.parts[0].text, module)
                yield from _given(reading, owner, each) if isinstance(owner, Class) else ()


def _given(reading: Reading, owner: Class, call: Term) -> Iterator[tuple[Field, Term]]:
    """What a class is made with, by the field that it becomes where a data class says so."""
    made, home = reading.maker(owner)
    if made is None or "__init__" in owner.methods or home is not owner:
        return
    places = [each for each in call.parts[1:] if each.kind != "keyword"]
    if any(each.kind == "spread" for each in places):
        return
    filled = [(place.text, value) for place, value in zip(made, places, strict=False)]
    filled += [(each.text, each.parts[0]) for each in call.parts[1:] if each.kind == "keyword"]
    for name, value in filled:
        yield (f"{owner.path}#{owner.name}", name), value


def _form(program: Program, module: Module, value: Term, depth: int = 2) -> Form:
    """What is done to a text before it is given, the first first; empty where that is nothing that is known."""
    if value.kind != "call":
        return ()
    called, given = value.parts[0], value.parts[1:]
    if called.kind == "member":
        step = _step(called.text, given, module)
        return (*_form(program, module, called.parts[0], depth), step) if step is not None else ()
    meant = program.meaning(called.text, module) if called.kind == "name" and len(given) == 1 and depth else None
    if not isinstance(meant, Function) or len(meant.parameters) != 1:
        return ()
    home, returned = program.module(meant.path), returned_by(meant)
    inner = _form(program, home, returned[0], depth - 1) if home is not None and len(returned) == 1 else ()
    return (*_form(program, module, given[0], depth), *inner) if inner else ()


def _step(name: str, given: tuple[Term, ...], module: Module) -> Step | None:
    texts = tuple(each.text for each in given if each.kind == "string")
    if not given:
        return (name, ()) if name in _PLAIN else None
    if module.language == "script" and name.startswith("replace"):
        if any("$" in each for each in texts[1:]):
            return None
        name = "replace the first" if name == "replace" else name
    taken = _WITH_TEXTS[name][0] if name in _WITH_TEXTS else 0
    return (name, texts) if len(texts) == len(given) == taken else None
