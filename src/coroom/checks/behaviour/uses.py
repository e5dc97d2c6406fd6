"""Where one side newly uses a function that the other side changed, and what becomes of its result."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from coroom.checks.inference.reading import Reading
from coroom.checks.sides import Changed, Four, Side, functions_of, parents_in
from coroom.syntax import Class, Function, Term, not_nested, walk

Said = tuple[Term, str, float, str]
"""What a rule says of a use: at which term, in words, how sure, and of which kind."""

_PASSES_ON = frozenset({"list", "tuple", "sorted", "set", "str", "int", "float", "round", "reversed", "enumerate"})


@dataclass(frozen=True)
class Use:
    """A call that `side` wrote of a function that the other side changed from `before` to `after`."""

    side: Side
    changed: Changed
    call: Term
    ref: str
    before: Function
    after: Function
    through: str = ""

    @cached_property
    def above(self) -> dict[int, Term]:
        """What is around each term of the function that the call stands in."""
        return self.changed.above

    @cached_property
    def values(self) -> tuple[Term, ...]:
        """The terms that stand for the result: the call, and the names that it is bound to."""
        found = [self.call]
        for each in found:
            around = self.above.get(id(each))
            if around is not None and around.kind == "await":
                found.append(around)
            if around is not None and around.kind == "assign" and len(around.parts) > 1 and around.parts[1] is each:
                target = around.parts[0]
                if target.kind == "name" and around.text in {"=", "as"}:
                    found += self._named(target.text, target)
            collected = self._collected(each)
            if collected is not None:
                found += self._gone_through(collected)
        return tuple(found)

    def _collected(self, value: Term) -> Term | None:
        """What gathers a value for each of many: a comprehension, or an array's `map`."""
        around = self.above.get(id(value))
        if around is not None and around.kind == "comprehension" and around.parts[0] is value:
            return around
        if around is None or around.kind != "return":
            return None
        function = self.above.get(id(self.above.get(id(around))))
        call = self.above.get(id(function)) if function is not None and function.kind == "function" else None
        return call if call is not None and call.kind == "call" and call.parts[0].text == "map" else None

    @cached_property
    def elements(self) -> tuple[Term, ...]:
        """The terms that stand for what comes out of the result when it is gone through."""
        return tuple(each for held in self.values for each in self._gone_through(held))

    def _gone_through(self, held: Term) -> list[Term]:
        """The names that stand for what comes out of a value, and of what hands its parts on."""
        found: list[Term] = []
        value, around = held, self.above.get(id(held))
        while around is not None and around.kind == "call" and around.parts[0].text in _PASSES_ON:
            value, around = around, self.above.get(id(around))
        if around is not None and around.kind == "for" and len(around.parts) > 1 and around.parts[1] is value:
            for name in [each for each in walk(around.parts[0]) if each.kind == "name"]:
                found += self._named(name.text, name)
        call = self.above.get(id(around)) if around is not None and around.kind == "member" else None
        if around is not None and call is not None and call.kind == "call" and call.parts[0] is around:
            for given in [each for each in call.parts[1:] if each.kind == "function"]:
                for each in [part for part in given.parts[:1] if part.kind == "parameter"]:
                    found += self._named(each.text, each)
            if around.text == "filter":
                found += self._gone_through(call)
        return found

    def _named(self, name: str, but: Term) -> list[Term]:
        return [
            each for each in walk(self.changed.term) if each.kind == "name" and each.text == name and each is not but
        ]

    @cached_property
    def one_for_each(self) -> tuple[Term, ...]:
        """The terms that stand for a list which was made of the result, one for each and in its order."""
        found: list[Term] = []
        for value in self.values:
            clause = self.above.get(id(value))
            made = self.above.get(id(clause)) if clause is not None and clause.kind == "for" else None
            if made is not None and made.kind == "comprehension" and made.text == "list" and len(made.parts) == 2:
                found.append(made)
        for each in found:
            around = self.above.get(id(each))
            if around is not None and around.kind == "assign" and around.parts[1:] == (each,):
                target = around.parts[0]
                found += self._named(target.text, target) if target.kind == "name" else []
        return tuple(found)

    def around(self) -> Iterator[tuple[Term, Term]]:
        """Each term that stands for the result, with what is around it."""
        for each in self.values:
            above = self.above.get(id(each))
            if above is not None:
                yield each, above

    @property
    def statement(self) -> bool:
        """Whether the result is thrown away."""
        above = self.above.get(id(self.call))
        return above is not None and above.kind == "block"


def returned_by(function: Function) -> list[Term]:
    """The values that a function returns itself, not those of functions inside it."""
    return [each.parts[0] for each in walk(function.body, into=not_nested) if each.kind == "return" and each.parts]


def flowing(function: Function) -> list[Term]:
    """The expressions that what a function returns is made of."""
    places = [each for each in walk(function.body, into=not_nested) if each.kind in {"return", "yield"}]
    names = {each.text for place in places for each in walk(place) if each.kind == "name"}
    bound = [each for each in walk(function.body, into=not_nested) if each.kind == "assign" and len(each.parts) > 1]
    return [*places, *(each.parts[1] for each in bound if each.parts[0].text in names)]


def yielded_by(function: Function) -> list[Term]:
    """The values that a generator gives one by one."""
    return [
        each.parts[0]
        for each in walk(function.body, into=not_nested)
        if each.kind == "yield" and not each.text and each.parts
    ]


def uses_between(four: Four) -> Iterator[Use]:
    """Every new call of one side that means a function which the other side alone changed."""
    for side in four.sides:
        changed = changed_functions(side.other)
        own = {f"{each.module.path}#{each.within}" for each in side.changed}
        for walked in four.walked(side):
            old = {each.key for each in walk(walked.changed.old)} if walked.changed.old is not None else set()
            for call, ref in walked.both.calls:
                if ref in own or call.key in old:
                    continue
                target = changed.get(ref)
                if target is not None:
                    yield Use(side, walked.changed, call, ref, *target)
                else:
                    for one in _handed_on(walked.both.reading, ref, changed):
                        yield Use(side, walked.changed, call, one, *changed[one], through=ref)


def _handed_on(reading: Reading, ref: str, changed: Mapping[str, object]) -> list[str]:
    """The changed functions whose results an unchanged function hands on."""
    function = reading.function_at(ref)
    if function is None:
        return []
    found = []
    for each in walk(function.body):
        if each.kind in {"return", "yield"}:
            for call in walk(each):
                if call.kind == "call":
                    refs = [f"{one.path}#{one.qualname}" for one in reading.callees(call, function)]
                    found += [one for one in refs if one in changed and one != ref]
    return found[:1]


def changed_functions(side: Side) -> dict[str, tuple[Function, Function]]:
    """The functions that a side changed, by `path#name`: as they were and as they are."""
    found: dict[str, tuple[Function, Function]] = {}
    for each in side.changed:
        if each.function is not None and each.before is not None and each.before.term.key != each.function.term.key:
            found[f"{each.module.path}#{each.within}"] = (each.before, each.function)
    return found


def classes_changed(side: Side) -> Iterator[tuple[Class, Class]]:
    """The classes that a side changed: as they were and as they are in its tree."""
    four_base = side.base
    for path in side.paths:
        before, after = four_base.module(path), side.tree.module(path)
        if before is None or after is None:
            continue
        for name, each in after.classes.items():
            if name in before.classes and before.classes[name].term.key != each.term.key:
                yield before.classes[name], each


__all__ = [
    "Said", "Use", "changed_functions", "classes_changed", "functions_of", "parents_in", "returned_by", "uses_between",
    "yielded_by",
]  # fmt: skip
