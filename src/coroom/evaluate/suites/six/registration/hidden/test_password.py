import pytest
from registration.password import check_password, check_repeat, strength


@pytest.mark.parametrize("text", ["a" * 9 + "b", "correct horse", "x" * 127 + "y"])
def test_good_passwords_pass(text: str) -> None:
    assert check_password(text, "ann") is None


@pytest.mark.parametrize("text", ["", "short", "a" * 10, "y" + "x" * 128])
def test_bad_passwords_get_a_sentence(text: str) -> None:
    assert isinstance(check_password(text), str)


@pytest.mark.parametrize("text", ["hello-ann-hello", "hello-ANN-hello", "AnnAnnAnnAnn"])
def test_the_name_is_not_in_the_password_whatever_the_case(text: str) -> None:
    assert check_password(text) is None
    assert isinstance(check_password(text, "Ann"), str)


def test_a_very_short_name_does_not_count() -> None:
    assert check_password("an apple a day", "an") is None


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("", 0), ("aB1!", 0), ("aaaaaaaaab", 1), ("a" * 16, 2), ("aaaaaaaaaB", 2), ("aaaaaaaa1!", 2), ("aaaaaaaaa1", 1),
        ("aaaaaaaaa!", 1), ("aaaaaaaB1!", 3), ("aaaaaaaaaaaaaB1!", 4), ("AAAAAAAAAAAAAAA!", 2),
    ],
)  # fmt: skip
def test_strength_has_one_point_for_each_virtue(text: str, points: int) -> None:
    assert strength(text) == points


def test_the_repeat_has_to_be_the_same() -> None:
    assert check_repeat("one two three", "one two three") is None
    assert isinstance(check_repeat("one two three", "one two Three"), str)
