"""One tree of scripts, ready to be acted out."""

from collections.abc import Sequence
from contextlib import suppress

from coroom.checks.enactment.budget import Budget, CannotGoOn, Spent
from coroom.checks.enactment.script.machine import Machine, Module
from coroom.checks.enactment.script.values import Thrown
from coroom.checks.program import Program

STEPS = 6_000
"""The steps of one enactment, which are larger than those of Python: a statement or a call."""
_WEIGHT = 2
"""What one step takes from the budget of all enactments."""

FAULTS = (Thrown,)
"""What a script's own doing comes to."""
BEYOND = (CannotGoOn, RecursionError, MemoryError, ArithmeticError, LookupError, ValueError, TypeError)
"""What ends an enactment without a word: what is not known, and what the values of the interpreter refuse."""


class Stage:
    """One tree, ready to act; each enactment gets a fresh one, so that nothing is left of the last."""

    def __init__(self, program: Program, purse: Budget) -> None:
        self.program = program
        self._purse = purse
        self._given = min(STEPS, max(0, purse.steps // _WEIGHT))
        self.machine = Machine(self._source, self._given)

    def _source(self, spec: str, importer: str) -> tuple[str, bytes] | None:
        module = self.program.module(importer)
        place = self.program.place_of(spec, module) if module is not None else None
        if place is None and spec.startswith("."):
            raise CannotGoOn("a module that is not there")
        return (place, self.program.texts[place]) if place is not None else None

    def module(self, path: str) -> Module:
        """The module at a path.

        Raises:
            CannotGoOn: it is not there.
        """
        text = self.program.texts.get(path)
        if text is None:
            raise CannotGoOn("the module is not there")
        return self.machine.module(path, text)

    def there(self, paths: Sequence[str]) -> dict[str, Module]:
        """The modules at these paths that can be acted out, by their paths."""
        found: dict[str, Module] = {}
        for each in paths:
            with suppress(*BEYOND, *FAULTS):
                found[each] = self.module(each)
        return found

    def close(self) -> None:
        """Count what was used."""
        self._purse.steps -= _WEIGHT * (self._given - max(0, self.machine.steps))
        if self._purse.steps <= 0:
            raise Spent
