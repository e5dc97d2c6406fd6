"""Every route of the site."""

from pages import r1
from pages import r2
from pages import r3
from pages import r4
from pages import r5
from pages import r6
from pages import r7
from pages import r8

ROUTES = [
    r1,
    r2,
    r3,
    r4,
    r5,
    r6,
    r7,
    r8,
]
