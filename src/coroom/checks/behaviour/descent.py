"""What a class asks of those that extend it changed on one side, and the other side newly extends it in the old way."""

from collections.abc import Iterator

from coroom.checks.finding import Finding
from coroom.checks.inference.raising import CANDIDATE_FILES_MAX
from coroom.checks.program import Program
from coroom.checks.sides import Changed, Four, Side
from coroom.syntax import Class, Function, Term, grammar_of, walk

_SELF = frozenset({"self", "this"})


def descent(four: Four, side: Side) -> Iterator[Finding]:
    """Beginnings that are left out, and methods that are defined where another one is asked for now."""
    hooks: dict[tuple[str, str], tuple[str, str]] | None = None
    for changed in side.changed:
        function = changed.function
        owner = changed.module.classes.get(function.owner) if function is not None and function.owner else None
        if function is None or owner is None or changed.before is not None:
            continue
        if function.name == "__init__":
            yield from _without_beginning(four, side, changed, owner, function)
            continue
        if hooks is None:
            hooks = _moved_hooks(side.other)
        yield from _beside_the_hook(four, side, changed, owner, hooks)


def _without_beginning(
    four: Four, side: Side, changed: Changed, owner: Class, function: Function
) -> Iterator[Finding]:  # fmt: skip
    """A new `__init__` that does not begin what is extended, whose beginning the other side needs now."""
    if any(each.kind == "call" and each.parts[0].text == "__init__" for each in walk(function.body)):
        return
    bases = four.merged.bases_of(owner)[0]
    if any("__new__" in each.methods for each in (owner, *bases)):
        return
    for base in bases:
        begun = base.methods.get("__init__")
        if begun is None or (base.path not in side.other.paths):
            continue
        before = four.base.class_at(f"{base.path}#{base.name}")
        if before is None:
            continue
        old = before.methods.get("__init__")
        fresh = _set_on_self(begun) - (_set_on_self(old) if old is not None else frozenset())
        found = fresh - {name for each in (owner, *bases) for name in _of_the_class(each)}
        found -= {name for each in owner.methods.values() for name in _set_on_self(each)}
        reader = _reader(owner, base, found) if found else None
        if reader is not None:
            name, method = reader
            said = f"{owner.name} does not begin {base.name}, whose {method}() uses the {name} that is set there now"
            yield four.finding(
                side, "interface-drift", changed.module.path, function.line, f"{owner.name}.__init__", said,
                about=(f"{base.path}#{base.name}.__init__",), sure=0.9,
            )  # fmt: skip
        return


def _reader(owner: Class, base: Class, names: frozenset[str]) -> tuple[str, str] | None:
    """An attribute that an inherited method reads, with the method."""
    for method in base.methods.values():
        if method.name in owner.methods or method.name == "__init__":
            continue
        own = _set_on_self(method)
        for each in walk(method.body):
            if each.kind == "member" and each.parts[0].text in _SELF and each.text in names - own:
                return each.text, method.name
        for each in walk(method.body):
            counted = each.kind == "assign" and each.text not in {"=", "as"} and each.parts[0].kind == "member"
            if counted and each.parts[0].parts[0].text in _SELF and each.parts[0].text in names:
                return each.parts[0].text, method.name
    return None


def _set_on_self(function: Function) -> frozenset[str]:
    """The attributes of its object that a function sets."""
    return frozenset(
        target.text
        for each in walk(function.body)
        if each.kind == "assign"
        for target in (each.parts[0].parts if each.parts[0].kind == "tuple" else each.parts[:1])
        if target.kind == "member" and target.parts[0].text in _SELF
    )


def _of_the_class(owner: Class) -> Iterator[str]:
    """The names that a class itself gives a value, outside of its methods, or finds by itself."""
    for each in owner.term.parts[-1].parts:
        target = each.parts[0] if each.kind == "assign" and each.parts else each
        if target.kind in {"name", "field"}:
            yield target.text
    yield from owner.methods


def _moved_hooks(side: Side) -> dict[tuple[str, str], tuple[str, str]]:
    """Methods that all who extend a class defined and that they all gave up for another one, which the class itself
    calls from there now: by `path#class` and the old method, the new one and who shows it.
    """
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for path in side.paths:
        base, after = side.base.module(path), side.tree.module(path)
        for name, was in base.classes.items() if base is not None and after is not None else ():
            now = after.classes.get(name) if after is not None else None
            if now is None or now.term.key == was.term.key:
                continue
            for method, old in was.methods.items():
                new = now.methods.get(method)
                called = _asked_of_self(new) - _asked_of_self(old) if new is not None else frozenset[str]()
                for hook in called & (now.methods.keys() - was.methods.keys()):
                    example = _all_moved(side, f"{path}#{name}", method, hook)
                    if example:
                        found[f"{path}#{name}", method] = hook, example
    return found


def _all_moved(side: Side, ref: str, method: str, hook: str) -> str:
    """One of those that defined a method and define another one now; nothing when one has not followed, or when too
    many files may have one.
    """
    word = method.encode()
    others = [
        path for path, text in side.base.texts.items()
        if word in text and path not in side.paths and grammar_of(path) is not None
    ]  # fmt: skip
    if len(others) > CANDIDATE_FILES_MAX:
        return ""
    moved = ""
    for path in (*side.paths, *others):
        base, after = side.base.module(path), side.tree.module(path)
        for name, was in base.classes.items() if base is not None else ():
            if method not in was.methods or not _extends(side.base, was, ref):
                continue
            now = after.classes.get(name) if after is not None else None
            if now is None or method in now.methods or hook not in now.methods:
                return ""
            moved = moved or f"{path}#{name}.{hook}"
    return moved


def _extends(program: Program, owner: Class, ref: str) -> bool:
    return any(f"{each.path}#{each.name}" == ref for each in program.bases_of(owner)[0])


def _asked_of_self(function: Function) -> frozenset[str]:
    """The methods that a method calls on its own object."""
    return frozenset(
        each.parts[0].text
        for each in walk(function.body)
        if each.kind == "call" and each.parts[0].kind == "member" and _is_self(each.parts[0].parts[0])
    )


def _is_self(term: Term) -> bool:
    return term.kind == "name" and term.text in _SELF


def _beside_the_hook(
    four: Four, side: Side, changed: Changed, owner: Class, hooks: dict[tuple[str, str], tuple[str, str]]
) -> Iterator[Finding]:  # fmt: skip
    function = changed.function
    assert function is not None
    for base in four.merged.bases_of(owner)[0] if hooks else ():
        hook, example = hooks.get((f"{base.path}#{base.name}", function.name), ("", ""))
        if hook and hook not in owner.methods:
            said = (
                f"{function.qualname} hides what {base.name}.{function.name} does now; all else defines {hook} instead"
            )
            yield four.finding(
                side, "interface-drift", changed.module.path, function.line, function.qualname, said,
                about=(example, f"{base.path}#{base.name}.{function.name}"), sure=0.88,
            )  # fmt: skip
            return
