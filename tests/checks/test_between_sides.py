"""Rules about two changes that work apart and not together, each at the edge of what it takes for one."""

import pytest

from coroom.checks.engine import judge
from coroom.checks.sides import Four
from coroom.host.checks.checking import everyday_checks


def kinds(base: str, ours: str, theirs: str, merged: str) -> set[str]:
    """The kinds of what is found where both sides change one file."""
    four = Four(*({"shop.py": text.encode()} for text in (base, ours, theirs, merged)))
    return {each.kind for each in judge(four, everyday_checks()).findings}


_SHOP = """\
class Shop:
    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self._sum: int | None = None
        self._at: int | None = None

    def total(self) -> int:
        return sum(self.rows.values())
"""
_SUMMED = """\
        if self._sum is None:
            self._sum = sum(self.rows.values())
            self._at = None
        return self._sum
"""
_BY_NAME = """\
        found = self._sum
        if found is None:
            found = sum(self.rows.values())
            self._sum = found
            self._at = None
        return found
"""


@pytest.mark.parametrize("how", [_SUMMED, _BY_NAME])
@pytest.mark.parametrize(("emptied", "stale"), [("_at", True), ("_sum", False)])
def test_a_memory_is_emptied_only_by_what_empties_the_attribute_that_is_returned(
    how: str, emptied: str, *, stale: bool
) -> None:
    ours = _SHOP.replace("        return sum(self.rows.values())\n", how)
    put = f"\n    def put(self, name: str) -> None:\n        self.rows[name] = 1\n        self.{emptied} = None\n"
    assert ("stale-cache" in kinds(_SHOP, ours, _SHOP + put, ours + put)) is stale
