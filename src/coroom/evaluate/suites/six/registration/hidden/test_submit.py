from datetime import date

from registration.form import FIELDS, Form
from registration.submit import Accounts, submit, verify


def form_of(name: str = "Ann", email: str = "ann@example.org", password: str = "correct horse") -> Form:
    form = Form(date(2026, 5, 20))
    for field, text in zip(FIELDS, (name, email, password, password, "2000-01-31"), strict=True):
        form.set(field, text)
    return form


def test_a_good_form_is_accepted_with_the_name_as_typed() -> None:
    accounts = Accounts()
    assert submit(form_of(" Ann "), accounts) == ("accepted", "Ann")
    assert accounts.count == 1
    assert accounts.has("ANN")
    assert verify(accounts, "ann", "correct horse")
    assert not verify(accounts, "ann", "Correct horse")
    assert not verify(accounts, "bob", "correct horse")


def test_an_invalid_form_is_rejected_and_shows_everything() -> None:
    accounts, form = Accounts(), Form(date(2026, 5, 20))
    kind, errors = submit(form, accounts)
    assert kind == "rejected"
    assert isinstance(errors, dict)
    assert errors == form.errors()
    assert form.shown("name") == form.error("name") is not None
    assert accounts.count == 0


def test_a_taken_name_and_address_are_rejected_each_at_its_field() -> None:
    accounts = Accounts()
    submit(form_of(), accounts)
    kind, errors = submit(form_of(name="aNN", email="other@example.org"), accounts)
    assert (kind, set(errors)) == ("rejected", {"name"})
    kind, errors = submit(form_of(name="bob", email="ann@EXAMPLE.org"), accounts)
    assert (kind, set(errors)) == ("rejected", {"email"})
    kind, errors = submit(form_of(), accounts)
    assert (kind, set(errors)) == ("rejected", {"name", "email"})
    assert accounts.count == 1


def test_the_same_password_is_never_stored_the_same() -> None:
    accounts = Accounts()
    submit(form_of(), accounts)
    submit(form_of(name="bob", email="bob@example.org"), accounts)
    ann, bob = accounts.stored("ann"), accounts.stored("bob")
    assert set(ann) == {"name", "email", "salt", "hash"}
    assert ann["hash"] != bob["hash"]
    assert all("correct horse" not in str(value) for value in ann.values())
