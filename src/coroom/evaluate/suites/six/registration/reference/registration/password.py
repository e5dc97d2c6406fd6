"""The password."""


def check_password(text: str, name: str = "") -> str | None:
    """What is wrong with it."""
    if not 10 <= len(text) <= 128:
        return "A password has 10 to 128 characters."
    if len(set(text)) == 1:
        return "A password is more than one character repeated."
    if len(name) >= 3 and name.lower() in text.lower():
        return "A password does not contain the name."
    return None


def strength(text: str) -> int:
    """From 0 to 4."""
    if len(text) < 10:
        return 0
    both_cases = any(c.islower() for c in text) and any(c.isupper() for c in text)
    digit_and_sign = any(c.isdigit() for c in text) and any(not c.isalnum() for c in text)
    return 1 + (len(text) >= 16) + both_cases + digit_and_sign


def check_repeat(text: str, repeated: str) -> str | None:
    """Whether both are equal."""
    return None if text == repeated else "The two passwords differ."
