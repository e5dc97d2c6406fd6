"""The words for agents, apart from what starts them, which is slow to import."""

from collections.abc import Iterable

KINDS = "claude, codex, opencode, gemini, builtin, tape:FILE or command:'PROGRAM … {prompt}'"
TAPE, COMMAND, BUILTIN = "tape:", "command:", "builtin"

PRICE_SAID = "IN/OUT or IN/OUT/CACHED: US dollars a million tokens, where a client does not tell what they cost."


def price_missing(kinds: Iterable[str], price: str) -> str:
    """Why a bound in money would never be reached by agents of these kinds, and what to say; empty when it can be."""
    silent = next((kind for kind in kinds if kind != "claude" and not kind.startswith(TAPE)), "")
    if price or not silent:
        return ""
    word = silent.partition(":")[0]
    return f"{word} does not tell what it costs. Say what its model's tokens cost with --price IN/OUT, like 1.25/10."
