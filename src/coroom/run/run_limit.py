"""What a whole run may use: time, tokens and money of all its agents together."""

from dataclasses import dataclass, replace

_FORM = "Write it as seconds=600,tokens=200000,usd=5, each part optional."


class LimitError(Exception):
    """The limit cannot be read: what is wrong, and how it is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimit:
    """Upper bounds; None: none. Tokens are input and output together, as agents tell of them."""

    seconds: float | None = None
    tokens: int | None = None
    usd: float | None = None

    def reached(self, tokens: int, usd: float) -> str:
        """Which bound of what is used is reached, in words; empty when none is."""
        if self.tokens is not None and tokens >= self.tokens:
            return f"{self.tokens} tokens"
        if self.usd is not None and usd >= self.usd:
            return f"{self.usd:g} US dollars"
        return ""


def parse_limit(text: str) -> RunLimit:
    """The limit written as `seconds=…,tokens=…,usd=…`.

    Raises:
        LimitError: it is not written so, or a bound is not above zero.
    """
    limit = RunLimit()
    for part in filter(None, text.split(",")):
        name, _, value = part.strip().partition("=")
        try:
            limit = _with(limit, name, value)
        except ValueError as problem:
            raise LimitError(f"'{part}' is no part of a limit. {_FORM}") from problem
    return limit


def _with(limit: RunLimit, name: str, value: str) -> RunLimit:
    if name not in {"seconds", "tokens", "usd"} or not float(value) > 0:
        raise ValueError(name)
    match name:
        case "seconds":
            return replace(limit, seconds=float(value))
        case "tokens":
            return replace(limit, tokens=int(value))
        case _:
            return replace(limit, usd=float(value))
