"""A new test for a value that the other side gives to nothing any more."""

from collections.abc import Iterator

from coroom.checks.finding import Finding
from coroom.checks.sides import Four, Side
from coroom.syntax import Module, Term, is_test, walk


def no_longer_given(four: Four, side: Side) -> Iterator[Finding]:
    """A test newly made for a literal in an attribute into which the other side puts only other literals now."""
    other = side.other
    tests = list(_tested(side))
    if not tests:
        return
    for field in {name for name, _, _, _ in tests}:
        for owner, place in _made_with(other, field):
            before, after = (
                _given(four.base.modules(), owner, place, field),
                _given(other.tree.modules(), owner, place, field),
            )
            if before is None or after is None or before == after or None in after:
                continue
            for name, text, term, path in tests:
                fresh = {each for each in after if each not in before}
                if name == field and text not in after and (text in before or None in before) and fresh:
                    said = f'nothing is made any more whose {name} is "{text}"'
                    yield four.finding(
                        side, "value-gone", path, term.line, name, said, about=(f"{other.paths[0]}#",), sure=0.86
                    )
                    return


def _tested(side: Side) -> Iterator[tuple[str, str, Term, str]]:
    for changed in side.changed:
        if is_test(changed.module.path):
            continue
        for each in changed.new_terms():
            if each.kind == "compare" and each.text in {"==", "!="}:
                one, two = each.parts
                for held, literal in ((one, two), (two, one)):
                    if held.kind == "member" and literal.kind == "string":
                        yield held.text, literal.text, each, changed.module.path


def _made_with(side: Side, field: str) -> Iterator[tuple[str, int]]:
    """The classes that have this field as something that they are made with, and its place."""
    for path in side.paths:
        module = side.tree.module(path)
        if module is None:
            continue
        names = {
            each.parts[0].text for each in walk(module.block) if each.kind == "call" and each.parts[0].kind == "name"
        }
        for name in names:
            meant = side.tree.meaning(name, module)
            made = getattr(meant, "made", None)
            if made is not None:
                places = [place for place, each in enumerate(made) if each.text == field]
                yield from ((name, place) for place in places)


def _given(modules: Iterator[Module], owner: str, place: int, field: str) -> set[str | None] | None:
    """The literals that instances are made with; None among them stands for what is not a literal."""
    found: set[str | None] = set()
    for module in modules:
        if is_test(module.path):
            continue
        for each in walk(module.block):
            if each.kind == "call" and each.parts[0].text == owner:
                given = next(
                    (part.parts[0] for part in each.parts[1:] if part.kind == "keyword" and part.text == field), None
                )
                plain = [part for part in each.parts[1:] if part.kind not in {"keyword", "spread"}]
                given = given if given is not None else plain[place] if place < len(plain) else None
                found.add(given.text if given is not None and given.kind == "string" else None)
    return found or None
