"""What tokens cost, and what a session has used so far: by its client's own word, or by a price."""

from dataclasses import dataclass, field

from coroom.agents.adapter import AgentOutput

PRICE_FORM = "Write 3/15, or 3/15/0.3: US dollars for a million tokens in, out, and in from the provider's cache."

_PARTS = (2, 3)


class PriceError(Exception):
    """The price cannot be read: what is wrong, and how it is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Of a model's tokens, in US dollars a million. Without `cached`, tokens from the provider's cache cost like all
    others, so that what is reckoned is too much rather than too little.
    """

    into: float = 0.0
    out: float = 0.0
    cached: float | None = None

    def __bool__(self) -> bool:
        """Whether anything costs anything."""
        return bool(self.into or self.out)

    def __str__(self) -> str:
        """As `parse_price` reads it."""
        return "/".join(f"{part:g}" for part in (self.into, self.out, self.cached) if part is not None)

    def cost(self, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> float:
        """Of so many; the cached ones are among those that went in."""
        cached = self.into if self.cached is None else self.cached
        fresh = input_tokens - cached_tokens
        return (fresh * self.into + cached_tokens * cached + output_tokens * self.out) / 1_000_000


def parse_price(text: str) -> Price:
    """The price written as `IN/OUT` or `IN/OUT/CACHED`; nothing written: nothing known.

    Raises:
        PriceError: it is not written so.
    """
    if not text:
        return Price()
    parts = text.split("/")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) not in _PARTS or not all(0 <= number < float("inf") for number in numbers):
        raise PriceError(f"'{text}' is no price. {PRICE_FORM}")
    return Price(into=numbers[0], out=numbers[1], cached=numbers[2] if len(numbers) > 2 else None)


@dataclass(slots=True)
class Meter:
    """What one session has used, line by line of its output.

    `told_usd` is what its client has said that it cost; `reckoned_usd` is what tokens come to at the price that the
    client has said no cost of yet. Both together are what a bound goes by while the session is under way.
    """

    price: Price = field(default_factory=Price)
    input_tokens: int = 0
    output_tokens: int = 0
    told_usd: float = 0.0
    reckoned_usd: float = 0.0

    @property
    def usd(self) -> float:
        """What it has cost so far, as well as can be known."""
        return self.told_usd + self.reckoned_usd

    def take(self, told: AgentOutput) -> None:
        """Count a line. A cost that is told is that of all tokens since the last one; one of 0 is that of a model whose
        price the client does not know.
        """
        into, out = told.input_tokens or 0, told.output_tokens or 0
        self.input_tokens += into
        self.output_tokens += out
        if told.cost_usd:
            self.told_usd, self.reckoned_usd = self.told_usd + told.cost_usd, 0.0
        else:
            self.reckoned_usd += self.price.cost(into, out, told.cached_tokens)
