"""The e-mail address."""

import re

_LOCAL = re.compile(r"[A-Za-z0-9._%+-]{1,64}")
_PART = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_LAST = re.compile(r"[A-Za-z]{2,63}")


def normal(text: str) -> str:
    """The address as it is compared."""
    local, _, domain = text.strip().rpartition("@")
    return f"{local}@{domain.lower()}"


def check_email(text: str) -> str | None:
    """What is wrong with it."""
    text = text.strip()
    local, at, domain = text.partition("@")
    if not at or "@" in domain or len(text) > 254:
        return "An address has one @ and at most 254 characters."
    if not _LOCAL.fullmatch(local) or local.startswith(".") or local.endswith(".") or ".." in local:
        return "The part before the @ is not one of an address."
    *parts, last = domain.split(".")
    if not parts or not _LAST.fullmatch(last) or not all(_PART.fullmatch(part) for part in parts):
        return "The part after the @ is not the name of a host."
    return None
