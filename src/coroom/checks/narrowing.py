"""What is known of names where a test holds, or where it does not."""

from coroom.checks.program import Program
from coroom.checks.shapes import NONE, UNKNOWN, Names, Shape, union
from coroom.syntax import Class, Module, Term

_BUILT_IN = frozenset({"int", "str", "float", "bool", "bytes", "list", "dict", "set"})


def narrow(program: Program, module: Module, test: Term, names: Names, *, holds: bool) -> None:
    """Keep in `names` what is known of them where a test of the module holds, or where it does not."""
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
    if right.kind == "none":
        is_none = (test.text in {"is", "=="}) == holds
        names[left.text] = NONE if is_none else names[left.text].without_none()
    elif test.text in {"==", "in"} and holds:
        names[left.text] = names[left.text].without_none()


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
