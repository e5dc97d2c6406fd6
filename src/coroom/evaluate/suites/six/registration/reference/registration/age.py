"""The date of birth."""

import re
from datetime import date


def years(born: date, today: date) -> int:
    """Full years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def check_born(text: str, today: date) -> str | None:
    """What is wrong with it."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return "A date is written YYYY-MM-DD."
    try:
        born = date.fromisoformat(text)
    except ValueError:
        return "There is no such day."
    if born > today:
        return "That day has not been yet."
    if not 13 <= years(born, today) <= 120:
        return "One has to be 13 to 120 years old."
    return None
