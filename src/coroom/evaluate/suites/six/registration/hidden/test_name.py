import random
import string

import pytest
from registration.name import check_name, normal


@pytest.mark.parametrize("name", ["ann", "a-b", "Z_9", "a" * 20, "  ann  "])
def test_good_names_pass(name: str) -> None:
    assert check_name(name) is None


@pytest.mark.parametrize("name", ["", "an", "a" * 21, "9ann", "_ann", "-ann", "a nn", "änn", "ann!", "ann\n\nb", "   "])
def test_bad_names_get_a_sentence(name: str) -> None:
    found = check_name(name)
    assert isinstance(found, str)
    assert found


def test_any_text_of_good_characters_passes_by_its_length_alone() -> None:
    chance = random.Random(1)
    for _ in range(300):
        length = chance.randrange(1, 25)
        name = chance.choice(string.ascii_letters)
        name += "".join(chance.choice(string.ascii_letters + string.digits + "_-") for _ in range(length - 1))
        assert (check_name(name) is None) == (3 <= length <= 20)


def test_names_are_compared_without_blanks_and_case() -> None:
    assert normal("  AnN ") == "ann"
