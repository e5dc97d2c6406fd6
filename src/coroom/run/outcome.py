"""What came of a run, and why it may not have come to its end."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from coroom.core.errors import Code, Refused
from coroom.host.door.answer import Answer
from coroom.run.worker import Work


@dataclass(slots=True)
class Outcome:
    """What came of a run. `left` are the tasks that nobody has done, `limit` the bound at which it was stopped."""

    url: str = ""
    works: dict[str, Work] = field(default_factory=dict)
    landing: Answer | None = None
    left: tuple[str, ...] = ()
    seconds: float = 0.0
    refused: Refused | None = None
    limit: str = ""

    @property
    def ok(self) -> bool:
        """Whether everything is done, and landed where that was asked for. An agent may have failed on the way."""
        return self.refused is None and not self.left and (self.landing is None or self.landing.refused is None)


def not_done(outcome: Outcome, room: str, names: Sequence[str], workers: int) -> Refused:
    """Why tasks of these names are left, of a run with so many workers, and how it goes on."""
    count = f"{len(names)} tasks are" if len(names) > 1 else "One task is"
    more = ", …" if len(names) > 5 else ""
    failed = [f"{name}: {work.error}" for name, work in outcome.works.items() if work.error]
    every = "Every agent has failed" if len(failed) == workers else "No agent is left"
    if outcome.limit:
        every, failed = f"Everybody was stopped at the limit of {outcome.limit}", []
    why = f"{count} not done: {', '.join(names[:5])}{more}. {every}{f' ({failed[0]})' if failed else ''}."
    return Refused(Code.WAIT, why, f"Go on with: coroom run --resume --room {room}")
