import pytest
from books import refused
from ledger.permissions import ROLES, People


def people() -> People:
    found = People()
    for name, role in {"vi": "viewer", "cl": "clerk", "ac": "accountant", "au": "auditor"}.items():
        found.add(name, role)
    return found


@pytest.mark.parametrize("right", ["read", "post", "reverse", "close", "audit"])
def test_each_role_has_its_rights_and_no_other(right: str) -> None:
    may = {"vi": {"read"}, "cl": {"read", "post"}, "ac": {"read", "post", "reverse", "close"}, "au": {"read", "audit"}}
    for name, rights in may.items():
        if right in rights:
            people().check(name, right)
        else:
            with refused("forbidden"):
                people().check(name, right)
    assert set(ROLES) == {"viewer", "clerk", "accountant", "auditor"}


def test_nobody_may_nothing() -> None:
    with refused("unknown"):
        people().check("xy", "read")


def test_four_eyes_are_of_two_people_that_may_post() -> None:
    people().four_eyes("cl", "ac")
    with refused("forbidden"):
        people().four_eyes("ac", "ac")
    for pair in (("ac", "vi"), ("au", "ac")):
        with refused("forbidden"):
            people().four_eyes(*pair)


def test_names_and_roles_are_checked() -> None:
    found = people()
    for name, role, code in (("x", "boss", "bad-input"), ("", "clerk", "bad-input"), ("vi", "clerk", "duplicate")):
        with refused(code):
            found.add(name, role)
    with refused("forbidden"):
        found.check("vi", "post")
