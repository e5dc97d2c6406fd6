"""What synthetic agents use: counted as they play, and priced so that conditions can be compared."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from coroom.core.notice import Notice
from coroom.evaluate.metrics import Used
from coroom.evaluate.synthetic.hand import tokens_of
from coroom.host.door.answer import Answer
from coroom.host.door.replies import reply

USD_PER_MILLION = (3.0, 15.0)
"""Input and output tokens of a middling model; synthetic money, for comparing conditions with one another."""


@dataclass(slots=True)
class Usage:
    """What one agent has used, counted as it plays."""

    steps: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    told_tokens: int = 0
    answered_tokens: int = 0
    characters: int = 0

    def told(self, notices: Sequence[Notice]) -> None:
        """The agent reads these, in the words of a room's reply and with all that stands around them."""
        tokens = tokens_of(reply(Answer(notices=tuple(notices))).text)
        self.told_tokens += tokens
        self.input_tokens += tokens

    def answered(self, answer: Answer) -> None:
        """The agent reads what the room says to a call of its own, in the very words."""
        tokens = tokens_of(reply(answer).text)
        self.answered_tokens += tokens
        self.input_tokens += tokens


def together(usages: Iterable[Usage]) -> Used:
    """What all agents of a trial have used."""
    every = list(usages)
    put, got = sum(u.input_tokens for u in every), sum(u.output_tokens for u in every)
    return Used(
        turns=sum(u.steps for u in every),
        input_tokens=put,
        output_tokens=got,
        told_tokens=sum(u.told_tokens for u in every),
        answered_tokens=sum(u.answered_tokens for u in every),
        reader_turns=sum(u.steps for u in every if u.told_tokens),
        characters=sum(u.characters for u in every),
        usd=(put * USD_PER_MILLION[0] + got * USD_PER_MILLION[1]) / 1e6,
    )
