"""Claims that may be the same work under another name."""

from collections.abc import Iterable

from coroom.core.claim import Claim
from coroom.core.resource import Resource
from coroom.core.task import words_of

ALIKE = 0.6
"""From this share of common words on, two purposes are shown as perhaps one."""


def resembling(resources: Iterable[Resource], purpose: str, claims: Iterable[Claim]) -> list[Claim]:
    """The claims whose resources and purpose share most words with these: to be shown, never to refuse by."""

    def words(keys: Iterable[Resource], text: str) -> frozenset[str]:
        return frozenset(words_of(" ".join((*(one.name.replace("_", " ").replace("-", " ") for one in keys), text))))

    mine = words(resources, purpose)
    return [claim for claim in claims if _share(mine, words(claim.resources, claim.purpose)) >= ALIKE]


def _share(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / len(a | b) if a | b else 0.0
