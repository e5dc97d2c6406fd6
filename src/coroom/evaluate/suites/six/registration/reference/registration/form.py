"""The state of the form."""

from datetime import date

from registration.age import check_born
from registration.email import check_email
from registration.name import check_name, normal
from registration.password import check_password, check_repeat

FIELDS = ("name", "email", "password", "repeat", "born")


class Form:
    """What was typed, and what is wrong with it."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.values = dict.fromkeys(FIELDS, "")
        self._touched: set[str] = set()

    def set(self, field: str, text: str) -> None:
        """Type into a field."""
        if field not in self.values:
            raise KeyError(field)
        self.values[field] = text
        self._touched.add(field)

    def error(self, field: str) -> str | None:
        """What is wrong with a field now."""
        v = self.values
        match field:
            case "name":
                return check_name(v["name"])
            case "email":
                return check_email(v["email"])
            case "password":
                return check_password(v["password"], normal(v["name"]))
            case "repeat":
                return check_repeat(v["password"], v["repeat"])
            case "born":
                return check_born(v["born"], self.today)
        raise KeyError(field)

    def shown(self, field: str) -> str | None:
        """What a person is shown of it."""
        return self.error(field) if field in self._touched else None

    def errors(self) -> dict[str, str]:
        """Every field that is wrong."""
        return {field: error for field in FIELDS if (error := self.error(field)) is not None}

    @property
    def is_valid(self) -> bool:
        """Nothing is wrong."""
        return not self.errors()

    def touch_all(self) -> None:
        """Show every error from now on."""
        self._touched.update(FIELDS)
