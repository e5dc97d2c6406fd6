"""What is consistent in each side's own tree and not in the merged one: calls, attributes, types, interfaces."""

from collections import Counter
from collections.abc import Iterable, Iterator

from coroom.checks.calls import is_abstract, unfinished
from coroom.checks.checker import Checker
from coroom.checks.finding import Finding
from coroom.checks.program import Program
from coroom.checks.reading import Doubt, Reading
from coroom.checks.sides import TOP, Changed, Four, Side, functions_of
from coroom.syntax import Class, Function, Module, Term

_Key = tuple[str, str, str]


def consistency(four: Four) -> Iterator[Finding]:
    """The doubts about what a side wrote that its own tree does not give, and the merged tree does."""
    for side in four.sides:
        found: list[tuple[Doubt, Counter[_Key]]] = []
        own = [(each, list(_doubts(side.reading, side.tree.module(each.module.path), each))) for each in side.changed]
        after = four.after(side)
        for each, doubts in own:
            known = Counter(_key(doubt) for doubt in doubts)
            known |= Counter(_key(doubt) for doubt in _doubts_elsewhere(side.other, each))
            found.extend((doubt, known) for doubt in _doubts(after, each.module, each))
        seen = Counter[_Key]()
        for doubt, known in found:
            seen[_key(doubt)] += 1
            if seen[_key(doubt)] > known[_key(doubt)]:
                yield four.finding(
                    side, doubt.kind, doubt.path, doubt.line, doubt.symbol, _worded(doubt),
                    about=doubt.about, sure=doubt.confidence,
                )  # fmt: skip


def _worded(doubt: Doubt) -> str:
    return f"{doubt.message}, after the other side's change"


def _key(doubt: Doubt) -> _Key:
    return doubt.kind, doubt.within, doubt.symbol


def _doubts(reading: Reading, module: Module | None, changed: Changed) -> Iterator[Doubt]:
    if module is None:
        return
    function = functions_of(module).get(changed.within) if changed.within else None
    if function is None and changed.within != TOP:
        return
    checker = Checker(reading, module, function)
    checker.run()
    yield from checker.doubts
    if function is None:
        yield from _imported(reading.program, module)
        for each in module.classes.values():
            yield from _of_class(checker, each)


def _doubts_elsewhere(side: Side, changed: Changed) -> Iterable[Doubt]:
    module = side.tree.module(changed.module.path)
    if module is None or changed.before is None:
        return ()
    return _doubts(Reading(side.tree), module, changed)


def _imported(program: Program, module: Module) -> Iterator[Doubt]:
    """Names that are imported from files of the tree that do not have them, and files that are gone."""
    for local, (spec, name) in module.imports.items():
        place = program.place_of(spec, module)
        line = next((part.line for part in module.block.parts if part.kind == "import" and part.text == spec), 1)
        if place is None:
            if spec.startswith("."):
                yield Doubt("removed-name-used", module.path, TOP, line, spec, f"there is no file {spec}", (), 0.95)
            elif module.language == "python":
                yield Doubt("unresolved-import", module.path, TOP, line, spec, f"there is no module {spec}", (), 0.95)
            continue
        other = program.module(place)
        if other is None or name in {"", "*", "default"} or other.wildcard or name in other.names():
            continue
        if "__getattr__" in other.functions or program._submodule((spec, name), module) is not None:  # noqa: SLF001
            continue
        said = f"{place} has no {name}"
        yield Doubt("removed-name-used", module.path, TOP, line, name, said, (f"{place}#{name}",), 0.97)
        del local


def _of_class(checker: Checker, owner: Class) -> Iterator[Doubt]:
    own_abstract = any("abstract" in each.flags for each in owner.methods.values())
    if not own_abstract and not owner.term.flags & {"interface", "abstract"}:
        for name in unfinished(checker, owner):
            said = f"{owner.name} does not define {name}, which what it extends demands"
            refs = tuple(f"{base.path}#{base.name}.{name}" for base in checker.program.bases_of(owner)[0])
            yield Doubt("interface-drift", owner.path, TOP, owner.line, f"{owner.name}.{name}", said, refs, 0.95)
    yield from _overrides(checker, owner)


def _overrides(checker: Checker, owner: Class) -> Iterator[Doubt]:
    """Methods that take less than those that they override are called with."""
    for base in checker.program.bases_of(owner)[0]:
        for name, method in owner.methods.items():
            above = base.methods.get(name)
            if above is None or name in {"__init__", "constructor", "__new__"} or name.startswith("__"):
                continue
            if not _accepts(method, above, script=checker.script):
                shown = ", ".join(each.text for each in above.parameters)
                said = f"{owner.name}.{name} does not take ({shown}) as {base.name}.{name} does"
                about = (f"{base.path}#{base.name}.{name}",)
                yield Doubt("interface-drift", owner.path, TOP, method.line, f"{owner.name}.{name}", said, about, 0.93)
            mine, theirs = bool(method.flags & {"async"}), bool(above.flags & {"async"})
            if mine != theirs and not method.flags & {"generator"} and not is_abstract(above, interface=False):
                words = [f"{'' if flag else 'not '}async" for flag in (mine, theirs)]
                said = f"{owner.name}.{name} is {words[0]}, {base.name}.{name} is {words[1]}"
                about = (f"{base.path}#{base.name}.{name}",)
                yield Doubt("interface-drift", owner.path, TOP, method.line, f"{owner.name}.{name}", said, about, 0.9)


def _accepts(method: Function, above: Function, *, script: bool) -> bool:
    """Whether one can be called as the other is: as many arguments, the same keywords, nothing more demanded."""
    if any(each.flags & {"rest", "options"} for each in method.parameters):
        return True
    mine = [each for each in method.parameters if "keyword" not in each.flags]
    theirs = [each for each in above.parameters if not each.flags & {"keyword", "rest", "options"}]
    if script:
        # A script's method may take fewer arguments than it is given.
        return sum("required" in each.flags for each in mine) <= len(theirs) and len(mine) >= min(
            len(theirs), sum("required" in each.flags for each in theirs)
        )
    required = sum("required" in each.flags for each in mine)
    least = sum("required" in each.flags for each in theirs)
    names = {each.text for each in method.parameters}
    keywords: tuple[Term, ...] = tuple(each for each in above.parameters if "keyword" in each.flags)
    return (
        required <= max(least, len(theirs))
        and len(mine) >= len(theirs)
        and all(each.text in names for each in keywords)
    )
