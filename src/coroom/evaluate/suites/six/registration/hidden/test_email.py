import pytest
from registration.email import check_email, normal

GOOD = ["a@b.co", "first.last@example.org", "x+y%z_1-2@a-b.c-d.travel", " a@b.co ", f"{'a' * 64}@b.co", f"a@{'b' * 63}.co"]
BAD = [
    "", "a", "@b.co", "a@", "a@b", "a@@b.co", "a@b@c.co", ".a@b.co", "a.@b.co", "a..b@b.co", "a b@b.co", "a@b..co",
    "a@-b.co", "a@b-.co", "a@b.c", "a@b.c1", "a@b_c.co", "ä@b.co", f"{'a' * 65}@b.co", f"a@{'b' * 64}.co",
    "a@" + ".".join(["b" * 60] * 5) + ".co",
]  # fmt: skip


@pytest.mark.parametrize("address", GOOD)
def test_good_addresses_pass(address: str) -> None:
    assert check_email(address) is None


@pytest.mark.parametrize("address", BAD)
def test_bad_addresses_get_a_sentence(address: str) -> None:
    assert isinstance(check_email(address), str)


def test_only_the_host_is_compared_without_case() -> None:
    assert normal(" First.Last@EXAMPLE.Org ") == "First.Last@example.org"
    assert normal("first.last@example.org") != normal("First.Last@example.org")
