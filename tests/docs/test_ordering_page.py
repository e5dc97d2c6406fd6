"""The page of the order says what the code does."""

import re
from pathlib import Path

from coroom.core.ordering.call import CALL_PHASE_AFTER

PAGE = Path(__file__).resolve().parents[2] / "docs" / "ordering.md"


def test_the_life_of_a_call_on_the_page_is_the_table_in_the_code() -> None:
    rows = re.findall(r"^\| (\w+) \| (\w+) \| (\w+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [(before.value, happened, after.value) for (before, happened), after in CALL_PHASE_AFTER.items()]
