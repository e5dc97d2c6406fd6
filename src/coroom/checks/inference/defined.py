"""Calls of what a program defines: whether they fill the parameters, whether arguments fit, what they give."""

from coroom.checks.inference.abilities import has
from coroom.checks.inference.checker import Checker
from coroom.checks.inference.fitting import call_fits, fits_into
from coroom.checks.inference.reading import attributes_on
from coroom.checks.inference.shapes import UNKNOWN, Shape
from coroom.syntax import Class, Function, Term

Arguments = list[Shape]
"""What is known of the arguments of a call, in their order."""


def defined(checker: Checker, term: Term, known: Shape, arguments: Arguments) -> Shape:
    """The shape of a call of what the program defines, or of a value; what does not hold about it is doubted."""
    if known.kind in {"function", "class"} and not checker.is_silent:
        checker.calls.append((term, known.ref))
    if known.kind == "function":
        function = checker.reading.function_at(known.ref)
        if function is None:
            return UNKNOWN
        unbound = _is_unbound(checker, term, function)
        given = (
            (Term("parameter", "self", flags=frozenset({"required"})), *function.parameters)
            if unbound
            else function.parameters
        )
        _fits(checker, term, function, given, known.ref)
        _arguments_fit(checker, term, function.path, given, arguments, function)
        return checker.reading.returns(function)
    if known.kind == "class":
        return _made(checker, term, known, arguments)
    for each in known.options:
        if each.kind in _SELDOM_CALLED:
            checker.need(each, "call", term.parts[0])
    return UNKNOWN


_SELDOM_CALLED = frozenset(
    {"int", "str", "bool", "float", "none", "list", "dict", "record", "array", "tuple", "instance"}
)


def _is_unbound(checker: Checker, term: Term, function: Function) -> bool:
    """`Class.method(instance)`."""
    called = term.parts[0]
    if not function.owner or called.kind != "member" or function.flags & {"static", "class"} or checker.script:
        return False
    meant = checker.program.meaning(called.parts[0].text, checker.module) if called.parts[0].kind == "name" else None
    return isinstance(meant, Class)


def _fits(checker: Checker, term: Term, function: Function, given: tuple[Term, ...], ref: str) -> None:
    decorated = any(each.text not in _TRANSPARENT for each in function.term.marks if each.kind != "call")
    if decorated or "overload" in function.flags or "getter" in function.flags:
        return
    if not call_fits(term, given, script=checker.script):
        shown = ", ".join(each.text for each in given)
        said = f"{function.name}({shown}) is not called so that its parameters are filled"
        checker.doubt("stale-call", term, function.name, said, (ref,), 0.97)


_TRANSPARENT = frozenset(
    {"staticmethod", "classmethod", "abstractmethod", "override", "final", "lru_cache", "cache", "wraps", "property"}
)


def _made(checker: Checker, term: Term, known: Shape, arguments: Arguments) -> Shape:
    owner = checker.program.class_at(known.ref)
    if owner is None:
        return UNKNOWN
    given, home = checker.reading.maker(owner)
    made = Shape("instance", known.ref)
    if owner.is_enum:
        return made
    if given is not None and not any(each.text == "metaclass" for each in owner.term.bases if each.kind == "keyword"):
        if not call_fits(term, given, script=checker.script):
            shown = ", ".join(each.text for each in given)
            said = f"{owner.name}({shown}) is not made with what it needs"
            checker.doubt("stale-call", term, owner.name, said, (known.ref, f"{known.ref}.__init__"), 0.97)
        _arguments_fit(checker, term, home.path, given, arguments, home.methods.get("__init__"))
    lacking = unfinished(checker, owner)
    if lacking:
        said = f"{owner.name} is made and does not define {lacking[0]}"
        checker.doubt(
            "interface-drift", term, owner.name, said, (known.ref, *(f"{known.ref}.{name}" for name in lacking)), 0.95
        )
    return made


def unfinished(checker: Checker, owner: Class) -> list[str]:
    """The abstract methods that a class inherits and leaves undefined."""
    bases = checker.program.bases_of(owner)[0]
    done = set(owner.methods) | set(owner.fields)
    lacking = [
        name
        for name, each in owner.methods.items()
        if "abstract" in each.flags and not owner.term.flags & {"interface"}
    ]
    for base in bases:
        interface = "interface" in base.term.flags
        for name, each in base.methods.items():
            if name not in done and is_abstract(each, interface=interface):
                lacking.append(name)
            done.add(name)
        for name, part in base.fields.items():
            if interface and "required" in part.flags and name not in done:
                lacking.append(name)
    return sorted(set(lacking))


def is_abstract(function: Function, *, interface: bool) -> bool:
    """Whether a method is there to be defined by others."""
    if "abstract" in function.flags or interface:
        return True
    body = [each for each in function.body.parts if each.kind not in {"string", "other"}]
    only = body[0] if len(body) == 1 else None
    if only is None or only.kind != "raise" or not only.parts:
        return False
    held = only.parts[0].parts[0] if only.parts[0].kind == "call" else only.parts[0]
    return held.text == "NotImplementedError"


def _arguments_fit(
    checker: Checker, term: Term, path: str, given: tuple[Term, ...], arguments: Arguments, function: Function | None
) -> None:
    """Each argument against what its parameter is said or seen to need."""
    home = checker.program.module(path)
    if home is None or any(each.kind == "spread" for each in term.parts[1:]):
        return
    by_name = {each.text: each for each in given}
    places = [each for each in given if not each.flags & {"keyword", "rest", "options"}]
    place = 0
    for argument, found in zip(term.parts[1:], arguments, strict=True):
        if argument.kind == "keyword":
            target, value = by_name.get(argument.text), argument.parts[0]
        else:
            target, value = (places[place] if place < len(places) else None), argument
            place += 1
        if target is None:
            continue
        wanted = checker.reading.notes.shape(target.note, home)
        if wanted != UNKNOWN:
            fits_into(checker, value, value, found, wanted)
        elif function is not None and target.text:
            _needed(checker, value, found, function, target.text)


def _needed(checker: Checker, at: Term, found: Shape, function: Function, name: str) -> None:
    """The attributes that an unannotated parameter is asked for, on what is given for it."""
    if found == UNKNOWN:
        return
    for attribute in sorted(attributes_on(function.body, name)):
        for each in found.options:
            if each.kind != "none" and has(each, attribute, checker.program, script=checker.script) is False:
                said = f"{function.name}() uses .{attribute} of its {name}, which a {each} has not"
                about = (f"{function.path}#{function.qualname}",)
                checker.doubt("type-changed", at, function.name, said, about, 0.9)
                return
