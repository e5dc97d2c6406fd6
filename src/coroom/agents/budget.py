"""What a session of the built-in agent may use up: turns, tokens and money."""

from dataclasses import dataclass, field, replace

from coroom.agents.price import Price, PriceError, parse_price

TURNS = 300
"""A task of ordinary size takes some thirty; ten times that is a loop."""

TOKENS = 20_000_000
"""Each turn sends the conversation again."""

_FORM = "Write it as turns=300,tokens=20000000,usd=5,price=3/15 (price: US dollars for a million tokens in and out)."


class BudgetError(Exception):
    """The budget cannot be read: what is wrong, and how it is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Upper bounds. Money is counted by the price of the model's tokens."""

    turns: int = TURNS
    tokens: int = TOKENS
    usd: float | None = None
    price: Price = field(default_factory=Price)


@dataclass(frozen=True, slots=True)
class Spent:
    """What a session has used up."""

    turns: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def and_turn(self, input_tokens: int, output_tokens: int) -> "Spent":
        """One turn more."""
        return replace(
            self,
            turns=self.turns + 1,
            input_tokens=self.input_tokens + input_tokens,
            output_tokens=self.output_tokens + output_tokens,
        )

    def over(self, budget: Budget) -> str:
        """Which bound is reached, in a sentence; empty when none is."""
        cost = budget.price.cost(self.input_tokens, self.output_tokens)
        if self.turns >= budget.turns:
            return f"the budget of {budget.turns} turns is used up"
        if self.input_tokens + self.output_tokens >= budget.tokens:
            return f"the budget of {budget.tokens} tokens is used up"
        if budget.usd is not None and cost >= budget.usd:
            return f"the budget of {budget.usd:g} US dollars is used up"
        return ""


def parse_budget(text: str) -> Budget:
    """The budget written as `turns=…,tokens=…,usd=…,price=IN/OUT`, each part optional.

    Raises:
        BudgetError: it is not written so, or sets a bound in money without a price.
    """
    budget = Budget()
    for part in filter(None, text.split(",")):
        name, _, value = part.strip().partition("=")
        try:
            budget = _with(budget, name, value)
        except (ValueError, PriceError) as problem:
            raise BudgetError(f"'{part}' is no part of a budget. {_FORM}") from problem
    if budget.usd is not None and not budget.price:
        raise BudgetError(f"A budget in money needs the price of the model's tokens, which changes. {_FORM}")
    return budget


def _with(budget: Budget, name: str, value: str) -> Budget:
    match name:
        case "turns":
            return replace(budget, turns=int(value))
        case "tokens":
            return replace(budget, tokens=int(value))
        case "usd":
            return replace(budget, usd=float(value))
        case "price":
            return replace(budget, price=parse_price(value))
        case _:
            raise ValueError(name)
