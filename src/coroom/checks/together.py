"""What is consistent in each side's own tree and not in the merged one: calls, attributes, types, interfaces."""

from collections import Counter
from collections.abc import Iterator

from coroom.checks.finding import Finding
from coroom.checks.inference.checker import Checker
from coroom.checks.inference.defined import is_abstract, unfinished
from coroom.checks.inference.fitting import call_of, parameters_of
from coroom.checks.inference.reading import Doubt, Reading
from coroom.checks.program import Program
from coroom.checks.sides import TOP, Changed, Four, Side, Walked, functions_of
from coroom.syntax import Call, Class, Function, Module, Term, fits, means_the_same, walk

_Key = tuple[str, str, str]


def consistency(four: Four) -> Iterator[Finding]:
    """The doubts about what a side wrote that its own tree does not give, and the merged tree does."""
    for side in four.sides:
        seen: set[tuple[_Key, int]] = set()
        for each in four.walked(side):
            known = Counter(_key(doubt) for doubt in _doubts(each.own))
            known |= Counter(_key(doubt) for doubt in _elsewhere(side.other, each.changed))
            counted = Counter[_Key]()
            for doubt in _doubts(each.both):
                counted[_key(doubt)] += 1
                at = (_key(doubt), doubt.line)
                if counted[_key(doubt)] > known[_key(doubt)] and at not in seen:
                    seen.add(at)
                    yield four.finding(
                        side, doubt.kind, doubt.path, doubt.line, doubt.symbol, _worded(doubt),
                        about=doubt.about, sure=doubt.confidence,
                    )  # fmt: skip
            yield from _moved(four, side, each)


def _moved(four: Four, side: Side, walked: Walked) -> Iterator[Finding]:
    """Calls that still can be made, and whose arguments land on other parameters than their author saw."""
    then = {term.key: ref for term, ref in walked.own.calls}
    for term, ref in walked.both.calls:
        if ref == then.get(term.key):
            yield from _filled_otherwise(four, side, walked, term, ref)
        function, old = walked.both.reading.function_at(ref), side.reading.function_at(then.get(term.key, ""))
        if function is None or old is None or old.parameters == function.parameters or then[term.key] != ref:
            continue
        before, after = parameters_of(old.parameters), parameters_of(function.parameters)
        made = call_of(term)
        if fits(made, after) and (not means_the_same(made, before, after) or _one_of_many(made, old, function)):
            said = f"{function.name}() now takes ({', '.join(each.text for each in function.parameters)}) in this order"
            yield four.finding(side, "stale-call", walked.changed.module.path, term.line, function.name, said,
                               about=(ref,), sure=0.93)  # fmt: skip


def _filled_otherwise(four: Four, side: Side, walked: Walked, term: Term, ref: str) -> Iterator[Finding]:
    """The same where a data class is made, or taken apart by a pattern, and its fields come in another order."""
    both = walked.both.reading
    now, then = both.program.class_at(ref), side.tree.class_at(ref)
    if now is None or then is None or "__init__" in {*now.methods, *then.methods}:
        return
    after, before = both.maker(now)[0], side.reading.maker(then)[0]
    if after is None or before is None or after == before:
        return
    made, news, olds = call_of(term), parameters_of(after), parameters_of(before)
    # A pattern fills the first fields only, if it likes.
    filled = made.positional <= len(news) if "pattern" in term.flags else fits(made, news)
    if filled and not means_the_same(made, olds, news):
        said = f"{now.name} now has ({', '.join(each.text for each in after)}) in this order"
        yield four.finding(side, "stale-call", walked.changed.module.path, term.line, now.name, said,
                           about=(ref,), sure=0.93)  # fmt: skip


def _one_of_many(made: Call, old: Function, new: Function) -> bool:
    """Whether a collection that was given as one argument is now one of many that are given."""
    places = [each.text for each in new.parameters if not each.flags & {"keyword", "rest", "options"}]
    given = [each.text for each in old.parameters if not each.flags & {"keyword", "rest", "options"}][len(places) :]
    rest = any("rest" in each.flags for each in new.parameters)
    if not rest or not given or made.positional <= len(places) or made.spread:
        return False
    return any(
        each.kind == "for" and len(each.parts) > 1 and each.parts[1].kind == "name" and each.parts[1].text == given[0]
        for each in walk(old.body)
    )


def _worded(doubt: Doubt) -> str:
    return f"{doubt.message}, after the other side's change"


def _key(doubt: Doubt) -> _Key:
    return doubt.kind, doubt.within, doubt.symbol


def _doubts(checker: Checker) -> Iterator[Doubt]:
    yield from checker.doubts
    if checker.function is None:
        yield from _imported(checker.program, checker.module)
        for each in checker.module.classes.values():
            yield from _of_class(checker, each)


def _elsewhere(side: Side, changed: Changed) -> Iterator[Doubt]:
    """The doubts about the same function in the other side's tree."""
    module = side.tree.module(changed.module.path)
    function = functions_of(module).get(changed.within) if module is not None and changed.within else None
    if module is None or changed.old is None or (function is None and changed.within != TOP):
        return
    checker = Checker(Reading(side.tree), module, function)
    checker.run()
    yield from _doubts(checker)


def _imported(program: Program, module: Module) -> Iterator[Doubt]:
    """Names that are imported from files of the tree that do not have them, and files that are gone."""
    for spec, name in module.imports.values():
        place = program.place_of(spec, module)
        line = next((part.line for part in module.block.parts if part.kind == "import" and part.text == spec), 1)
        if place is None:
            if spec.startswith("."):
                yield Doubt("removed-name-used", module.path, TOP, line, spec, f"there is no file {spec}", (), 0.95)
            elif module.language == "python":
                yield Doubt("unresolved-import", module.path, TOP, line, spec, f"there is no module {spec}", (), 0.95)
            continue
        other = program.module(place)
        if other is None or name in {"", "*"} or other.wildcard or name in other.names():
            continue
        if "__getattr__" in other.functions or program.submodule((spec, name), module) is not None:
            continue
        if name == "default" and (other.language == "python" or other.exported is None):
            continue
        said = f"{place} exports no {name}" if other.language == "script" else f"{place} has no {name}"
        yield Doubt("removed-name-used", module.path, TOP, line, name, said, (f"{place}#{name}",), 0.97)


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
    for base in (*checker.program.bases_of(owner)[0], *_stands_for(checker, owner)):
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


def _stands_for(checker: Checker, owner: Class) -> Iterator[Class]:
    """The protocols that a module takes from elsewhere and whose methods a class of it has, without extending them."""
    for local in checker.module.imports if not checker.script else ():
        meant = checker.program.meaning(local, checker.module)
        if (
            isinstance(meant, Class)
            and meant.methods
            and any(each.text == "Protocol" for each in meant.bases)
            and meant.methods.keys() <= owner.methods.keys()
            and meant.name not in {each.text for each in owner.bases}
        ):
            yield meant


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
