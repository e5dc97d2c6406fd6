"""One tree of a repository, ready to be acted out."""

import ast
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from coroom.checks.enactment.budget import Budget, CannotGoOn, Spent
from coroom.checks.enactment.python.machine import Machine, parsed
from coroom.checks.enactment.python.values import FAULTS, Module, Value
from coroom.checks.program import Program

STEPS = 12_000
"""The steps of one enactment; a function that people call takes a few hundred."""


class Tree:
    """One tree, ready to act; each enactment gets a fresh one, so that nothing is left of the last."""

    def __init__(self, program: Program, purse: Budget) -> None:
        self._program = program
        self._purse = purse
        self.machine = Machine(partial(_source, program), Budget(min(STEPS, max(0, purse.steps))))
        self._given = self.machine.budget.steps
        self.results: list[Value] = []

    def module(self, path: str) -> Module:
        """The module at a path.

        Raises:
            CannotGoOn: it is not there.
        """
        if path not in self._program.texts:
            raise CannotGoOn("the module is not there")
        return self.machine.module(path, self._program.text(path))

    def there(self, paths: Sequence[str]) -> dict[str, Module]:
        """The modules at these paths that can be acted out, by their paths."""
        found: dict[str, Module] = {}
        for each in paths:
            with suppress(CannotGoOn, *FAULTS):
                found[each] = self.module(each)
        return found

    def texts_at(self, path: str) -> list[str]:
        """The texts that a module gives to what it calls at its top."""
        found: list[str] = []
        for each in parsed(self._program.text(path)).body:
            calls = [*getattr(each, "decorator_list", ()), *([each.value] if isinstance(each, ast.Expr) else ())]
            for call in calls:
                given = call.args if isinstance(call, ast.Call) else ()
                found += [one.value for one in given if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        return found

    def close(self) -> None:
        """Count what was used, and let go of all that was made; nothing is acted out any more."""
        self._purse.steps -= self._given - max(0, self.machine.budget.steps)
        self.machine.close()
        if self._purse.steps <= 0:
            raise Spent


def _source(program: Program, spec: str, importer: str) -> tuple[str, str] | None:
    module = program.module(importer)
    place = program.place_of(spec, module) if module is not None else None
    return (place, program.text(place)) if place is not None else None
