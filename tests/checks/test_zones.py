"""One name for a zone, however it is spelt."""

import pytest

from coroom.checks.inference.zones import NO_ZONE, SOME_ZONE, zone_named
from coroom.checks.program import Program

_TAKEN = """\
import datetime as dt
import zoneinfo
from datetime import UTC, timedelta, timezone
import pytz
import settings
from settings import WORLD as EVERYWHERE

OWN = UTC
AGAIN = AGAIN
"""
_SETTINGS = b"from datetime import timezone\n\nWORLD = timezone.utc\n"


@pytest.mark.parametrize(
    ("spelt", "name"),
    [
        *((each, "UTC") for each in (
            "UTC", "OWN", "timezone.utc", "dt.timezone.utc", "dt.UTC", "pytz.utc", 'zoneinfo.ZoneInfo("Etc/UTC")',
            "timezone(timedelta(0))", "EVERYWHERE", "settings.WORLD",
        )),
        *((each, "Europe/Berlin") for each in (
            'zoneinfo.ZoneInfo("Europe/Berlin")', 'zoneinfo.ZoneInfo(key="Europe/Berlin")',
            'pytz.timezone("Europe/Berlin")',
        )),
        *((each, "UTC-5400s") for each in (
            "timezone(timedelta(hours=-1.5))", "timezone(timedelta(minutes=-90))", "timezone(timedelta(0, -5400))",
            'timezone(offset=dt.timedelta(hours=-2, minutes=30), name="x")',
        )),
        *((each, SOME_ZONE) for each in (
            "timezone(span)", "zoneinfo.ZoneInfo(name)", "timezone(*given)", "timezone(timedelta(days=9999999999999))",
        )),
        ("None", NO_ZONE),
        *((each, "") for each in ("zone", "self.ZONE", "AGAIN", "zone_of(place)", "settings.NOWHERE")),
    ],
)  # fmt: skip
def test_a_zone_has_one_name_however_it_is_spelt(spelt: str, name: str) -> None:
    program = Program({"clock.py": f"{_TAKEN}SOUGHT = {spelt}\n".encode(), "settings.py": _SETTINGS})
    module = program.module("clock.py")
    assert module is not None
    assert zone_named(module.values["SOUGHT"].parts[1], module, program) == name
