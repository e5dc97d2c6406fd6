"""The steps that enactments may take, and how one ends early, in any language."""

from dataclasses import dataclass


class CannotGoOn(BaseException):
    """The enactment meets something that it does not know, or has used up its steps: nothing can be told."""


class Spent(BaseException):
    """The steps of all enactments are used up."""


@dataclass(slots=True)
class Budget:
    """The steps that are left."""

    steps: int

    def step(self) -> None:
        """Take one.

        Raises:
            CannotGoOn: none is left.
        """
        self.steps -= 1
        if self.steps < 0:
            raise CannotGoOn("too many steps")
