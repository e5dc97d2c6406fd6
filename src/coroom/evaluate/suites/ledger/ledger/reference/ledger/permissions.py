"""Who may do what."""

from ledger.errors import Refused

ROLES = {
    "viewer": frozenset({"read"}),
    "clerk": frozenset({"read", "post"}),
    "accountant": frozenset({"read", "post", "reverse", "close"}),
    "auditor": frozenset({"read", "audit"}),
}


class People:
    """Names and roles."""

    def __init__(self) -> None:
        self._roles: dict[str, str] = {}

    def add(self, name: str, role: str) -> None:
        """Somebody new."""
        if not name or role not in ROLES:
            raise Refused("bad-input", f"no such role: {role}")
        if name in self._roles:
            raise Refused("duplicate", f"{name} is there")
        self._roles[name] = role

    def check(self, name: str, right: str) -> None:
        """Refuse who may not."""
        if name not in self._roles:
            raise Refused("unknown", f"nobody is {name}")
        if right not in ROLES[self._roles[name]]:
            raise Refused("forbidden", f"{name} may not {right}")

    def four_eyes(self, first: str, second: str) -> None:
        """Two people that both may post."""
        if first == second:
            raise Refused("forbidden", "two people are needed")
        self.check(first, "post")
        self.check(second, "post")
