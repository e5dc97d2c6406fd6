from datetime import date

import pytest
from registration.form import FIELDS, Form

GOOD = {
    "name": "Ann_1", "email": "ann@example.org", "password": "correct horse", "repeat": "correct horse", "born": "2000-01-31",
}  # fmt: skip
BAD = {"name": "1", "email": "nowhere", "password": "short", "repeat": "else", "born": "1.1.2000"}


def filled(**other: str) -> Form:
    form = Form(date(2026, 5, 20))
    for field, text in (GOOD | other).items():
        form.set(field, text)
    return form


def test_a_new_form_is_empty_invalid_and_shows_nothing() -> None:
    form = Form(date(2026, 5, 20))
    assert form.values == dict.fromkeys(FIELDS, "")
    assert not form.is_valid
    assert all(form.shown(field) is None for field in FIELDS)
    assert form.error("name") is not None


def test_a_good_form_is_valid() -> None:
    form = filled()
    assert form.errors() == {}
    assert form.is_valid


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_is_checked_for_itself(field: str) -> None:
    form = filled(**{field: BAD[field]})
    assert field in form.errors()
    assert form.shown(field) == form.error(field)
    assert set(form.errors()) <= {field, "repeat"}


def test_an_error_is_shown_once_its_field_was_touched() -> None:
    form = Form(date(2026, 5, 20))
    form.set("email", "x")
    assert form.shown("email")
    assert form.shown("name") is None
    form.touch_all()
    assert form.shown("name")


def test_password_and_repeat_follow_what_changes_elsewhere() -> None:
    form = filled(name="horse")
    assert "password" in form.errors()
    form.set("name", "Ann")
    assert form.is_valid
    form.set("password", "battery staple")
    assert set(form.errors()) == {"repeat"}
    form.set("repeat", "battery staple")
    assert form.is_valid


def test_what_is_no_field_is_refused() -> None:
    with pytest.raises(KeyError):
        filled().set("colour", "red")
