"""Sending the form."""

import hashlib
import hmac
import os

from registration import email, name
from registration.form import Form


class Accounts:
    """The accounts there are."""

    def __init__(self) -> None:
        self._by_name: dict[str, dict[str, object]] = {}
        self._emails: set[str] = set()

    @property
    def count(self) -> int:
        """How many."""
        return len(self._by_name)

    def has(self, text: str) -> bool:
        """Whether the name is taken."""
        return name.normal(text) in self._by_name

    def has_email(self, text: str) -> bool:
        """Whether the address is taken."""
        return email.normal(text) in self._emails

    def stored(self, text: str) -> dict[str, object]:
        """What is kept of an account."""
        return dict(self._by_name[name.normal(text)])

    def add(self, who: str, address: str, password: str) -> None:
        """Keep a new account."""
        salt = os.urandom(16)
        self._by_name[name.normal(who)] = {"name": who, "email": address, "salt": salt, "hash": _hash(password, salt)}
        self._emails.add(email.normal(address))


def _hash(password: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 1_000)


def submit(form: Form, accounts: Accounts) -> tuple[str, object]:
    """Take the form's account in, or say why not."""
    errors = form.errors()
    if not errors:
        if accounts.has(form.values["name"]):
            errors["name"] = "This name is taken."
        if accounts.has_email(form.values["email"]):
            errors["email"] = "This address has an account already."
    if errors:
        form.touch_all()
        return ("rejected", errors)
    who = form.values["name"].strip()
    accounts.add(who, form.values["email"].strip(), form.values["password"])
    return ("accepted", who)


def verify(accounts: Accounts, who: str, password: str) -> bool:
    """Whether the password is that account's."""
    if not accounts.has(who):
        return False
    kept = accounts.stored(who)
    salt, digest = kept["salt"], kept["hash"]
    assert isinstance(salt, bytes)
    assert isinstance(digest, bytes)
    return hmac.compare_digest(_hash(password, salt), digest)
