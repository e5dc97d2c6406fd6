"""What is known of names where a test holds, or where it does not."""

from coroom.checks.inference.shapes import NONE, UNKNOWN, Names, Shape, union
from coroom.checks.program import Program
from coroom.syntax import Class, Module, Term, shown, walk

_BUILT_IN = frozenset({"int", "str", "float", "bool", "bytes", "list", "dict", "set"})


def narrow(program: Program, module: Module, test: Term, names: Names, *, holds: bool) -> None:
    """Keep in `names` what is known of them where a test of the module holds, or where it does not."""
    for each in walk(test):
        if each.kind == "member":
            names[asked_for(each)] = NONE
    match test.kind:
        case "not":
            narrow(program, module, test.parts[0], names, holds=not holds)
        case "and" if holds:
            for each in test.parts:
                narrow(program, module, each, names, holds=True)
        case "or" if not holds:
            for each in test.parts:
                narrow(program, module, each, names, holds=False)
        case "name" if holds and test.text in names:
            names[test.text] = names[test.text].without_none()
        case "assign" if holds and test.parts[0].kind == "name" and len(test.parts) > 1:
            names[test.parts[0].text] = names.get(test.parts[0].text, UNKNOWN).without_none()
        case "compare":
            _compared(program, module, test, names, holds=holds)
        case "call" if holds and test.parts[0].text == "isinstance" and len(test.parts) == 3:
            _of_class(program, module, test.parts[1], test.parts[2], names)


def _compared(program: Program, module: Module, test: Term, names: Names, *, holds: bool) -> None:
    left, right = test.parts
    if left.kind == "assign":
        left = left.parts[0]
    if test.text == "instanceof" and holds:
        _of_class(program, module, left, right, names)
    if left.kind != "name" or left.text not in names:
        return
    held = names[left.text]
    if right.kind == "string" and test.text in {"==", "!="} and held.kind == "str" and held.keys:
        names[left.text] = _one_of(held, right.text, said=(test.text == "==") == holds)
    if right.kind == "none":
        is_none = (test.text in {"is", "=="}) == holds
        names[left.text] = NONE if is_none else names[left.text].without_none()
    elif test.text in {"==", "in"} and holds:
        names[left.text] = names[left.text].without_none()


def _one_of(held: Shape, text: str, *, said: bool) -> Shape:
    left = frozenset({text}) if said else (held.keys or frozenset()) - {text}
    return Shape("str", "", (), left) if left else Shape("never")


def other_than(held: Shape, texts: frozenset[str]) -> Shape:
    """What a text that is one of several can be when it is none of these."""
    if held.kind != "str" or not held.keys:
        return held
    left = held.keys - texts
    return Shape("str", "", (), left) if left else Shape("never")


def asked_for(member: Term) -> str:
    """The name under which it is kept that an attribute was asked for: it is taken not to be nothing from there on."""
    return f"!{shown(member)}"


def _of_class(program: Program, module: Module, subject: Term, wanted: Term, names: Names) -> None:
    if subject.kind != "name":
        return
    found = []
    for each in wanted.parts if wanted.kind == "tuple" else (wanted,):
        meant = program.meaning(each.text, module) if each.kind == "name" else None
        if isinstance(meant, Class):
            found.append(Shape("instance", f"{meant.path}#{meant.name}"))
        else:
            found.append(Shape(each.text) if each.text in _BUILT_IN else UNKNOWN)
    names[subject.text] = union(found)
